import { serializeCsv } from "../../../../formats/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import {
  type OptimizerOptions,
  sharpness,
  trainClassifier,
  type TrainClassifierOptions,
} from "../../../../solvers/sharpness/mod.ts";
import { completeRows, matrixOf, readTable, type TableContent, wordsOf } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { type Ran, ranAs } from "../words.ts";
import type { SharpnessAnswer, TrainedRun } from "./answer.ts";
import { smallDigits } from "./example.ts";

type Options = Omit<TrainClassifierOptions, "optimizer"> & OptimizerOptions & { readonly compare?: boolean };

/** Different words that a label may have. */
const mostClasses = 200;

/** Points of each side of the slice, and about how far it reaches. */
const slicePoints = 21, sliceReach = 3;

/** Share of the samples told right, but for some. */
function shareRight(told: Uint32Array, labels: Uint32Array, without: Uint32Array): number {
  const left = new Set(without);
  const right = told.reduce((sum, label, i) => sum + Number(!left.has(i) && label === labels[i]), 0);
  return right / (labels.length - left.size);
}

/** Trains, alone or beside weaker optimisers, and measures. */
export const solver: PanelSolver<TableContent, SharpnessAnswer, Options> = {
  read: readTable,
  examples: { digits: smallDigits },
  async solve(given, options, run) {
    const began = performance.now(), { data, settled } = completeRows(given);
    const {
      compare = true,
      rho,
      microBatches,
      microBatchSize,
      norm,
      adaptive,
      ascentSteps,
      decayInPerturbation,
      epsilon,
      base,
      clip,
      schedule,
      ...training
    } = options;
    const { names, matrix: X } = matrixOf(data, "features"), words = wordsOf(data, "target")!;
    const classes = [...new Set(words)].sort((a, b) => Number(a) - Number(b) || (a < b ? -1 : 1));
    if (classes.length < 2) {
      throw new Error(`${data.roles.target[0]} has one value alone: there is nothing to tell apart.`);
    }
    if (classes.length > mostClasses) {
      throw new Error(
        `${data.roles.target[0]} has ${classes.length} different values: as a label it may have ${mostClasses}.`,
      );
    }
    const places = new Map(classes.map((word, i) => [word, i])),
      labels = Uint32Array.from(words, (word) => places.get(word)!);
    const common = { norm, adaptive, ascentSteps, decayInPerturbation, epsilon, base, clip, schedule };
    const asked = { ...common, rho, microBatches, microBatchSize };
    const several = (microBatches ?? 1) > 1 || microBatchSize !== undefined, perturbed = (rho ?? 1) > 0;
    const contenders: [name: string, optimizer: OptimizerOptions][] = [];
    if (compare && perturbed) contenders.push([base?.kind === "adamw" ? "AdamW" : "SGD", { ...common, rho: 0 }]);
    if (compare && perturbed && several) contenders.push(["SAM", { ...common, rho }]);
    contenders.push([!perturbed ? "rho 0" : several ? "mSAM" : "SAM", asked]);

    const runs: TrainedRun[] = [];
    let ran: Ran | undefined, parameters = 0;
    for (const [i, [name, optimizer]] of contenders.entries()) {
      const from = i / contenders.length, middle = (i + 0.7) / contenders.length, to = (i + 1) / contenders.length;
      const set = Object.fromEntries(Object.entries(optimizer).filter(([, value]) => value !== undefined));
      const trained = await trainClassifier(X, labels, {
        ...training,
        classes: training.classes ?? classes.length,
        optimizer: set,
        ...run.watch(from, middle, name),
      });
      const flat = await sharpness(trained, {
        densityProbes: 3,
        slicePoints,
        sliceReach,
        ...run.watch(middle, to, name),
      });
      const { validation, bestEpoch, trace, skippedSteps } = trained, isHeld = validation.losses.length > 0;
      runs.push({
        name,
        training: trace,
        heldOut: validation.losses,
        best: bestEpoch,
        accuracy: isHeld ? validation.accuracies[bestEpoch - 1] : undefined,
        trainedAccuracy: shareRight(await trained.predict(X), labels, validation.samples),
        largestEigenvalue: flat.largestEigenvalue,
        trace: flat.trace,
        traceStandardError: flat.traceStandardError,
        rhoSharpness: flat.rhoSharpness,
        density: flat.density,
        slice: flat.slice!,
        skippedSteps,
        status: trained.status,
      });
      parameters = trained.parameters.length;
      ran = ranAs(trained, performance.now() - began);
      run.show({
        target: data.roles.target[0],
        classes,
        featureCount: names.length,
        samples: labels.length,
        settled,
        parameters,
        runs: runs.slice(),
        waiting: contenders.length - runs.length,
        ran,
      });
    }
    const epochs = Math.max(...runs.map(({ training }) => training.length));
    const columns = ["epoch", ...runs.flatMap(({ name }) => [`${name} training`, `${name} held out`])];
    const table = matrix(epochs, columns.length);
    for (let epoch = 0; epoch < epochs; epoch++) {
      const losses = runs.flatMap(({ training, heldOut }) => [training[epoch] ?? NaN, heldOut[epoch] ?? NaN]);
      table.data.set([epoch + 1, ...losses], epoch * columns.length);
    }
    return [{ name: "losses.csv", content: serializeCsv({ columns, matrix: table, text: new Map() }) }];
  },
};
