/** Losses with exact gradients and products with the Hessian, for the caller's own optimisation. @module */

import type { MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { LOGISTIC, SOFTMAX, SQUARED } from "../../kernels/contract/training/constants.ts";
import { openWorkspace, type Workspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { DataError, OptionError, ShapeError } from "../core/errors.ts";
import {
  checkMatrix,
  dtypeOf,
  likeVector,
  type Matrix,
  type Samples,
  toVectorArgument,
  type Vector,
  type VectorLike,
} from "../core/matrix.ts";
import { choice, group, integer, list, number, type OptionTable, required } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Activation, initialParameters, layersOf } from "./layers.ts";
import { createNetwork } from "./network.ts";
import { type ConvolutionOptions, convolutionOptions } from "./train_options.ts";
import { checkFeatures, checkImages, wholeWidth } from "./training_data.ts";

/** A loss over samples in memory of its own: `gradient` is what `sam` takes, with `product` what `sharpness` takes. */
export interface LossModel {
  /** Number of the parameters. */
  readonly size: number;
  /** Where each tensor of the parameters begins. */
  readonly segments: Uint32Array;
  /** Parameters to begin with, in the precision of the samples. */
  initial(seed?: number): Vector;
  /** Writes the gradient of the mean loss over the samples of `batch`, null for all, to `out`; returns the loss. */
  gradient(parameters: Vector, batch: Uint32Array | null, out: Vector): Promise<number>;
  /** Writes the Hessian of the mean loss over all samples, times `vector`, to `out`. */
  product(parameters: Vector, vector: Vector, out: Vector): Promise<void>;
  /** Frees its memory; idempotent. */
  release(): void;
}

/** Options of {@linkcode networkLoss}. */
export interface NetworkLossOptions {
  /** Cross-entropy of classes, of 0 and 1, or half the squared error of numbers. */
  readonly loss: "softmax" | "logistic" | "least-squares";
  /** Widths of the hidden layers, from 1 to 65536; without any the model is linear. @default [] */
  readonly hidden?: readonly number[];
  /** Convolutions before them. @default none */
  readonly convolution?: ConvolutionOptions;
  /** What follows each of these layers. @default "tanh" */
  readonly activation?: Activation;
  /** Classes of the softmax, 2 or more. @default one more than the largest target */
  readonly classes?: number;
  /** Where to run. @default "auto" */
  readonly backend?: "auto" | "reference" | "wasm";
}

/** Options of {@linkcode kernelRidge}. */
export interface KernelRidgeOptions {
  /** Price of the squared norm of the function, >= 0. @default 0 */
  readonly ridge?: number;
  /** Where to run. @default "auto" */
  readonly backend?: "auto" | "reference" | "wasm";
}

const backend = choice(["auto", "reference", "wasm"], { default: "auto", about: "Where to run." });

/** Table of the options of {@linkcode networkLoss}. */
export const networkLossOptions: OptionTable<NetworkLossOptions, "convolution" | "classes"> = {
  loss: required(choice(["softmax", "logistic", "least-squares"], {
    about: "Cross-entropy of classes, of 0 and 1, or half the squared error of numbers.",
  })),
  hidden: list({
    least: 1,
    most: 65536,
    empty: true,
    default: [],
    about: "Widths of the hidden layers; without any the model is linear.",
  }),
  convolution: group<ConvolutionOptions>(convolutionOptions, {
    otherwise: "none",
    about: "Convolutions before them.",
  }),
  activation: choice(["tanh", "relu"], { default: "tanh", about: "What follows each of these layers." }),
  classes: integer({
    least: 2,
    most: 65536,
    otherwise: "one more than the largest target",
    about: "Classes of the softmax.",
  }),
  backend,
};

/** Table of the options of {@linkcode kernelRidge}. */
export const kernelRidgeOptions: OptionTable<KernelRidgeOptions> = {
  ridge: number({ least: 0, most: 1e100, default: 0, about: "Price of the squared norm of the function." }),
  backend,
};

const action = "make the loss";
const losses = { softmax: SOFTMAX, logistic: LOGISTIC, "least-squares": SQUARED } as const;

/**
 * The mean loss of a linear model or a network over samples: least squares, logistic and softmax regression, perceptrons,
 * convolutions. Gradients are exact, and so are products with the Hessian, by the R operator (Pearlmutter 1994).
 *
 * @param X Samples as rows [samples, features], in f32 or f64: the precision of the model.
 * @param targets Classes from 0 on, 0 and 1, or numbers.
 * @throws {ShapeError} when `X` is empty, or `targets` or the shape of images do not fit
 * @throws {DataError} for NaN, infinities, and targets that the loss does not know
 *
 * @example
 * ```ts
 * import { fromRows, networkLoss, sam } from "@minima/minima";
 * const X = fromRows([[1, 2], [2, 1], [3, 3]]), y = [5, 4, 9];
 * const model = await networkLoss(X, y, { loss: "least-squares" }), w = model.initial();
 * const optimizer = sam({ gradient: model.gradient, rho: 0.01, base: { learningRate: 0.05 } });
 * let report = await optimizer.step(w, null);
 * for (let step = 0; step < 500; step++) report = await optimizer.step(w, null);
 * optimizer.release();
 * model.release();
 * if (report.loss > 1e-3) throw new Error("y = x_0 + 2 x_1 fits exactly");
 * ```
 */
export async function networkLoss(
  X: Samples,
  targets: VectorLike | Uint32Array,
  options: NetworkLossOptions,
): Promise<LossModel> {
  const resolved = resolveOptions(networkLossOptions, options, "the loss of a network");
  const dense = checkFeatures(X, action), [rows, features] = dense.shape, dtype = dtypeOf(dense.data);
  const given = targets instanceof Uint32Array ? Float64Array.from(targets) : targets;
  const y = checkTargets(toVectorArgument("targets", given, action), rows, resolved.loss);
  checkImages(resolved.convolution, features, action);
  const layers = layersOf({
    features,
    convolution: resolved.convolution &&
      { ...resolved.convolution, channels: resolved.convolution.channels.map(wholeWidth("convolution.channels")) },
    hidden: resolved.hidden.map(wholeWidth("hidden")),
    outputs: resolved.loss === "softmax" ? classesOf(y, resolved.classes) : 1,
    activation: resolved.activation,
  });
  const families = [denseFamily, trainingFamily];
  const workspace = await openWorkspace({ families, backend: resolved.backend, threads: 1, dtype, flops: 0 });
  try {
    const size = layers.parameterCount, bounds = Uint32Array.of(0, 0);
    const network = createNetwork(workspace, {
      layers,
      loss: losses[resolved.loss],
      dtype,
      X: dense,
      targets: y,
      weights: new Float64Array(rows).fill(1),
      batch: { samples: rows, parts: 1, largest: rows },
    });
    const pass = network.passOver(Uint32Array.from({ length: rows }, (_, i) => i));
    const vector = (label: string): VectorOperand => ({ array: workspace.allocate(dtype, size, label), length: size });
    const point = vector("parameters"), along = vector("direction"), out = vector("result");
    const loss: VectorOperand = { array: workspace.allocate("f64", 1, "loss"), length: 1 };
    const row = ({ array }: VectorOperand): MatrixOperand => ({ array, rows: 1, columns: size });
    const ofBatch = network.source.evaluation(row(point), 0, row(out), loss);
    const result = workspace.view(out.array) as Vector, pause = () => Promise.resolve();
    return modelOf(workspace, size, layers.segments.slice(0, -1), {
      initial: (seed) => cast(dense, initialParameters(layers, seed)),
      async gradient(parameters, batch, target) {
        workspace.write(point.array, parameters);
        let value: number;
        if (batch === null) value = await pass.gradient(point, out, pause);
        else {
          checkSamples(batch, rows);
          bounds[1] = batch.length;
          network.setBatch(batch, bounds);
          await ofBatch();
          value = workspace.view(loss.array)[0];
        }
        target.set(result);
        return value;
      },
      async product(parameters, direction, target) {
        workspace.write(point.array, parameters);
        workspace.write(along.array, direction);
        await pass.product(point, along, out, pause);
        target.set(result);
      },
    });
  } catch (error) {
    workspace.release();
    throw error;
  }
}

/**
 * Kernel ridge regression in its coefficients `a`: the mean of `(K a - y)_i^2 / 2` over the batch, and
 * `ridge / 2 a^T K a`.
 *
 * @param kernel A symmetric positive semidefinite matrix of the samples [samples, samples].
 * @throws {ShapeError} when the matrix is not square, or `y` does not fit
 * @throws {DataError} for NaN, infinities and a matrix that is not symmetric
 *
 * @example
 * ```ts
 * import { fromRows, kernelRidge } from "@minima/minima";
 * const model = await kernelRidge(fromRows([[2, 1], [1, 2]]), [3, 3]), out = new Float64Array(2);
 * const loss = await model.gradient(Float64Array.of(1, 1), null, out);
 * model.release();
 * if (loss !== 0 || out[0] !== 0) throw new Error("K a = y");
 * ```
 */
export async function kernelRidge(kernel: Matrix, y: VectorLike, options: KernelRidgeOptions = {}): Promise<LossModel> {
  const { ridge, backend } = resolveOptions(kernelRidgeOptions, options, "kernel ridge regression");
  checkMatrix("kernel", kernel, action);
  const [size, columns] = kernel.shape, answers = toVectorArgument("y", y, action), dtype = dtypeOf(kernel.data);
  if (size !== columns || size === 0) {
    throw new ShapeError("kernel", `Cannot ${action}: "kernel" is ${size} x ${columns}, expected a square matrix.`);
  }
  if (answers.length !== size) {
    throw new ShapeError("y", `Cannot ${action}: "y" has ${answers.length} elements, but "kernel" has ${size} rows.`);
  }
  checkSymmetric(kernel, action);
  const workspace = await openWorkspace({ families: [denseFamily], backend, threads: 1, dtype, flops: 0 });
  const { kernels } = workspace,
    a: MatrixOperand = {
      array: workspace.allocate(dtype, size * size, "kernel matrix"),
      rows: size,
      columns: size,
    };
  workspace.write(a.array, kernel.data);
  const vector = (label: string): VectorOperand => ({ array: workspace.allocate(dtype, size, label), length: size });
  const point = vector("coefficients"),
    image = vector("values"),
    residual = vector("residuals"),
    out = vector("result");
  const values = workspace.view(image.array), errors = workspace.view(residual.array);
  const result = workspace.view(out.array), counts = new Float64Array(size);
  const all = Uint32Array.from({ length: size }, (_, i) => i);
  return modelOf(workspace, size, Uint32Array.of(0), {
    initial: () => likeVector(kernel.data, size),
    async gradient(parameters, batch, target) {
      const samples = batch ?? all;
      checkSamples(samples, size);
      workspace.write(point.array, parameters);
      await kernels.gemv({ a, x: point, y: image });
      let loss = 0;
      counts.fill(0);
      for (const sample of samples) {
        const error = values[sample] - answers[sample];
        loss += error * error / 2 / samples.length;
        counts[sample] += error / samples.length;
      }
      errors.set(counts);
      await kernels.gemv({ a, x: residual, y: out });
      for (let k = 0; k < size; k++) {
        loss += ridge / 2 * parameters[k] * values[k];
        target[k] = result[k] + ridge * values[k];
      }
      return loss;
    },
    async product(_, direction, target) {
      workspace.write(point.array, direction);
      await kernels.gemv({ a, x: point, y: image });
      await kernels.gemv({ a, x: image, y: out });
      for (let k = 0; k < size; k++) target[k] = result[k] / size + ridge * values[k];
    },
  });
}

/** A model whose vectors are checked, and which one call at a time uses. */
function modelOf(
  workspace: Workspace,
  size: number,
  segments: Uint32Array,
  { initial, gradient, product }: Pick<LossModel, "gradient" | "product"> & { initial: (seed: number) => Vector },
): LossModel {
  let released = false, turn: Promise<unknown> = Promise.resolve();
  const checked = (vectors: readonly [string, Vector][]) => {
    if (released) throw new Error("Cannot use the loss: it has been released.");
    for (const [name, value] of vectors) {
      if (value?.length === size) continue;
      throw new ShapeError(name, `Cannot use the loss: "${name}" has ${value?.length} elements, expected ${size}.`);
    }
  };
  /** Calls share arrays, and take turns. */
  const inTurn = <T>(call: () => Promise<T>): Promise<T> => {
    const result = turn.then(call);
    turn = result.catch(() => {});
    return result;
  };
  return {
    size,
    segments,
    initial: (seed = 0) => initial(seed),
    async gradient(parameters, batch, out) {
      checked([["parameters", parameters], ["out", out]]);
      return await inTurn(() => gradient(parameters, batch, out));
    },
    async product(parameters, vector, out) {
      checked([["parameters", parameters], ["vector", vector], ["out", out]]);
      await inTurn(() => product(parameters, vector, out));
    },
    release() {
      released = true;
      turn.then(() => workspace.release());
    },
  };
}

function cast({ data }: Matrix, values: Float64Array): Vector {
  const result = likeVector(data, values.length);
  result.set(values);
  return result;
}

function checkSamples(batch: Uint32Array, rows: number): void {
  const at = batch.findIndex((sample) => sample >= rows);
  if (at < 0 && batch.length > 0 && batch.length <= rows) return;
  const what = at >= 0 ? `sample ${batch[at]}` : `${batch.length} samples`;
  throw new OptionError("batch", `Cannot use "batch": expected 1 to ${rows} samples below ${rows}, received ${what}.`);
}

function checkTargets(targets: Vector, rows: number, loss: NetworkLossOptions["loss"]): Vector {
  if (targets.length !== rows) {
    throw new ShapeError(
      "targets",
      `Cannot ${action}: "targets" has ${targets.length} elements, but "X" has ${rows} rows.`,
    );
  }
  const wrong = targets.findIndex((value) =>
    loss === "softmax"
      ? !(Number.isInteger(value) && value >= 0 && value < 65536)
      : loss === "logistic" && !(value >= 0 && value <= 1)
  );
  if (wrong < 0) return targets;
  const expected = loss === "softmax" ? "a class from 0 to 65535" : "a number from 0 to 1";
  throw new DataError("targets", `Cannot ${action}: "targets" is ${targets[wrong]} at ${wrong}, expected ${expected}.`);
}

function classesOf(targets: Vector, classes: number | undefined): number {
  let largest = 0;
  for (const target of targets) largest = Math.max(largest, target);
  if (classes === undefined) return Math.max(2, largest + 1);
  if (largest < classes) return classes;
  throw new DataError("targets", `Cannot ${action}: "targets" has the class ${largest}, but there are ${classes}.`);
}

/** @throws {DataError} for a kernel's matrix that is not symmetric */
export function checkSymmetric({ data, shape: [size] }: Matrix, action: string): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const one = data[i * size + j], other = data[j * size + i];
      const most = Math.sqrt(Math.abs(data[i * (size + 1)] * data[j * (size + 1)]));
      if (Math.abs(one - other) <= 1e-6 * Math.max(Math.abs(one), Math.abs(other), most)) continue;
      throw new DataError(
        "kernel",
        `Cannot ${action}: "kernel" is ${one} at (${i}, ${j}), but ${other} at (${j}, ${i}).`,
      );
    }
  }
}
