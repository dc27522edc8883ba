/** What is claimed of micro-batches on networks: images, text, the number of parts, and what a step costs. */

import {
  createRandom,
  matrix,
  type OptimizerOptions,
  sharpness,
  trainClassifier,
  type TrainClassifierOptions,
} from "../../mod.ts";
import type { CaseContext, Cell, Target } from "../case.ts";
import { characters, gratings, type Split } from "./data.ts";
import { type Claims, spread } from "./claims.ts";

/** Optimisers that are compared. */
const optimizersAt = (rho: number) => [
  { name: "SGD", rho: 0, microBatches: 1 },
  { name: "SAM", rho, microBatches: 1 },
  { name: "mSAM 4", rho, microBatches: 4 },
  { name: "mSAM 16", rho, microBatches: 16 },
];

/** Points of accuracy below plain descent from which on a network has not learnt: that it is flat says nothing. */
const mostLost = 3;

const shown = (values: readonly number[], digits: number) => {
  const { mean, error } = spread(values);
  return `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;
};

/** A task, and the network that it is given to. */
interface Task {
  readonly name: string;
  readonly rho: number;
  readonly options: TrainClassifierOptions;
  split(seed: number): Split;
}

function tasks(quick: boolean, documents: string): readonly Task[] {
  const share = quick ? 0.3 : 1, some = (count: number) => Math.round(share * count);
  return [{
    name: "gratings of 32 x 32, 20 % wrong labels",
    rho: 0.02,
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
    rho: 0.1,
    split: (seed) => characters(documents, [some(3000), some(2000)], 6, seed),
    options: { hidden: [64], epochs: quick ? 6 : 25, batchSize: 64 },
  }];
}

/** Accuracy and flatness of a task, each with its own split, start and order. */
async function overSeeds({ split, options }: Task, optimizer: OptimizerOptions, seeds: number, seed: number) {
  const accuracy: number[] = [], largest: number[] = [], trace: number[] = [];
  for (let turn = 0; turn < seeds; turn++) {
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
    const flat = await sharpness(trained, { lanczosSteps: 8, probes: 10, ascentSteps: 0 });
    accuracy.push(100 * await trained.accuracy(test.X, test.labels));
    largest.push(flat.largestEigenvalue);
    trace.push(flat.trace);
  }
  return { accuracy, largest, trace };
}

/** On images, micro-batches of four samples with smaller perturbations: those of `onTasks` are too long for them. */
export async function rhoOnImages({ quick, seed, progress }: CaseContext): Promise<Claims> {
  const [task] = tasks(quick, ""), seeds = quick ? 1 : 3, rows: Cell[][] = [];
  for (const rho of [0.005, 0.01, 0.02]) {
    progress(`${task.name}, mSAM 16, rho ${rho}`);
    const { accuracy, largest, trace } = await overSeeds(task, { rho, microBatches: 16 }, seeds, seed);
    rows.push([rho, shown(accuracy, 2), shown(largest, 3), shown(trace, 2)]);
  }
  return {
    tables: [{
      title: `mSAM 16 by rho: ${task.name}, ${seeds} seeds, mean ± standard error`,
      columns: ["rho", "test accuracy, %", "largest eigenvalue", "trace"],
      rows,
    }],
    targets: [],
  };
}

/** Accuracy and flatness on images and on text. */
export async function onTasks({ quick, seed, progress }: CaseContext): Promise<Claims> {
  const documents = await readDocuments();
  const seeds = quick ? 1 : 3, rows: Cell[][] = [], targets: Target[] = [];
  for (const { name: task, rho, split, options } of tasks(quick, documents)) {
    const means: Record<string, { accuracy: number; trace: number; largest: number }> = {};
    for (const { name, ...optimizer } of optimizersAt(rho)) {
      progress(`${task}, ${name}`);
      const { accuracy, largest, trace } = await overSeeds({ name: task, rho, split, options }, optimizer, seeds, seed);
      means[name] = { accuracy: spread(accuracy).mean, largest: spread(largest).mean, trace: spread(trace).mean };
      rows.push([task, optimizer.rho, name, shown(accuracy, 2), shown(largest, 3), shown(trace, 2)]);
    }
    const gain = means["mSAM 16"].accuracy - means.SGD.accuracy;
    targets.push({
      name: `${task}: points of accuracy of mSAM 16 over SGD`,
      value: gain,
      limit: 0,
      sense: "at least",
    });
    for (const other of gain < -mostLost ? [] : ["SGD", "SAM"]) {
      targets.push({
        name: `${task}: trace of mSAM 16 as a share of ${other}'s`,
        value: means["mSAM 16"].trace / means[other].trace,
        limit: 1,
        sense: "at most",
      });
    }
  }
  return {
    tables: [{
      title: `Images and text, ${seeds} seeds, mean ± standard error`,
      columns: ["task", "rho", "optimiser", "test accuracy, %", "largest eigenvalue", "trace"],
      rows,
    }],
    targets,
  };
}

/** Documents of this project, one after the other. */
async function readDocuments(): Promise<string> {
  const paths = ["ARCHITECTURE.md", "CONTRIBUTING.md", "README.md", "bench/README.md"];
  return (await Promise.all(paths.map((path) => Deno.readTextFile(new URL(`../../${path}`, import.meta.url))))).join(
    "\n",
  );
}

/** Accuracy and trace on text by rho and the number of parts. */
export async function sensitivity({ quick, seed, progress }: CaseContext): Promise<Claims> {
  const { training, test } = characters(await readDocuments(), quick ? [500, 500] : [3000, 2000], 6, seed + 50);
  const measured = async (rho: number, microBatches: number) => {
    progress(`rho ${rho}, ${microBatches} micro-batches`);
    const trained = await trainClassifier(training.X, training.labels, {
      classes: 33,
      hidden: [64],
      epochs: quick ? 5 : 25,
      batchSize: 64,
      standardize: false,
      seed,
      optimizer: { rho, microBatches, base: { learningRate: 0.1, weightDecay: 5e-4 }, schedule: { kind: "cosine" } },
    });
    const { trace } = await sharpness(trained, { lanczosSteps: 5, probes: 20, ascentSteps: 0 });
    return { rho, microBatches, trace, accuracy: 100 * await trained.accuracy(test.X, test.labels) };
  };
  const plain = await measured(0, 1), rhos = [0.02, 0.05, 0.1, 0.2, 0.5], parts = [1, 4, 16];
  const grid: Awaited<ReturnType<typeof measured>>[] = [];
  for (const rho of rhos) for (const microBatches of parts) grid.push(await measured(rho, microBatches));
  const learnt = grid.filter(({ accuracy }) => accuracy >= plain.accuracy - mostLost);
  // Each with the one before it in its row or column, of those that have learnt.
  const share = (key: "rho" | "microBatches", steps: readonly number[]) => {
    const other = key === "rho" ? "microBatches" : "rho";
    const falls = learnt.flatMap((one) => {
      const before = steps[steps.indexOf(one[key]) - 1];
      const last = learnt.find((two) => two[key] === before && two[other] === one[other]);
      return last ? [Number(one.trace < last.trace)] : [];
    });
    return falls.reduce((sum, fall) => sum + fall, 0) / falls.length;
  };
  const shownAs = ({ accuracy, trace }: typeof plain) => `${accuracy.toFixed(1)} %, ${trace.toFixed(2)}`;
  return {
    tables: [{
      title: "Test accuracy and trace by rho (down) and micro-batches (across): the next character",
      columns: ["rho", ...parts.map(String)],
      rows: [
        [0, shownAs(plain), ...parts.slice(1).map(() => null)],
        ...rhos.map((rho): Cell[] => [rho, ...grid.filter((one) => one.rho === rho).map(shownAs)]),
      ],
    }],
    targets: [
      {
        name: "share of steps to more micro-batches, among networks that have learnt, at which the trace falls",
        value: share("microBatches", parts),
        limit: 1,
        sense: "at least",
      },
      {
        name: "share of steps to a larger rho, among networks that have learnt, at which the trace falls",
        value: share("rho", rhos),
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
        for (const { name, ...optimizer } of optimizersAt(0.1)) {
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
      rows.push([`${features}-${hidden}-10`, threads, ...optimizersAt(0.1).map(({ name }) => Math.round(of(name)))]);
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
      columns: ["network", "threads", ...optimizersAt(0.1).map(({ name }) => name)],
      rows,
    }],
    targets,
  };
}
