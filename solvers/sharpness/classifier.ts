/** A trained classifier: what it says of samples, and what it was trained on. @module */

import { checkParts } from "../core/kinds.ts";
import { withWorkspace, type WorkRequest } from "../../kernels/engine/mod.ts";
import { SOFTMAX } from "../../kernels/contract/training/constants.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { trainingFamily } from "../../kernels/families/training.ts";
import { distrust } from "../core/certificate.ts";
import { DataError, ShapeError } from "../core/errors.ts";
import { dtypeOf, type Matrix, matrix, type Samples, type Vector } from "../core/matrix.ts";
import { choice, group, type IndicesLike, integer, list, type OptionTable, required } from "../core/options.ts";
import { checkOption } from "../core/resolve_options.ts";
import { layersOf, type NetworkSpecification, tensorsOf, type TensorView } from "./layers.ts";
import { createNetwork } from "./network.ts";
import { plainScores } from "./plain_network.ts";
import { type ConvolutionOptions, convolutionOptions } from "./train_options.ts";
import { checkFeatures, checkImages, checkLabels, type FeatureScaling, scaled, wholeWidth } from "./training_data.ts";

/** Everything that a classifier is, as plain data. */
export interface ClassifierModel {
  /** Its layers. */
  readonly network: NetworkSpecification;
  /** Weights and biases of each layer in turn, weights [inputs, outputs], of convolutions [3, 3, inputs, outputs]. */
  readonly parameters: Vector;
  /** How features are scaled before the first layer. */
  readonly scaling: FeatureScaling;
}

/** A classifier. */
export interface Classifier {
  /** Everything that it is, to be kept and taken up again by {@linkcode classifierOf}. */
  readonly model: ClassifierModel;
  /** The parameters, those of the model. */
  readonly parameters: Vector;
  /** The tensors of the parameters by name, views of them. */
  tensors(): Map<string, TensorView>;
  /** The most probable class of each sample. */
  predict(X: Samples): Promise<Uint32Array>;
  /** Probabilities of the classes [samples, classes], f64. */
  probabilities(X: Samples): Promise<Matrix>;
  /** Share of the samples whose most probable class is their label. */
  accuracy(X: Samples, labels: IndicesLike): Promise<number>;
}

const action = "classify";

/** What the layers of a model may be, wherever it was kept meanwhile. */
const networkTable: OptionTable<NetworkSpecification, "convolution"> = {
  features: required(integer({ least: 1, most: 2 ** 31 - 1, about: "Inputs." })),
  convolution: group<ConvolutionOptions>(convolutionOptions, { about: "Convolutions before the hidden layers." }),
  hidden: required(list({ least: 1, most: 65536, empty: true, about: "Widths of the hidden layers." })),
  outputs: required(integer({ least: 1, most: 65536, about: "Classes." })),
  activation: required(choice(["tanh", "relu"], { about: "What follows each layer but the last." })),
};
const modelNetwork = group<NetworkSpecification, "convolution">(networkTable, { about: "The layers." });

function checkNetwork(network: NetworkSpecification): void {
  checkOption(modelNetwork, network, "network", "a classifier");
  const { features, hidden, convolution } = network;
  hidden.forEach(wholeWidth("network.hidden"));
  convolution?.channels.forEach(wholeWidth("network.convolution.channels"));
  checkImages(convolution, features, action);
}

/**
 * The classifier of a model, such as one that was saved.
 *
 * @throws {OptionError} for a network that is none
 * @throws {ShapeError} where the parameters or scales do not fit the network
 * @throws {DataError} for parameters that are not finite, and scales that are not positive
 *
 * @example
 * ```ts
 * import { classifierOf, fromRows } from "@minima/minima";
 * // One feature, two classes: the second where it is positive.
 * const classifier = classifierOf({
 *   network: { features: 1, hidden: [], outputs: 2, activation: "tanh" },
 *   parameters: Float64Array.of(-1, 1, 0, 0),
 *   scaling: { means: new Float64Array(1), scales: Float64Array.of(1) },
 * });
 * const classes = await classifier.predict(fromRows([[-2], [3]]));
 * if (classes.join() !== "0,1") throw new Error("wrong");
 * ```
 */
export function classifierOf(model: ClassifierModel): Classifier {
  checkParts("model", model, { network: "object", parameters: "floats", scaling: "object" }, action);
  checkNetwork(model.network);
  const layers = layersOf(model.network), { parameters, scaling } = model;
  if (parameters.length !== layers.parameterCount) {
    throw new ShapeError(
      "parameters",
      `Cannot ${action}: expected ${layers.parameterCount} "parameters" of the network, received ${parameters.length}.`,
    );
  }
  if (!parameters.every(Number.isFinite)) throw new DataError("parameters", `Cannot ${action}: "parameters" hold NaN.`);
  for (const name of ["means", "scales"] as const) {
    const values = scaling[name], fine = name === "means" ? Number.isFinite : (value: number) => value > 0;
    if (values.length === model.network.features && values.every(fine)) continue;
    throw new ShapeError(
      `scaling.${name}`,
      `Cannot ${action}: expected ${model.network.features} ${name === "means" ? "numbers" : "positive numbers"} as ` +
        `"scaling.${name}".`,
    );
  }
  const classes = layers.outputs;

  /** Scores of each sample, those of one compared with plain sums. */
  async function scoresOf(X: Samples): Promise<{ scores: Vector; rows: number }> {
    const dense = checkFeatures(X, action, layers.features), [rows] = dense.shape;
    if (rows === 0) return { scores: new Float64Array(0), rows };
    const own = scaled(dense, scaling, action), dtype = dtypeOf(parameters);
    const request: WorkRequest = { families: [denseFamily, trainingFamily], dtype, flops: 2 * rows * layers.work };
    return await withWorkspace(request, async (workspace) => {
      const network = createNetwork(workspace, {
        layers,
        loss: SOFTMAX,
        dtype,
        X: own,
        targets: new Float64Array(rows),
        weights: new Float64Array(rows).fill(1),
        batch: { samples: 1, parts: 1, largest: 1 },
      });
      const point = workspace.allocate(dtype, parameters.length, "parameters");
      workspace.write(point, parameters);
      const pass = network.passOver(Uint32Array.from({ length: rows }, (_, i) => i));
      const { scores } = await pass.outputs({ array: point, length: parameters.length }, () => Promise.resolve());
      const sample = rows >> 1, plain = plainScores(layers, parameters, own.data, sample * layers.features);
      const size = plain.reduce((most, value) => Math.max(most, Math.abs(value)), 1);
      plain.forEach((value, o) => {
        const received = scores[sample * classes + o];
        if (Math.abs(received - value) <= scoreRounding[dtype] * size) return;
        throw distrust(`score ${o} of sample ${sample} is ${received}, by plain sums ${value}`);
      });
      return { scores, rows };
    });
  }

  const predict = async (X: Samples) => {
    const { scores, rows } = await scoresOf(X), labels = new Uint32Array(rows);
    for (let i = 0; i < rows; i++) {
      let best = 0;
      for (let c = 1; c < classes; c++) if (scores[i * classes + c] > scores[i * classes + best]) best = c;
      labels[i] = best;
    }
    return labels;
  };

  return {
    model,
    parameters,
    tensors: () => tensorsOf(layers, parameters),
    predict,
    async probabilities(X) {
      const { scores, rows } = await scoresOf(X), shares = Float64Array.from(scores);
      for (let i = 0; i < rows; i++) toProbabilities(shares.subarray(i * classes, (i + 1) * classes));
      return matrix(rows, classes, shares);
    },
    async accuracy(X, labels) {
      const predicted = await predict(X), known = checkLabels(labels, predicted.length, action);
      let right = 0;
      predicted.forEach((label, i) => right += Number(label === known[i]));
      return predicted.length > 0 ? right / predicted.length : 0;
    },
  };
}

/** How far rounding may move a score, as a share of the largest. */
export const scoreRounding = { f32: 1e-3, f64: 1e-9 } as const;

function toProbabilities(scores: Float64Array): void {
  const largest = scores.reduce((a, b) => Math.max(a, b), -Infinity);
  let sum = 0;
  scores.forEach((score, c) => sum += scores[c] = Math.exp(score - largest));
  scores.forEach((share, c) => scores[c] = share / sum);
}
