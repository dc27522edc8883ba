import type { Case, CaseContext, Cell, Table, Target } from "../case.ts";
import { normals, syntheticLayer } from "../data.ts";
import { gemmContender } from "../kernels.ts";
import { quantizeLayer } from "../../mod.ts";
import { capabilities, openWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { type Contender, race } from "../runner.ts";

/** What one measurement adds to the report. */
interface Part {
  readonly table: Table;
  readonly targets: readonly Target[];
}

/** What more threads bring. */
export const threads: Case = {
  question: "How do a matrix product and a whole layer speed up with threads, and is the answer the same?",
  async run(context) {
    const { threads: most, threadsReason } = await capabilities();
    const counts = [1, 2, 4, 8, 16].filter((count) => count <= most);
    const parts = [
      await product(counts, context),
      await wholeLayer("quantease", counts, context),
      await wholeLayer("auto", counts, context),
    ];
    return {
      tables: parts.map(({ table }) => table),
      targets: parts.flatMap(({ targets }) => targets),
      notes: [
        "On a machine that others use too, the ratio of wall-clock times comes out low; the CPU time of all threads " +
        "together, which should stay that of one, does not.",
        "Best stages: a layer is timed from each checkpoint of the solver to the next, some 40 ms, and the least times " +
        "of all rounds are added. A second in which another guest has one of the cores spoils a whole run of ten " +
        "seconds, but not its other stages; the targets of whole layers are about this time.",
        "Every product and every code is the same to the last bit; the case fails where one is not.",
        "A whole layer includes what stays on one thread: checks, copies, the grid, objectives and codes in JavaScript.",
        ...(threadsReason ? [`No more threads here: ${threadsReason}.`] : []),
      ],
    };
  },
};

async function product(counts: readonly number[], { quick, seed, progress }: CaseContext): Promise<Part> {
  const size = quick ? 256 : 512;
  const a = normals(new Float32Array(size * size), seed);
  const b = normals(new Float32Array(size * size), seed + 1);
  const contenders = await Promise.all(counts.map(async (count) => {
    const request = { families: [denseFamily], threads: count, dtype: "f32", flops: 2 * size ** 3 } as const;
    const workspace = await openWorkspace({ ...request, backend: count === 1 ? "wasm" : "threads" });
    checkThreads(workspace.plan.threads, count);
    return gemmContender(`${count}`, workspace, a, b, size);
  }));
  const part = await compare(
    `f32 product, ${size} x ${size}`,
    contenders,
    0.8,
    {
      rounds: quick ? 3 : 200,
      onRound: (round, rounds) => progress(`product, round ${round} of ${rounds}`),
    },
  );
  const products = await Promise.all(contenders.map(({ product }) => product()));
  for (const product of products) {
    if (!product.every((value, index) => Object.is(value, products[0][index]))) {
      throw new Error("The product depends on the number of threads.");
    }
  }
  return part;
}

async function wholeLayer(
  method: "quantease" | "auto",
  counts: readonly number[],
  { quick, seed, progress }: CaseContext,
): Promise<Part> {
  const size = quick ? 512 : 2048, iterations = quick ? 5 : 25;
  const layer = syntheticLayer(size, size, seed);
  const weights = { data: layer.weights, shape: [size, size] as const };
  const gram = { data: layer.gram, shape: [size, size] as const };
  let expected: Uint8Array | undefined;
  const stages = counts.map(() => new BestStages());
  const contenders = counts.map((count, at): Contender => ({
    name: `${count}`,
    async run() {
      const backend = count === 1 ? "wasm" : "threads";
      const clock = stages[at].start();
      const { codes, plan } = await quantizeLayer(weights, gram, {
        bits: 3,
        method,
        iterations,
        backend,
        threads: count,
        onProgress: clock.lap,
      });
      clock.finish();
      checkThreads(plan.threads, count);
      expected ??= codes;
      if (!codes.every((code, at) => code === expected![at])) {
        throw new Error("The codes depend on the number of threads.");
      }
    },
  }));
  return await compare(
    `quantizeLayer, "${method}", ${size} x ${size}, ${iterations} iterations`,
    contenders,
    0.925,
    {
      rounds: quick ? 3 : 5,
      onRound: (round, rounds) => progress(`${method}, round ${round} of ${rounds}`),
      best: () => stages.map((stage) => stage.seconds()),
    },
  );
}

/** Least times of the stages of a run that takes the same stages each time. */
class BestStages {
  #least: number[] = [];

  /** Begins a run: `lap` ends a stage, `finish` the last one. */
  start(): { lap(): void; finish(): void } {
    const times: number[] = [];
    let last = performance.now();
    const lap = () => {
      const now = performance.now();
      times.push((now - last) / 1e3);
      last = now;
    };
    const finish = () => {
      lap();
      if (this.#least.length > 0 && this.#least.length !== times.length) {
        throw new Error(`A run took ${times.length} stages, and one before it ${this.#least.length}.`);
      }
      this.#least = times.map((time, at) => Math.min(time, this.#least[at] ?? Infinity));
    };
    return { lap, finish };
  }

  /** The least times of all stages, added. */
  seconds(): number {
    return this.#least.reduce((sum, time) => sum + time, 0);
  }
}

/**
 * Races on the wall clock, then on CPU time; `efficiency` is the least speed-up for each thread, by the `best` seconds
 * of each contender where the case knows better than the least of whole runs.
 */
async function compare(
  title: string,
  contenders: readonly Contender[],
  efficiency: number,
  { rounds, onRound, best }: {
    rounds: number;
    onRound: (round: number, rounds: number) => void;
    best?: () => number[];
  },
): Promise<Part> {
  const budgetSeconds = 90, slowSeconds = 60;
  const measured = await race(contenders, {
    rounds,
    sampleSeconds: 0.002,
    clock: "wall",
    budgetSeconds,
    slowSeconds,
    onRound,
  });
  const processor = await race(contenders, { rounds: 3, clock: "cpu", budgetSeconds: 0, onRound });
  const [one] = measured;
  const least = best?.() ?? measured.map(({ minimum }) => minimum);
  return {
    table: {
      title: `${title}, wall-clock time`,
      columns: [
        "threads",
        "GFLOP/s",
        "to one thread",
        "CPU time to one thread",
        "minimum ms",
        "median ms",
        ...best ? ["best stages ms", "to one thread"] : [],
      ],
      rows: measured.map((m, index): Cell[] => [
        m.name,
        m.rate ?? null,
        one.minimum / m.minimum,
        processor[index].minimum / processor[0].minimum,
        m.minimum * 1e3,
        m.median * 1e3,
        ...best ? [least[index] * 1e3, least[0] / least[index]] : [],
      ]),
    },
    targets: measured.slice(1).map((m, index): Target => ({
      name: `${title}: ${m.name} threads to one`,
      value: least[0] / least[index + 1],
      limit: efficiency * Number(m.name),
      sense: "at least",
    })),
  };
}

function checkThreads(came: number, asked: number): void {
  if (came !== asked) throw new Error(`${asked} threads were asked for, and ${came} came.`);
}
