/** What is claimed of micro-batches on networks: images, text, the number of parts, and what a step costs. */

import { createRandom, matrix, sharpness, trainClassifier, type TrainClassifierOptions } from "../../mod.ts";
import type { CaseContext, Cell, Target } from "../case.ts";
import { characters, gratings, type Split } from "./data.ts";
import { type Claims, spread } from "./paths.ts";

/** Optimisers that are compared. */
const optimizers = [
  { name: "SGD", rho: 0, microBatches: 1 },
  { name: "SAM", rho: 0.1, microBatches: 1 },
  { name: "mSAM 4", rho: 0.1, microBatches: 4 },
  { name: "mSAM 16", rho: 0.1, microBatches: 16 },
] as const;

const shown = (values: readonly number[], digits: number) => {
  const { mean, error } = spread(values);
  return `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;
};

/** A task, and the network that it is given to. */
interface Task {
  readonly name: string;
  readonly options: TrainClassifierOptions;
  split(seed: number): Split;
}

function tasks(quick: boolean, documents: string): readonly Task[] {
  const share = quick ? 0.3 : 1, some = (count: number) => Math.round(share * count);
  return [{
    name: "gratings of 32 x 32, 20 % wrong labels",
    split: (seed) => gratings([some(800), some(600)], 0.2, seed),
    options: {
      convolution: { shape: [32, 32, 1], channels: [8, 8] },
      activation: "relu",
      hidden: [32],
      epochs: quick ? 4 : 12,
      batchSize: 64,
    },
  }, {
    name: "the next character of these documents",
    split: (seed) => characters(documents, [some(3000), some(2000)], 6, seed),
    options: { hidden: [64], epochs: quick ? 6 : 25, batchSize: 64 },
  }];
}

/** Accuracy and flatness on images and on text. */
export async function onTasks({ quick, seed, progress }: CaseContext): Promise<Claims> {
  const documents = (await Promise.all(
    ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "bench/README.md"].map((path) =>
      Deno.readTextFile(new URL(`../../${path}`, import.meta.url))
    ),
  )).join("\n");
  const seeds = quick ? 1 : 3, rows: Cell[][] = [], targets: Target[] = [];
  for (const { name: task, split, options } of tasks(quick, documents)) {
    const means: Record<string, { accuracy: number; trace: number; largest: number }> = {};
    for (const { name, ...optimizer } of optimizers) {
      const accuracy: number[] = [], largest: number[] = [], trace: number[] = [];
      for (let turn = 0; turn < seeds; turn++) {
        progress(`${task}, ${name}, seed ${turn + 1} of ${seeds}`);
        const { training, test } = split(seed + turn);
        const trained = await trainClassifier(training.X, training.labels, {
          ...options,
          classes: options.convolution ? 10 : 33,
          standardize: false,
          seed: seed + turn,
          optimizer: {
            ...optimizer,
            base: { learningRate: 0.1, weightDecay: 5e-4 },
            schedule: { kind: "cosine" },
          },
        });
        const flat = await sharpness(trained, { lanczosSteps: 15, probes: 10, ascentSteps: 0 });
        accuracy.push(100 * await trained.accuracy(test.X, test.labels));
        largest.push(flat.largestEigenvalue);
        trace.push(flat.trace);
      }
      means[name] = { accuracy: spread(accuracy).mean, largest: spread(largest).mean, trace: spread(trace).mean };
      rows.push([task, name, shown(accuracy, 2), shown(largest, 3), shown(trace, 2)]);
    }
    targets.push(
      {
        name: `${task}: trace of mSAM 16 as a share of SGD's`,
        value: means["mSAM 16"].trace / means.SGD.trace,
        limit: 1,
        sense: "at most",
      },
      {
        name: `${task}: trace of mSAM 16 as a share of SAM's`,
        value: means["mSAM 16"].trace / means.SAM.trace,
        limit: 1,
        sense: "at most",
      },
      {
        name: `${task}: points of accuracy of mSAM 16 over SGD`,
        value: means["mSAM 16"].accuracy - means.SGD.accuracy,
        limit: 0,
        sense: "at least",
      },
    );
  }
  return {
    tables: [{
      title: `Images and text, ${seeds} seeds, mean ± standard error; rho .1`,
      columns: ["task", "optimiser", "test accuracy, %", "largest eigenvalue", "trace"],
      rows,
    }],
    targets,
  };
}

/** Accuracy on text by rho and the number of parts. */
export async function sensitivity({ quick, seed, progress }: CaseContext): Promise<Claims> {
  const { training, test } = gratings(quick ? [200, 200] : [800, 600], 0.3, seed + 50), rows: Cell[][] = [];
  const pooled = (X: typeof training.X) => {
    // Means of 4 x 4 pixels: a perceptron is quick enough for a grid.
    const [count] = X.shape, small = matrix(count, 64, new Float32Array(count * 64));
    for (let at = 0; at < X.data.length; at++) {
      const i = Math.floor(at / 1024), v = Math.floor(at % 1024 / 32), u = at % 32;
      small.data[i * 64 + (v >> 2) * 8 + (u >> 2)] += X.data[at] / 4;
    }
    return small;
  };
  const X = pooled(training.X), Z = pooled(test.X), traces: number[][] = [];
  for (const rho of [0.02, 0.05, 0.1, 0.2, 0.5]) {
    const row: Cell[] = [rho], own: number[] = [];
    for (const microBatches of [1, 2, 4, 8, 16]) {
      progress(`rho ${rho}, ${microBatches} micro-batches`);
      const trained = await trainClassifier(X, training.labels, {
        hidden: [64],
        epochs: quick ? 5 : 30,
        batchSize: 64,
        seed,
        optimizer: { rho, microBatches, base: { learningRate: 0.1, weightDecay: 5e-4 }, schedule: { kind: "cosine" } },
      });
      const { trace } = await sharpness(trained, { lanczosSteps: 5, probes: 20, ascentSteps: 0 });
      own.push(trace);
      row.push(`${(100 * await trained.accuracy(Z, test.labels)).toFixed(1)} %, ${trace.toFixed(2)}`);
    }
    rows.push(row);
    traces.push(own);
  }
  const falls = (values: readonly number[]) => values[values.length - 1] < values[0] ? 1 : 0;
  const byParts = traces.reduce<number>((sum, row) => sum + falls(row), 0) / traces.length;
  const byRho = traces[0].reduce<number>((sum, _, k) => sum + falls(traces.map((row) => row[k])), 0) / traces[0].length;
  return {
    tables: [{
      title: "Test accuracy and trace by rho (down) and micro-batches (across): gratings, 30 % wrong labels, 64-64-10",
      columns: ["rho", "1", "2", "4", "8", "16"],
      rows,
    }],
    targets: [
      {
        name: "share of rho at which 16 micro-batches have a smaller trace than 1",
        value: byParts,
        limit: 1,
        sense: "at least",
      },
      {
        name: "share of numbers of micro-batches at which rho .5 has a smaller trace than rho .02",
        value: byRho,
        limit: 1,
        sense: "at least",
      },
    ],
  };
}

/** Samples a second of SGD, SAM and mSAM, turn by turn. */
export async function cost({ quick, seed, progress }: CaseContext): Promise<Claims> {
  const rows: Cell[][] = [], targets: Target[] = [], rounds = quick ? 2 : 4;
  for (const [features, hidden, count, epochs] of [[64, 64, 4096, 20], [784, 512, 1024, 3]] as const) {
    const random = createRandom(seed),
      X = matrix(count, features, new Float32Array(count * features).map(() => random.normal()));
    const labels = Uint32Array.from({ length: count }, () => random.integer(10));
    for (const threads of [1, 2]) {
      const least = new Map<string, number>();
      for (let round = 0; round < rounds; round++) {
        for (const { name, ...optimizer } of optimizers) {
          progress(`${features}-${hidden}-10, ${threads} threads, ${name}, round ${round + 1} of ${rounds}`);
          for (const taken of [1, 1 + epochs]) {
            const begin = performance.now(), place = `${name} ${taken}`;
            await trainClassifier(X, labels, {
              hidden: [hidden],
              epochs: taken,
              batchSize: 128,
              standardize: false,
              optimizer,
              threads,
              backend: threads > 1 ? "threads" : "wasm",
            });
            least.set(place, Math.min(least.get(place) ?? Infinity, performance.now() - begin));
          }
        }
      }
      // What start and end take is taken off.
      const of = (name: string) =>
        epochs * count / (least.get(`${name} ${1 + epochs}`)! - least.get(`${name} 1`)!) * 1000;
      rows.push([`${features}-${hidden}-10`, threads, ...optimizers.map(({ name }) => Math.round(of(name)))]);
      targets.push({
        name: `${features}-${hidden}-10, ${threads} threads: samples a second of mSAM 4 as a share of SAM's`,
        value: of("mSAM 4") / of("SAM"),
        limit: 0.9,
        sense: "at least",
      });
      if (threads === 1) {
        targets.push({
          name: `${features}-${hidden}-10, 1 thread: samples a second of SAM as a share of SGD's`,
          value: of("SAM") / of("SGD"),
          limit: 0.4,
          sense: "at least",
        });
      }
      if (threads === 2) {
        targets.push({
          name: `${features}-${hidden}-10, 2 threads: samples a second of mSAM 16 as a share of SAM's`,
          value: of("mSAM 16") / of("SAM"),
          limit: 0.9,
          sense: "at least",
        });
      }
    }
  }
  return {
    tables: [{
      title: `Samples a second, batches of 128, least times of ${rounds} rounds`,
      columns: ["network", "threads", ...optimizers.map(({ name }) => name)],
      rows,
    }],
    targets,
  };
}
