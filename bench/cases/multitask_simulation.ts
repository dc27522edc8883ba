import {
  crossValidateMultiTask,
  matrix,
  type MultiTaskCrossValidationOptions,
  type MultiTaskModel,
  predictMultiTask,
  sparseMultiTask,
} from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { bestClock, busiestThreadSeconds, seconds } from "../clock.ts";
import { type MultiTaskDesign, multiTaskDesign, type MultiTaskSetting } from "../multitask_design.ts";
import { openMultiTaskLasso } from "../peers/multitask_lasso.ts";

/** Folds of every cross-validation. */
const folds = 5;

/** Numbers of features that are tried, around the ten to fifteen true ones, as the authors do. */
const support = [10, 12, 14, 16];

const ridges = [1e-5, 1e-2], values = [1e-2, 1];

/** The models, by the authors' names for them: what is priced beside the loss. */
const models: readonly { readonly name: string; readonly options: MultiTaskCrossValidationOptions }[] = [
  { name: "supports shared + ridge (Zbar + L2)", options: { grid: { support, ridge: ridges } } },
  {
    name: "supports and values shared (Zbar + Bbar)",
    options: { grid: { support, ridge: [1e-5], valueSharing: values } },
  },
  {
    name: "values shared (Bbar)",
    options: { grid: { support, ridge: [1e-5], valueSharing: values, supportSharing: [0] } },
  },
  { name: "common support + ridge (CS + L2)", options: { commonSupport: true, grid: { support, ridge: ridges } } },
  {
    name: "common support, values shared (CS + Bbar)",
    options: { commonSupport: true, grid: { support, ridge: [1e-5], valueSharing: values } },
  },
];

const settings: readonly (MultiTaskSetting & { readonly authors?: number })[] = [
  { features: 1000, samples: 50, tasks: 6, noise: [0.05, 0.2], betaVariance: 50, authors: 0.029 },
  { features: 1000, samples: 50, tasks: 6, noise: [0.5, 2], betaVariance: 50, authors: 0.076 },
  { features: 1000, samples: 50, tasks: 6, noise: [5, 20], betaVariance: 50, authors: 0.224 },
  { features: 250, samples: 50, tasks: 6, noise: [5, 20], betaVariance: 10, authors: 0.577 },
  { features: 250, samples: 200, tasks: 6, noise: [5, 20], betaVariance: 10, authors: 0.927 },
];

const separate = "separate", lasso = "multi-task lasso", oracle = "the true features";

interface Quality {
  /** Root of the mean squared error, mean over the tasks. */
  readonly error: number;
  /** Share of the true features of each task that was found. */
  readonly found: number;
  readonly seconds: number;
}

function qualityOf({ testX, testY, supports }: MultiTaskDesign, fit: MultiTaskModel): Omit<Quality, "seconds"> {
  const [rows, tasks] = testY.shape, { data, shape: [features] } = fit.coefficients;
  let error = 0, found = 0;
  for (let k = 0; k < tasks; k++) {
    const predicted = predictMultiTask(fit, testX, k);
    const squares = predicted.reduce((sum, value, i) => sum + (value - testY.data[i * tasks + k]) ** 2, 0);
    error += Math.sqrt(squares / rows) / tasks;
    const own = Array.from({ length: features }, (_, j) => j).filter((j) => data[j * tasks + k] !== 0);
    found += own.filter((j) => supports[k].has(j)).length / supports[k].size / tasks;
  }
  return { error, found };
}

/** Each response by itself: no fit knows of the others. */
async function fitApart({ X, Y }: MultiTaskDesign, seed: number): Promise<MultiTaskModel> {
  const [rows, tasks] = Y.shape, features = X.shape[1];
  const coefficients = matrix(features, tasks), intercepts = new Float64Array(tasks);
  for (let k = 0; k < tasks; k++) {
    const y = Float64Array.from({ length: rows }, (_, i) => Y.data[i * tasks + k]);
    const { fit } = await crossValidateMultiTask([{ X, y }], {
      ...oneThread,
      seed,
      folds,
      grid: { support, ridge: ridges },
    });
    for (let j = 0; j < features; j++) coefficients.data[j * tasks + k] = fit.coefficients.data[j];
    intercepts[k] = fit.intercepts[0];
  }
  return { coefficients, intercepts, taskNames: Array.from({ length: tasks }, (_, k) => String(k)) };
}

/** Least squares on the true features: no method that must find them is better, but by chance. */
async function fitOracle({ X, Y, supports }: MultiTaskDesign): Promise<MultiTaskModel> {
  const [rows, tasks] = Y.shape, features = X.shape[1];
  const coefficients = matrix(features, tasks), intercepts = new Float64Array(tasks);
  for (const [k, support] of supports.entries()) {
    const places = [...support], own = matrix(rows, places.length);
    for (let i = 0; i < rows; i++) {
      places.forEach((j, at) => own.data[i * places.length + at] = X.data[i * features + j]);
    }
    const y = Float64Array.from({ length: rows }, (_, i) => Y.data[i * tasks + k]);
    const fit = await sparseMultiTask([{ X: own, y }], {
      ...oneThread,
      support: places.length,
      method: "local-search",
    });
    places.forEach((j, at) => coefficients.data[j * tasks + k] = fit.coefficients.data[at]);
    intercepts[k] = fit.intercepts[0];
  }
  return { coefficients, intercepts, taskNames: Array.from({ length: tasks }, (_, k) => String(k)) };
}

const oneThread = { backend: "wasm", threads: 1 } as const;

const median = (numbers: readonly number[]) => {
  const sorted = [...numbers].sort((a, b) => a - b), middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

/** The authors' simulation: what sharing gains, and how long tuning takes. */
export const multiTaskSimulation: Case = {
  question: "What is gained where tasks share supports, or values, in the simulation of the authors, and how fast?",
  async run({ quick, seed, progress }) {
    const rows: Cell[][] = [], targets: Target[] = [], missing: string[] = [];
    const replicates = quick ? 1 : 20, peer = await openMultiTaskLasso();
    if (typeof peer === "string") missing.push(peer);
    for (const setting of quick ? settings.slice(3, 4) : settings) {
      const { features, samples, tasks, noise, authors } = setting;
      const label = `${features} features, ${samples} rows, noise ${noise.join(" to ")}`;
      const found = new Map<string, Quality[]>(), ratios = new Map<string, number[]>();
      for (let replicate = 0; replicate < replicates; replicate++) {
        const own = seed * 1000 + replicate, design = multiTaskDesign(setting, own);
        const measure = async (name: string, fit: () => Promise<MultiTaskModel>, spent?: () => number) => {
          progress(`${label}, ${replicate + 1} of ${replicates}, ${name}`);
          const begun = seconds(bestClock), model = await fit();
          const quality = { ...qualityOf(design, model), seconds: spent?.() ?? seconds(bestClock) - begun };
          found.set(name, [...found.get(name) ?? [], quality]);
          const ratio = quality.error / found.get(separate)![replicate].error;
          ratios.set(name, [...ratios.get(name) ?? [], ratio]);
        };
        await measure(separate, () => fitApart(design, own));
        for (const { name, options } of models) {
          await measure(
            name,
            async () =>
              (await crossValidateMultiTask(design.X, design.Y, { ...oneThread, ...options, folds, seed: own })).fit,
          );
        }
        await measure(oracle, () => fitOracle(design));
        if (typeof peer === "string") continue;
        let spent = 0;
        await measure(lasso, async () => {
          const { seconds, coefficients, intercepts } = await peer.fit("multi-task lasso", design.X, design.Y, folds);
          spent = seconds;
          return {
            coefficients,
            intercepts,
            taskNames: intercepts.reduce((names: string[], _, k) => [...names, String(k)], []),
          };
        }, () => spent);
      }
      const all = [...found].filter(([name]) => name !== lasso && name !== oracle);
      const total = median(
        Array.from({ length: replicates }, (_, r) => all.reduce((sum, [, list]) => sum + list[r].seconds, 0)),
      );
      for (const [name, list] of found) {
        rows.push([
          label,
          name,
          median(ratios.get(name)!),
          median(list.map(({ error }) => error)),
          median(list.map((one) => one.found)),
          median(list.map((one) => one.seconds)),
        ]);
      }
      rows.push([label, "all models", null, null, null, total]);
      if (quick) continue;
      const shared = ratios.get(models[0].name)!;
      const beside = found.get(models[0].name)!.map(({ error }, r) => error / found.get(oracle)![r].error);
      targets.push({
        name: `error over that of the true features, supports shared, ${label}`,
        value: median(beside),
        limit: 1.15,
        sense: "at most",
      });
      if (authors !== undefined) {
        targets.push({
          name: `error over separate fits, supports shared, ${label}`,
          value: median(shared),
          limit: 1.25 * authors,
          sense: "at most",
        });
      }
      // The authors' median is 159 to 199 s for 1000 features and 6 tasks.
      if (features === 1000) {
        targets.push({
          name: `159 s over ours, one replicate of all methods, ${label}`,
          value: 159 / total,
          limit: 20,
          sense: "at least",
        });
      }
      if (tasks > 1) {
        const byValues = ratios.get(models[2].name)!;
        const wins = shared.filter((ratio, r) => ratio < byValues[r]).length;
        rows.push([label, `supports shared beat values shared in ${wins} of ${replicates}`, null, null, null, null]);
      }
    }
    if (typeof peer !== "string") peer.close();
    const speeds: Cell[][] = [];
    const design = multiTaskDesign(settings[quick ? 3 : 0], seed);
    const single = { support: 12, ridge: 1e-3, supportSharing: 1, method: "local-search" } as const;
    for (const threads of [1, 2]) {
      const place = threads === 1 ? oneThread : { backend: "threads", threads } as const;
      await crossValidateMultiTask(design.X, design.Y, { ...place, folds, grid: { support: [12], ridge: [1e-3] } });
      const tune = async () => {
        const begun = performance.now();
        await crossValidateMultiTask(design.X, design.Y, { ...place, ...models[0].options, folds });
        wall = Math.min(wall, (performance.now() - begun) / 1e3);
      };
      let fit = Infinity, grid = Infinity, wall = Infinity;
      for (let repeat = 0; repeat < (quick ? 1 : 5); repeat++) {
        fit = Math.min(
          fit,
          await busiestThreadSeconds(() => sparseMultiTask(design.X, design.Y, { ...single, ...place })),
        );
        grid = Math.min(grid, await busiestThreadSeconds(tune));
      }
      speeds.push([threads, fit, grid, wall]);
    }
    const [one, two] = speeds.map((row) => row[2] as number);
    targets.push({ name: "speed-up of a tuning grid on two threads", value: one / two, limit: 1.7, sense: "at least" });
    return {
      tables: [{
        title:
          `medians of ${replicates} replicates; ${folds} folds, supports of 10 to 16; one thread, WASM, CPU seconds with tuning`,
        columns: ["setting", "model", "error over separate", "error", "true features found", "seconds"],
        rows,
      }, {
        title: "CPU seconds of the busiest thread, 6 tasks, supports shared; least of 5",
        columns: ["threads", "one fit", "a tuning grid", "by the clock"],
        rows: speeds,
      }],
      targets,
      notes: [
        "The design is that of the authors' source: one X, neighbours correlated by 1/2, ten features in all tasks and five more each with probability 1/2, coefficients that differ between tasks by normal numbers of variance 50 (10 for 250 features), as many test rows as training rows.",
        "Separate fits are tuned one response at a time and know nothing of the others; ratios are of errors in the same replicate.",
        "The authors' medians for supports shared + ridge over their separate fits: 0.029, 0.076, 0.224 (1000 features), 0.577, 0.927 (250).",
        "Where other work runs beside, wall-clock times say little of threads: the busiest thread is what two cores would wait for.",
        "Of the true features, least squares has the error that noise and samples leave: where its error over that of separate fits is above the authors' ratio, no method reaches that ratio beside our separate fits, which find more true features than the 0.29 of theirs.",
        "Our grids have 8, 48, 48, 8, 8 and 8 points, tuned by five folds. Theirs are wider and tuned by ten; their 159 to 199 s a replicate also hold ridge and lasso.",
      ],
      missing,
    };
  },
};
