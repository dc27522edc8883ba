/** Losses with exact gradients and products with the Hessian, for the caller's own optimisation. @module */

import type { MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { LOGISTIC, SOFTMAX, SQUARED } from "../../kernels/contract/training/constants.ts";
import { openWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { DataError, ShapeError } from "../core/errors.ts";
import {
  dtypeOf,
  likeVector,
  type Matrix,
  type Samples,
  toVectorArgument,
  type Vector,
  type VectorLike,
} from "../core/matrix.ts";
import { choice, group, integer, list, type OptionTable, required } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Activation, initialParameters, layersOf } from "./layers.ts";
import { checkSamples, lossBackend, type LossModel, modelOf } from "./loss_model.ts";
import { createNetwork } from "./network.ts";
import { type ConvolutionOptions, convolutionOptions } from "./train_options.ts";
import { checkFeatures, checkImages, wholeWidth } from "./training_data.ts";
import { counted } from "../core/shown.ts";

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
  backend: lossBackend,
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

function cast({ data }: Matrix, values: Float64Array): Vector {
  const result = likeVector(data, values.length);
  result.set(values);
  return result;
}

function checkTargets(targets: Vector, rows: number, loss: NetworkLossOptions["loss"]): Vector {
  if (targets.length !== rows) {
    throw new ShapeError(
      "targets",
      `Cannot ${action}: "targets" has ${counted(targets.length, "element")}, but "X" has ${counted(rows, "row")}.`,
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
