import { stat } from "node:fs/promises";
import {
  type Classifier,
  classifierOf,
  type Matrix,
  matrix,
  optimizerOptions,
  parseSafetensors,
  serializeCsv,
  serializeSafetensors,
  type Sharpness,
  sharpness,
  toVector,
  trainClassifier,
  trainClassifierOptions,
  type TrainedClassifier,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { attempt, FileError, inputName, readInput } from "../files.ts";
import { formatDuration, formatNumber } from "../layout.ts";
import { underWatch } from "../solver_options.ts";
import { type NamedTable, readTable, splitColumn, splitLabels, tableOptions, withColumn } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** `minima sam`: a classifier of rows, trained by sharpness-aware steps. */
export const samCommand = command({
  name: "sam",
  summary: "train a classifier by sharpness-aware steps, and predict with it",
  usage: "TABLE (--target COLUMN | --model FILE) [options]",
  details: `
A network that tells the words of the column --target apart by the other columns: a perceptron, with --linear a linear
model, trained by steps toward flat minima (SAM, and mSAM with --micro-batches). With --model, one that was saved
predicts the rows of the table, and where these have the column it was trained for, its accuracy is told.

  minima sam flowers.csv --target species --rho 0.1 --validation 0.2 --out flowers.safetensors
  minima sam digits.npy --target labels.npy --hidden 64,32 --micro-batches 8 --picture curves.svg --sharpness
  minima sam new.csv --model flowers.safetensors --predictions species.csv`,
  operands: [1, 1],
  options: {
    target: { kind: "text", value: "COLUMN", about: "the column of classes: any words; or a file of one column" },
    ...tableOptions,
    model: { kind: "input", value: "FILE", about: "a classifier that was saved, to predict the rows of the table" },
    linear: { kind: "flag", about: "no hidden layers" },
    sharpness: { kind: "flag", about: "measure how flat the minimum is" },
    out: { kind: "output", value: "FILE", about: "where to save the classifier: .safetensors" },
    predictions: { kind: "output", value: "FILE", about: "where to write the class of each row, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw the losses by epoch: .svg" },
    density: { kind: "output", value: "FILE", about: "where to draw the eigenvalues of the Hessian: .svg" },
    slice: { kind: "output", value: "FILE", about: "where to draw the loss across its two sharpest directions: .svg" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [trainClassifierOptions, optimizerOptions], except: ["optimizer"] },
  async run(invocation) {
    const { options, settings, operands: [path], write, terminal, signal } = invocation;
    if ((options.target === undefined) === (options.model === undefined)) {
      throw new UsageError("Expected one of --target, to train, and --model, to predict.");
    }
    for (const name of ["picture", "density", "slice"] as const) {
      if (options[name] === undefined) continue;
      if (!options[name].endsWith(".svg")) {
        throw new UsageError(`Option --${name} needs a file that ends in .svg, received ${options[name]}.`);
      }
      if (options.model !== undefined) throw new UsageError(`Option --${name} has no effect with --model.`);
    }
    const data = options.model === undefined
      ? await readTraining(invocation, path, options.target!)
      : await readWithModel(invocation, path, options.model);
    let classifier: Classifier, trained: TrainedClassifier | undefined, flat: Sharpness | undefined;
    if (data.classifier) classifier = data.classifier;
    else {
      const watch = underWatch(terminal, signal), training = settings(trainClassifierOptions);
      const call = {
        ...training,
        ...options.linear && { hidden: [] },
        optimizer: settings(optimizerOptions),
        ...watch,
      };
      classifier = trained = await trainClassifier(data.X, data.codes!, call);
      if (options.sharpness || options.density || options.slice) {
        flat = await sharpness(trained, { ...watch, densityProbes: 5, ...options.slice && { slicePoints: 31 } });
      }
    }
    const predicted = await classifier.predict(data.X), probabilities = await classifier.probabilities(data.X);
    terminal.progress.clear();
    signal.throwIfAborted();

    const right = data.codes && predicted.reduce((sum, label, i) => sum + Number(label === data.codes![i]), 0);
    const accuracy = right === undefined ? undefined : right / predicted.length;
    await write("out", () => saved(classifier, data));
    await write("predictions", () => predictionTable(predicted, probabilities, data.classes));
    await write("picture", async () => {
      const { drawTrainingCurves } = await import("../../pictures/mod.ts"), { trace, validation, bestEpoch } = trained!;
      const course = { name: data.target, training: trace, heldOut: validation.losses, best: bestEpoch };
      return drawTrainingCurves([course], { title: `Loss of ${data.target} by epoch` });
    });
    await write("density", async () => {
      const { drawEigenvalueDensity } = await import("../../pictures/mod.ts");
      return drawEigenvalueDensity([{ name: data.target, ...flat!.density }]);
    });
    await write("slice", async () => {
      const { drawLossSurface } = await import("../../pictures/mod.ts");
      return drawLossSurface({ name: data.target, ...flat!.slice! });
    });
    const report: Report = { data, classifier, trained, flat, accuracy };
    if (options.json) terminal.print(JSON.stringify(jsonReport(report), null, 2));
    else printReport(terminal, report);
  },
});

/** Rows, and what is known of their classes. */
interface Data {
  readonly X: Matrix;
  readonly target: string;
  readonly columns: readonly string[];
  readonly classes: readonly string[];
  readonly codes?: Uint32Array;
  readonly classifier?: Classifier;
}

type Reader = Parameters<typeof readTable>[0];

async function readTraining(reader: Reader, path: string, target: string): Promise<Data> {
  const isFile = (await stat(target).catch(() => undefined))?.isFile() ?? false;
  const table = await readTable(reader, path, { labels: { target }, labelsMayBeFiles: isFile });
  if (!table.text.has(target)) {
    const { rest, column } = splitColumn(await withColumn(reader, table, target), target);
    const values = [...new Set(column)].sort((a, b) => a - b), places = new Map(values.map((value, i) => [value, i]));
    const codes = Uint32Array.from(column, (value) => places.get(value)!);
    return atLeastTwo({ X: rest.matrix, target, columns: rest.columns, classes: values.map(String), codes }, path);
  }
  const { rest, labels: { classes, codes } } = splitLabels(table, target);
  return atLeastTwo({ X: rest.matrix, target, columns: rest.columns, classes, codes }, path);
}

/** Data in which there are classes to tell apart. */
function atLeastTwo(data: Data, path: string): Data {
  const { target, classes } = data;
  if (classes.length > 1) return data;
  throw new FileError(
    `${inputName(path)}: all rows are ${classes[0]} in ${target}; two classes are needed to be told apart.`,
  );
}

/** What a file of a classifier says beside its tensors. */
interface Saved {
  readonly network: Classifier["model"]["network"];
  readonly target: string;
  readonly columns: readonly string[];
  readonly classes: readonly string[];
}

async function readWithModel(reader: Reader, path: string, modelPath: string): Promise<Data> {
  const bytes = await readInput(modelPath, reader.signal);
  const { network, target, columns, classes, classifier } = await attempt(modelPath, () => {
    const { tensors, metadata } = parseSafetensors(bytes);
    const saved = metadata.minima === "classifier" ? savedOf(metadata.classifier) : undefined;
    if (!saved) throw new FileError(`${modelPath}: it holds no classifier of minima sam.`);
    const { network, ...names } = saved;
    const vector = (name: string) => {
      const tensor = tensors.get(name);
      if (!tensor) throw new FileError(`${modelPath}: the tensor ${name} is missing.`);
      return toVector(tensor);
    };
    const scaling = { means: Float64Array.from(vector("means")), scales: Float64Array.from(vector("scales")) };
    const classifier = classifierOf({ network, parameters: vector("parameters"), scaling });
    if (names.columns.length !== network.features) {
      throw new FileError(
        `${modelPath}: it names ${names.columns.length} columns, but its network has ${network.features}.`,
      );
    }
    return Promise.resolve({ network, ...names, classifier });
  });
  const table = await readTable(reader, path, { labels: { target }, mayLack: true });
  const known = table.text.has(target) ? splitLabels(table, target) : undefined, rest = known?.rest ?? table;
  const missing = columns.find((name) => !rest.columns.includes(name));
  const inOrder = missing === undefined ? ordered(rest, columns) : rest.matrix;
  // Columns without names, as of npy, are told by their order.
  const byOrder = rest.columns.length === columns.length && (isUnnamed(rest.columns) || isUnnamed(columns));
  if (missing !== undefined && !byOrder) {
    throw new FileError(`${rest.path}: no column is called ${missing}, which the classifier was trained with.`);
  }
  const codes = known && Uint32Array.from(known.labels.codes, (code) => {
    const place = classes.indexOf(known.labels.classes[code]);
    return place < 0 ? network.outputs : place;
  });
  return { X: inOrder, target, columns, classes, codes, classifier };
}

/** What the metadata of a classifier say, or nothing where it is damaged. */
function savedOf(json: string): Saved | undefined {
  const isNames = (value: unknown) => Array.isArray(value) && value.every((name) => typeof name === "string");
  try {
    const saved = JSON.parse(json) as Saved;
    return typeof saved.target === "string" && isNames(saved.columns) && isNames(saved.classes) ? saved : undefined;
  } catch {
    return undefined;
  }
}

const isUnnamed = (columns: readonly string[]) => columns.every((name, i) => name === `column ${i + 1}`);

/** The columns of those names, in their order. */
function ordered({ columns, matrix: { data, shape: [rows, width] } }: NamedTable, names: readonly string[]): Matrix {
  const places = names.map((name) => columns.indexOf(name)), result = matrix(rows, names.length);
  for (let i = 0; i < rows; i++) places.forEach((j, at) => result.data[i * names.length + at] = data[i * width + j]);
  return result;
}

function saved(
  { model: { network, parameters, scaling } }: Classifier,
  { target, columns, classes }: Data,
): Uint8Array {
  const tensors = {
    parameters: { shape: [parameters.length], data: parameters },
    means: { shape: [scaling.means.length], data: scaling.means },
    scales: { shape: [scaling.scales.length], data: scaling.scales },
  };
  const names: Saved = { network, target, columns, classes };
  return serializeSafetensors(tensors, { minima: "classifier", classifier: JSON.stringify(names) });
}

function predictionTable(
  predicted: Uint32Array,
  { data, shape: [rows, width] }: Matrix,
  classes: readonly string[],
): string {
  const columns = Array.from({ length: width }, (_, c) => `probability of ${classes[c] ?? c}`);
  const text = new Map([["class", Array.from(predicted, (label) => classes[label] ?? String(label))]]);
  return serializeCsv({ columns, matrix: matrix(rows, width, data), text });
}

interface Report {
  readonly data: Data;
  readonly classifier: Classifier;
  readonly trained?: TrainedClassifier;
  readonly flat?: Sharpness;
  readonly accuracy?: number;
}

function printReport(terminal: Terminal, { data, classifier, trained, flat, accuracy }: Report): void {
  const { X: { shape: [rows] }, target, columns, classes } = data, best = trained && trained.bestEpoch - 1;
  const percent = (share: number) => `${(100 * share).toFixed(2)} %`;
  terminal.facts([
    ["classes", `${classes.length} of ${target}, told apart by ${columns.length} columns`],
    ["network", `${classifier.parameters.length} parameters`],
    ...accuracy === undefined ? [] : [["accuracy", `${percent(accuracy)} of these ${rows} rows`]] as const,
    ...trained && best !== undefined && best >= 0 && trained.validation.losses.length > 0
      ? [[
        "held out",
        `${percent(trained.validation.accuracies[best])}, loss ${
          formatNumber(trained.validation.losses[best])
        } after epoch ${trained.bestEpoch}`,
      ]] as const
      : [],
    ...trained ? [["loss", `${formatNumber(trained.objective)} after ${trained.iterations} epochs`]] as const : [],
    ...flat
      ? [
        ["sharpest", `${formatNumber(flat.largestEigenvalue)}, the largest eigenvalue of the Hessian`],
        ["trace", `${formatNumber(flat.trace)} +- ${formatNumber(flat.traceStandardError)}`],
        ["rises by", `${formatNumber(flat.rhoSharpness)} or more within a distance of 0.05`],
      ] as const
      : [],
    ...trained
      ? [["ran on", `${trained.plan.backend} (${trained.plan.reason}), ${formatDuration(trained.elapsedMs)}`]] as const
      : [],
  ]);
  if (trained && trained.skippedSteps > 0) {
    terminal.note(`${trained.skippedSteps} steps were left out: their losses or gradients were not finite`);
  }
  if (trained?.status === "time-limit") terminal.note("stopped at its time limit: a better fit may exist");
}

function jsonReport({ data, classifier, trained, flat, accuracy }: Report): unknown {
  return {
    target: data.target,
    classes: data.classes,
    parameters: classifier.parameters.length,
    accuracy,
    ...(trained && {
      status: trained.status,
      objective: trained.objective,
      trace: Array.from(trained.trace),
      validation: {
        losses: Array.from(trained.validation.losses),
        accuracies: Array.from(trained.validation.accuracies),
      },
      bestEpoch: trained.bestEpoch,
      skippedSteps: trained.skippedSteps,
      elapsedMs: trained.elapsedMs,
      plan: trained.plan,
    }),
    ...(flat && {
      sharpness: {
        largestEigenvalue: flat.largestEigenvalue,
        trace: flat.trace,
        traceStandardError: flat.traceStandardError,
        rhoSharpness: flat.rhoSharpness,
      },
    }),
  };
}
