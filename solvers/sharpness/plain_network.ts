/** Scores and losses of a network in plain f64, apart from the kernels: what its results are certified by. @module */

import {
  CONVOLUTION,
  DENSE,
  LAYER_ACTIVATION,
  LAYER_BIASES,
  LAYER_HEIGHT,
  LAYER_INPUTS,
  LAYER_KIND,
  LAYER_OUTPUT_SIZE,
  LAYER_OUTPUTS,
  LAYER_WEIGHTS,
  LAYER_WIDTH,
  LAYER_WORDS,
  LOGISTIC,
  PATCH,
  SOFTMAX,
  TANH,
} from "../../kernels/contract/training/constants.ts";
import type { Matrix, Vector } from "../core/matrix.ts";
import { createPace, type Steps } from "../core/steps.ts";
import type { Layers } from "./layers.ts";

/** `z += factor row`, rows of the parameters. */
function addRow(z: Float64Array, at: number, count: number, factor: number, w: Vector, row: number): void {
  for (let o = 0; o < count; o++) z[at + o] += factor * w[row + o];
}

/** Scores of a sample that begins at `from` in the data. */
export function plainScores({ words, features }: Layers, w: Vector, data: Vector, from: number): Float64Array {
  let x: Float64Array = Float64Array.from({ length: features }, (_, j) => data[from + j]);
  for (let at = 0; at < words.length; at += LAYER_WORDS) {
    const kind = words[at + LAYER_KIND], inputs = words[at + LAYER_INPUTS], outputs = words[at + LAYER_OUTPUTS];
    const height = words[at + LAYER_HEIGHT], width = words[at + LAYER_WIDTH], weights = words[at + LAYER_WEIGHTS];
    const z = new Float64Array(words[at + LAYER_OUTPUT_SIZE]);
    if (kind === DENSE) {
      for (let i = 0; i < inputs; i++) if (x[i] !== 0) addRow(z, 0, outputs, x[i], w, weights + i * outputs);
    } else if (kind === CONVOLUTION) {
      convolve(x, z, height, width, inputs, outputs, w, weights);
    } else {
      pool(x, z, height, width, inputs);
    }
    if (kind === DENSE || kind === CONVOLUTION) {
      const biases = words[at + LAYER_BIASES], activation = words[at + LAYER_ACTIVATION];
      for (let o = 0; o < z.length; o++) {
        const value = z[o] + w[biases + o % outputs];
        z[o] = activation === 0 ? value : activation === TANH ? Math.tanh(value) : Math.max(0, value);
      }
    }
    x = z;
  }
  return x;
}

function convolve(
  x: Float64Array,
  z: Float64Array,
  height: number,
  width: number,
  inputs: number,
  outputs: number,
  w: Vector,
  weights: number,
): void {
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      for (let k = 0; k < PATCH; k++) {
        const row = v + Math.floor(k / 3) - 1, column = u + k % 3 - 1;
        if (row < 0 || row >= height || column < 0 || column >= width) continue;
        for (let c = 0; c < inputs; c++) {
          const value = x[(row * width + column) * inputs + c];
          addRow(z, (v * width + u) * outputs, outputs, value, w, weights + (k * inputs + c) * outputs);
        }
      }
    }
  }
}

function pool(x: Float64Array, z: Float64Array, height: number, width: number, channels: number): void {
  const columns = width >> 1;
  for (let v = 0; v < height >> 1; v++) {
    for (let u = 0; u < columns; u++) {
      for (let c = 0; c < channels; c++) {
        const first = (2 * v * width + 2 * u) * channels + c, below = first + width * channels;
        z[(v * columns + u) * channels + c] = (x[first] + x[first + channels] + x[below] + x[below + channels]) / 4;
      }
    }
  }
}

/** Loss of the scores of one sample. */
function plainLoss(loss: number, scores: ArrayLike<number>, at: number, count: number, target: number): number {
  if (loss === SOFTMAX) {
    let largest = -Infinity, sum = 0;
    for (let o = 0; o < count; o++) largest = Math.max(largest, scores[at + o]);
    for (let o = 0; o < count; o++) sum += Math.exp(scores[at + o] - largest);
    return Math.log(sum) + largest - scores[at + target];
  }
  const z = scores[at];
  if (loss === LOGISTIC) return Math.max(z, 0) + Math.log1p(Math.exp(-Math.abs(z))) - target * z;
  return (z - target) ** 2 / 2;
}

/** Most multiply-adds of plain sums for a certificate: some seconds, and about a tenth of a time limit. */
export function affordableWork(timeLimitMs = Infinity): number {
  return Math.min(5e8, 2e4 * timeLimitMs);
}

/** What a loss is the mean of. */
export interface PlainProblem {
  readonly layers: Layers;
  readonly loss: number;
  readonly X: Matrix;
  readonly targets: ArrayLike<number>;
  readonly weights: ArrayLike<number>;
  /** The samples that count. */
  readonly samples: ArrayLike<number>;
}

/** The mean loss at `parameters`, plain sums. */
export function* plainMeanLoss(
  { layers, loss, X, targets, weights, samples }: PlainProblem,
  parameters: Vector,
): Steps<number> {
  const isDue = createPace();
  let sum = 0;
  for (let i = 0; i < samples.length; i++) {
    const sample = samples[i], scores = plainScores(layers, parameters, X.data, sample * X.shape[1]);
    sum += weights[sample] * plainLoss(loss, scores, 0, layers.outputs, targets[sample]);
    if (isDue(2 * layers.work)) yield;
  }
  return samples.length > 0 ? sum / samples.length : 0;
}
