/** Steps of sharpness-aware minimisation of a perceptron by other libraries: NumPy, and TensorFlow.js on WASM. */

import { openPeer } from "./peer.ts";
import { startPython, withArrayFiles } from "./python.ts";
import { tfjsOnWasm } from "./tfjs.ts";

/** A training that every contender takes the same steps of, the batches in turn. */
export interface SamProblem {
  /** Features, hidden units (tanh) and classes. */
  readonly shape: readonly [number, number, number];
  /** [samples, features], a multiple of the batch. */
  readonly inputs: Float32Array;
  readonly labels: Uint32Array;
  /** Weights [inputs, outputs] and biases of each layer in turn. */
  readonly start: Float32Array;
  readonly batch: number;
  readonly rho: number;
  readonly rate: number;
  readonly momentum: number;
  readonly decay: number;
}

/** A training under way. */
export interface SamTraining {
  /** Takes steps; where they run in another process, answers with the CPU seconds of each. */
  steps(count: number): Promise<number | void>;
  parameters(): Promise<ArrayLike<number>>;
  free(): void;
}

/** Another library that takes such steps. */
export interface SamPeer {
  readonly name: string;
  /** It runs in another process, and `steps` answers with the CPU seconds of one. */
  readonly selfTimed: boolean;
  prepare(problem: SamProblem): Promise<SamTraining>;
  close(): void;
}

/** NumPy on one thread, in place. */
export function openSamNumpy(): Promise<SamPeer | string> {
  return openPeer("NumPy", async () => {
    const python = startPython("sam_numpy.py");
    const prepare = async ({ inputs, labels, start, ...rest }: SamProblem) =>
      await withArrayFiles(
        { inputs, labels: Float64Array.from(labels), start },
        (paths) => python.ask<{ index: number; version: string }>({ do: "prepare", ...paths, ...rest }),
      );
    const empty = { inputs: new Float32Array(1), labels: new Uint32Array(1), start: new Float32Array(4) };
    const settings = { batch: 1, rho: 0, rate: 0, momentum: 0, decay: 0 };
    const { version } = await prepare({ ...empty, ...settings, shape: [1, 1, 1] });
    return {
      name: `numpy ${version}`,
      selfTimed: true,
      async prepare(problem) {
        const { index } = await prepare(problem);
        return {
          steps: async (count) =>
            (await python.ask<{ seconds: number }>({ do: "steps", index, count })).seconds / count,
          parameters: async () => (await python.ask<{ values: number[] }>({ do: "parameters", index })).values,
          free() {},
        };
      },
      close: () => python.close(),
    };
  });
}

interface Tensor {
  data(): Promise<Float32Array>;
  dispose(): void;
}

interface Core {
  setBackend(name: string): Promise<boolean>;
  tensor1d(values: Float32Array): Tensor;
  tensor2d(values: Float32Array, shape: [number, number]): Tensor;
  scalar(value: number): Tensor;
  tidy<T>(work: () => T): T;
  matMul(a: Tensor, b: Tensor): Tensor;
  transpose(a: Tensor): Tensor;
  add(a: Tensor, b: Tensor): Tensor;
  sub(a: Tensor, b: Tensor): Tensor;
  mul(a: Tensor, b: Tensor): Tensor;
  div(a: Tensor, b: Tensor): Tensor;
  sqrt(a: Tensor): Tensor;
  square(a: Tensor): Tensor;
  tanh(a: Tensor): Tensor;
  softmax(a: Tensor): Tensor;
  sum(a: Tensor, axis?: number): Tensor;
}

/**
 * TensorFlow.js on its WASM backend, one thread: gradients written out in its operations, which are fewer than those of
 * its own differentiation; batches are tensors beforehand, and the loss is not computed.
 */
export function openSamTfjs(): Promise<SamPeer | string> {
  return openPeer("TensorFlow.js", async () => {
    const { core, name } = await tfjsOnWasm<Core>();
    return {
      name,
      selfTimed: false,
      prepare: (problem) => Promise.resolve(trainingInTfjs(core, problem)),
      close() {},
    };
  });
}

function trainingInTfjs(core: Core, problem: SamProblem): SamTraining {
  const { shape: [features, hidden, outputs], inputs, labels, start, batch } = problem;
  const bounds = [0, features * hidden, hidden, hidden * outputs, outputs].map((_, i, sizes) =>
    sizes.slice(0, i + 1).reduce((a, b) => a + b, 0)
  );
  const shapes = [[features, hidden], undefined, [hidden, outputs], undefined] as const;
  const tensorsOf = (values: Float32Array) =>
    shapes.map((shape, i) => {
      const own = values.slice(bounds[i], bounds[i + 1]);
      return shape ? core.tensor2d(own, [...shape]) : core.tensor1d(own);
    });
  const batches = Array.from({ length: labels.length / batch }, (_, b) => {
    const own = labels.subarray(b * batch, (b + 1) * batch), hot = new Float32Array(batch * outputs);
    own.forEach((label, i) => hot[i * outputs + label] = 1);
    const x = inputs.slice(b * batch * features, (b + 1) * batch * features);
    const rows = core.tensor2d(x, [batch, features]);
    return { x: rows, columns: core.transpose(rows), hot: core.tensor2d(hot, [batch, outputs]) };
  });
  const [one, count] = [1, batch].map((value) => core.scalar(value)), least = core.scalar(1e-12);
  const [rho, rate, momentum, decay] = [problem.rho, problem.rate, problem.momentum, problem.decay].map((value) =>
    core.scalar(value)
  );
  let w = tensorsOf(start), velocity = tensorsOf(new Float32Array(start.length)), taken = 0;

  // Transposed beforehand: the backend leaves products that transpose to its slowest loops.
  function gradient([first, bias, second, last]: Tensor[], { x, columns, hot }: typeof batches[number]): Tensor[] {
    const a = core.tanh(core.add(core.matMul(x, first), bias));
    const scores = core.add(core.matMul(a, second), last);
    const d = core.div(core.sub(core.softmax(scores), hot), count);
    const back = core.mul(core.matMul(d, core.transpose(second)), core.sub(one, core.square(a)));
    return [core.matMul(columns, back), core.sum(back, 0), core.matMul(core.transpose(a), d), core.sum(d, 0)];
  }

  function step(): void {
    const own = batches[taken++ % batches.length];
    const [points, velocities] = core.tidy(() => {
      const ascent = gradient(w, own);
      const squares = ascent.map((g) => core.sum(core.square(g))).reduce((a, b) => core.add(a, b));
      const factor = core.div(rho, core.add(core.sqrt(squares), least));
      const slope = gradient(w.map((value, i) => core.add(value, core.mul(ascent[i], factor))), own);
      const speeds = velocity.map((speed, i) =>
        core.add(core.mul(speed, momentum), core.add(slope[i], core.mul(w[i], decay)))
      );
      return [w.map((value, i) => core.sub(value, core.mul(speeds[i], rate))), speeds];
    });
    [...w, ...velocity].forEach((tensor) => tensor.dispose());
    w = points;
    velocity = velocities;
  }

  return {
    steps(count) {
      for (let i = 0; i < count; i++) step();
      return Promise.resolve();
    },
    async parameters() {
      return (await Promise.all(w.map((tensor) => tensor.data()))).flatMap((values) => [...values]);
    },
    free() {
      [...w, ...velocity, ...batches.flatMap((own) => Object.values(own))].forEach((tensor) => tensor.dispose());
    },
  };
}
