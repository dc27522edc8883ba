import { createRandom, type Matrix, matrix, parseNpy, sharpness, trainClassifier } from "../../mod.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
import { dataFolder, withoutData } from "../real_data.ts";

/** Samples to train on; the rest tests. */
const trainingCount = 1000;

/** Optimisers by name. */
const optimizers = [
  { name: "SGD", rho: 0, microBatches: 1 },
  { name: "SAM, rho .2", rho: 0.2, microBatches: 1 },
  { name: "mSAM 4, rho .2", rho: 0.2, microBatches: 4 },
  { name: "mSAM 16, rho .2", rho: 0.2, microBatches: 16 },
  { name: "SAM, rho .5", rho: 0.5, microBatches: 1 },
  { name: "mSAM 4, rho .5", rho: 0.5, microBatches: 4 },
  { name: "mSAM 16, rho .5", rho: 0.5, microBatches: 16 },
] as const;

/** The digits, in an order of the seed: images in [0, 1]. */
async function readDigits(seed: number) {
  const read = async (name: string) => parseNpy(await Deno.readFile(`${dataFolder}/digits/${name}.npy`));
  const images = (await read("images")).data as Float32Array, labels = (await read("labels")).data as Uint8Array;
  const random = createRandom(seed), order = Uint32Array.from(labels.keys());
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.integer(i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  const take = (from: number, to: number): { X: Matrix; labels: Uint32Array } => {
    const own = order.subarray(from, to), data = new Float32Array(own.length * 64);
    own.forEach((image, i) =>
      data.set(images.subarray(64 * image, 64 * image + 64).map((value) => value / 16), 64 * i)
    );
    return { X: matrix(own.length, 64, data), labels: own.map((image) => labels[image]) };
  };
  return { training: take(0, trainingCount), test: take(trainingCount, order.length), random };
}

/** Mean and its standard error. */
function meanOf(values: readonly number[]): { mean: number; error: number } {
  const count = values.length, mean = values.reduce((a, b) => a + b, 0) / count;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return { mean, error: Math.sqrt(squares / Math.max(1, count - 1) / count) };
}

const shown = ({ mean, error }: { mean: number; error: number }, digits: number) =>
  `${mean.toFixed(digits)} ± ${error.toFixed(digits)}`;

/** Flatness and accuracy on the digits, with labels as they are and with 30 % of them drawn anew. */
export const flatMinima: Case = {
  question: "Are minima flatter with SAM, and flatter still with micro-batches, and do they classify better?",
  async run({ quick, seed, progress }) {
    if (dataFolder === undefined) return leftOut(withoutData);
    const seeds = quick ? 2 : 5, epochs = quick ? 15 : 60, rows: Cell[][] = [], targets: Target[] = [];
    for (const noise of [0, 0.3]) {
      const condition = noise ? "30 % label noise" : "clean";
      const found = new Map<string, { accuracy: number[]; largest: number[]; trace: number[]; loss: number[] }>();
      for (let turn = 0; turn < seeds; turn++) {
        const { training, test, random } = await readDigits(seed + turn);
        const labels = training.labels.map((label) =>
          random.uniform() < noise ? (label + 1 + random.integer(9)) % 10 : label
        );
        for (const { name, ...optimizer } of optimizers) {
          progress(`${condition}, seed ${turn + 1} of ${seeds}, ${name}`);
          const base = { learningRate: 0.2, momentum: 0.9, weightDecay: 5e-4 } as const;
          const trained = await trainClassifier(training.X, labels, {
            hidden: [64],
            epochs,
            batchSize: 128,
            standardize: false,
            seed: seed + turn,
            backend: "wasm",
            optimizer: { ...optimizer, base, schedule: { kind: "cosine" } },
          });
          const flat = await sharpness(trained, { lanczosSteps: 40, tolerance: 1e-4, probes: 30, ascentSteps: 0 });
          const own = found.get(name) ?? { accuracy: [], largest: [], trace: [], loss: [] };
          own.accuracy.push(100 * await trained.accuracy(test.X, test.labels));
          own.largest.push(flat.largestEigenvalue);
          own.trace.push(flat.trace);
          own.loss.push(trained.objective);
          found.set(name, own);
        }
      }
      for (const [name, { accuracy, largest, trace, loss }] of found) {
        const measures = [shown(meanOf(accuracy), 2), shown(meanOf(largest), 3), shown(meanOf(trace), 2)];
        rows.push([condition, name, ...measures, shown(meanOf(loss), 4)]);
      }
      for (const rho of [".2", ".5"]) {
        const course = ["SGD", `SAM, rho ${rho}`, `mSAM 4, rho ${rho}`, `mSAM 16, rho ${rho}`];
        for (const measure of ["largest", "trace"] as const) {
          const means = course.map((name) => meanOf(found.get(name)![measure]).mean);
          const what = measure === "largest" ? "largest eigenvalue" : "trace";
          targets.push({
            name: `${condition}, rho ${rho}: largest ratio of the ${what} from SGD to SAM, mSAM 4 and mSAM 16`,
            value: Math.max(...means.slice(1).map((mean, k) => mean / means[k])),
            limit: 0.9999,
            sense: "at most",
          });
        }
      }
      if (!noise) continue;
      const accuracy = (name: string) => meanOf(found.get(name)!.accuracy).mean;
      const best = accuracy("mSAM 16, rho .2");
      for (const [name, gain] of [["SAM, rho .2", 0.5], ["SGD", 1]] as const) {
        targets.push({
          name: `30 % label noise, rho .2: points of accuracy of mSAM 16 over ${name}`,
          value: best - accuracy(name),
          limit: gain,
          sense: "at least",
        });
      }
    }
    return {
      tables: [{
        title: `Digits, ${trainingCount} to train and 797 to test, ${seeds} seeds, mean ± standard error`,
        columns: ["labels", "optimiser", "test accuracy, %", "largest eigenvalue", "trace", "training loss"],
        rows,
      }],
      targets,
      notes: [
        `Perceptron 64-64-10, tanh; batches of 128, ${epochs} epochs, momentum .9, weight decay 5e-4, rate .2 along a ` +
        "cosine to 0; each seed has its own split, noise, start and order. Curvature is of the training loss at the end.",
        "Noise gives a label another of the nine classes, with probability .3; tests are clean.",
      ],
    };
  },
};
