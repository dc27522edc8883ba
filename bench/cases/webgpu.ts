import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { dispose, init } from "../../solvers/core/mod.ts";
import type { WebgpuWorkspace } from "../../kernels/engine/webgpu/workspace.ts";
import { families } from "../../kernels/families/mod.ts";
import { quantizationSweepFlops } from "../../kernels/contract/quantization/sweep.ts";
import { capabilities, quantizeLayer } from "../../mod.ts";
import { type Case, type Cell, leftOut } from "../case.ts";
import { seconds } from "../clock.ts";
import { normals, type SyntheticLayer, syntheticLayer } from "../data.ts";
import { gemmContender } from "../kernels.ts";
import { openTorchQuantEase } from "../peers/torch.ts";

const bits = 3, passes = 25;

/** Kernels and whole layers on the WebGPU device that is there, beside one thread and beside PyTorch on CUDA. */
export const webgpu: Case = {
  question:
    "How fast are products and quantisation on this WebGPU device, to one thread and to PyTorch on the same GPU?",
  async run({ quick, seed, progress }) {
    const adapter = (await capabilities()).webgpu;
    if (adapter === false) return leftOut(`no WebGPU: ${(await capabilities()).webgpuReason}.`);
    const rounds = quick ? 3 : 10, size = quick ? 128 : 4096;
    const layers = quick ? [[64, 128], [96, 64]] as const : [[4096, 4096], [11008, 4096]] as const;
    const kernelRows: Cell[][] = [], layerRows: Cell[][] = [];
    const missing: string[] = [];
    const notes = [
      `adapter: ${adapter}`,
      "Kernels on the device by timestamp queries, on the processor by CPU time; whole layers by wall-clock time. Least of the runs.",
    ];

    const a = normals(new Float32Array(size * size), seed), b = normals(new Float32Array(size * size), seed + 1);
    kernelRows.push(
      await measureKernel(`gemm ${size}`, rounds, (workspace) => {
        const { run, work, product } = gemmContender("gemm", workspace, a, b, size);
        return { run: async () => await run(), work: work!, result: product };
      }),
    );
    for (const [rows, columns] of layers) {
      const what = `${rows} x ${columns}`, layer = syntheticLayer(rows, columns, seed);
      progress(`${what}: a pass`);
      kernelRows.push(await measureKernel(`sweep ${what}`, rounds, (workspace) => sweepOver(workspace, layer)));
      progress(`${what}: the whole layer`);
      const ours = await wholeLayer(layer);
      const answer = await torchLayer(layer), torch = typeof answer === "string" ? undefined : answer;
      if (typeof answer === "string" && !missing.includes(answer)) missing.push(answer);
      if (torch && !(Math.abs(ours.relativeError / torch.relativeError - 1) <= 0.02)) {
        throw new Error(
          `The errors of ${what} differ: ours is ${ours.relativeError}, PyTorch's ${torch.relativeError}.`,
        );
      }
      layerRows.push([
        what,
        ours.seconds,
        2 * passes * rows * columns ** 2 / ours.seconds / 1e9,
        ours.relativeError,
        torch ? torch.seconds / ours.seconds : null,
        torch ? torch.name : null,
      ]);
    }
    await dispose();
    return {
      tables: [{
        title: `f32 kernels on ${adapter}`,
        columns: ["kernel", "GFLOP/s", "one thread, GFLOP/s", "times one thread", "clock"],
        rows: kernelRows,
      }, {
        title: `quantizeLayer, method quantease, ${bits} bits, ${passes} passes, on ${adapter}`,
        columns: ["layer", "seconds", "GFLOP/s", "relative error", "times PyTorch", "PyTorch on"],
        rows: layerRows,
      }],
      targets: [],
      notes,
      missing,
    };
  },
};

/** A kernel over its operands; `result` is compared between the backends. */
interface Prepared {
  readonly work: number;
  run(): Promise<unknown>;
  result(): Promise<ArrayLike<number>>;
}

async function measureKernel(
  name: string,
  rounds: number,
  prepare: (workspace: Workspace) => Prepared,
): Promise<Cell[]> {
  await init();
  const needs = ["gemm", "quantizationSweep"] as const;
  const device = await openWorkspace({ families, backend: "webgpu", dtype: "f32", flops: 0, needs }) as WebgpuWorkspace;
  const host = await openWorkspace({ families, backend: "wasm", dtype: "f32", flops: 0 });
  try {
    const onDevice = prepare(device), onHost = prepare(host);
    let told: number | undefined;
    const deviceSeconds = await least(rounds, async () => {
      const begin = performance.now();
      told = await device.timed(async () => {
        await onDevice.run();
      });
      if (told !== undefined) return told;
      await onDevice.result();
      return (performance.now() - begin) / 1e3;
    });
    const hostSeconds = await least(Math.min(rounds, 3), async () => {
      const begin = seconds("cpu");
      await onHost.run();
      return seconds("cpu") - begin;
    });
    checkAlike(name, await onDevice.result(), await onHost.result());
    const rate = onDevice.work / deviceSeconds;
    return [
      name,
      rate,
      onHost.work / hostSeconds,
      hostSeconds / deviceSeconds,
      told === undefined ? "wall" : "timestamps",
    ];
  } finally {
    device.release();
    host.release();
  }
}

/** The least of `rounds` times, after one run that does not count. */
async function least(rounds: number, run: () => Promise<number>): Promise<number> {
  await run();
  let minimum = Infinity;
  for (let round = 0; round < rounds; round++) minimum = Math.min(minimum, await run());
  return minimum;
}

/** A quantising pass over a layer. */
function sweepOver(workspace: Workspace, { rows, columns, weights, gram }: SyntheticLayer): Prepared {
  const matrix = (label: string, values: Float32Array, width: number) => {
    const array = workspace.allocate("f32", values.length, label);
    workspace.write(array, values);
    return { array, rows: values.length / width, columns: width };
  };
  const coupling = gram.map((value, k) => value / gram[(k % columns) * (columns + 1)]);
  const state = {
    levels: matrix("levels", weights, columns),
    residual: matrix("residual", new Float32Array(rows * columns), columns),
    coupling: matrix("coupling", coupling, columns),
    scales: matrix("scales", new Float32Array(rows).fill(0.5), 1),
    zeros: matrix("zeros", new Float32Array(rows).fill(3), 1),
    maximumCode: 7,
  };
  return {
    work: quantizationSweepFlops(state) / 1e9,
    // From the start each time: a pass over converged levels has less to do.
    run: () => {
      workspace.write(state.levels.array, weights);
      workspace.write(state.residual.array, new Float32Array(rows * columns));
      return Promise.resolve(workspace.kernels.quantizationSweep(state));
    },
    result: () => workspace.read(state.levels.array),
  };
}

/** A fast wrong answer is no result: rounding may separate a few levels, or the last places of a product. */
function checkAlike(name: string, left: ArrayLike<number>, right: ArrayLike<number>): void {
  let squares = 0, difference = 0;
  for (let i = 0; i < left.length; i++) {
    squares += right[i] ** 2;
    difference += (left[i] - right[i]) ** 2;
  }
  if (!(difference <= 1e-2 * squares)) {
    throw new Error(
      `${name}: the device and the processor disagree by ${Math.sqrt(difference / squares)} of the norm.`,
    );
  }
}

async function wholeLayer({ rows, columns, weights, gram }: SyntheticLayer) {
  const solve = () =>
    quantizeLayer(
      { data: weights, shape: [rows, columns] },
      { data: gram, shape: [columns, columns] },
      { bits, method: "quantease", iterations: passes, backend: "webgpu" },
    );
  let relativeError = NaN;
  const time = await least(1, async () => {
    const begin = performance.now();
    ({ relativeError } = await solve());
    return (performance.now() - begin) / 1e3;
  });
  return { seconds: time, relativeError };
}

async function torchLayer(layer: SyntheticLayer) {
  const torch = await openTorchQuantEase(layer, "cuda");
  if (typeof torch === "string") return torch;
  try {
    await torch.run(bits, 1);
    return { ...await torch.run(bits, passes), name: `${torch.name}, ${torch.setting}` };
  } finally {
    torch.close();
  }
}
