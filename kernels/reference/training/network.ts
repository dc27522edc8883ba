import type {
  HostArray,
  NetworkArguments,
  NetworkAscentArguments,
  NetworkGradientsArguments,
  NetworkOutputsArguments,
  NetworkProductsArguments,
} from "../../contract.ts";
import {
  DENSE,
  IDENTITY,
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
  POOLING,
  SOFTMAX,
  TANH,
  UNSCALED,
} from "../../contract/training/constants.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** A number for each place, f64. */
type Values = Float64Array;

/** A layer that knows which output takes which input with which parameter: everything else follows from that. */
interface Layer {
  readonly kind: number;
  readonly activation: number;
  readonly size: number;
  readonly biases: number;
  readonly outputs: number;
  /** Calls for each term `output += weight * input`, with the place of the weight, or -1 for the mean of four. */
  visit(term: (output: number, input: number, weight: number) => void): void;
}

function layersOf(words: Int32Array): Layer[] {
  return Array.from({ length: words.length / LAYER_WORDS }, (_, l) => {
    const word = (index: number) => words[l * LAYER_WORDS + index];
    const kind = word(LAYER_KIND), height = word(LAYER_HEIGHT), width = word(LAYER_WIDTH);
    const inputs = word(LAYER_INPUTS), outputs = word(LAYER_OUTPUTS), weights = word(LAYER_WEIGHTS);
    return {
      kind,
      activation: word(LAYER_ACTIVATION),
      size: word(LAYER_OUTPUT_SIZE),
      biases: word(LAYER_BIASES),
      outputs,
      visit(term) {
        if (kind === DENSE) {
          for (let i = 0; i < inputs; i++) for (let o = 0; o < outputs; o++) term(o, i, weights + i * outputs + o);
          return;
        }
        if (kind === POOLING) {
          const columns = width >> 1;
          for (let y = 0; y < 2 * (height >> 1); y++) {
            for (let x = 0; x < 2 * columns; x++) {
              for (let c = 0; c < inputs; c++) {
                term(((y >> 1) * columns + (x >> 1)) * inputs + c, (y * width + x) * inputs + c, -1);
              }
            }
          }
          return;
        }
        for (let y = 0; y < height; y++) {
          for (let x = 0; x < width; x++) {
            for (let k = 0; k < 9; k++) {
              const v = y + Math.floor(k / 3) - 1, u = x + k % 3 - 1;
              if (v < 0 || v >= height || u < 0 || u >= width) continue;
              for (let c = 0; c < inputs; c++) {
                const row = weights + (k * inputs + c) * outputs, input = (v * width + u) * inputs + c;
                for (let o = 0; o < outputs; o++) term((y * width + x) * outputs + o, input, row + o);
              }
            }
          }
        }
      },
    };
  });
}

const quarter = 0.25;

function activated(kind: number, z: number): number {
  return kind === IDENTITY ? z : kind === TANH ? Math.tanh(z) : Math.max(z, 0);
}

/** The slope of an activation, from its output. */
function slopeOf(kind: number, a: number): number {
  return kind === IDENTITY ? 1 : kind === TANH ? 1 - a * a : a > 0 ? 1 : 0;
}

/** The activations of one sample, from its inputs on, and their derivatives in a direction where one is given. */
function forward(layers: readonly Layer[], x: Values, w: Values, direction?: Values): [Values[], Values[]] {
  const activations = [x], tangents = [new Float64Array(x.length)];
  for (const { kind, activation, size, biases, outputs, visit } of layers) {
    const input = activations.at(-1)!, rinput = tangents.at(-1)!;
    const z = new Float64Array(size), rz = new Float64Array(size);
    visit((o, i, k) => {
      const weight = k < 0 ? quarter : w[k];
      z[o] += weight * input[i];
      if (direction) rz[o] += weight * rinput[i] + (k < 0 ? 0 : direction[k] * input[i]);
    });
    for (let o = 0; o < size; o++) {
      if (kind !== POOLING) {
        z[o] += w[biases + o % outputs];
        if (direction) rz[o] += direction[biases + o % outputs];
      }
      z[o] = activated(activation, z[o]);
      rz[o] *= slopeOf(activation, z[o]);
    }
    activations.push(z);
    tangents.push(rz);
  }
  return [activations, tangents];
}

/** Loss of the scores `z`, its gradient, and the derivative of that along `rz`. */
function lossOf(kind: number, z: Values, rz: Values, target: number): { loss: number; d: Values; rd: Values } {
  if (kind === SOFTMAX) {
    const largest = z.reduce((a, b) => Math.max(a, b), -Infinity);
    const p = z.map((value) => Math.exp(value - largest)), sum = p.reduce((a, b) => a + b, 0);
    p.forEach((value, o) => p[o] = value / sum);
    const mean = p.reduce((total, value, o) => total + value * rz[o], 0);
    return {
      loss: Math.log(sum) + largest - z[target],
      d: p.map((value, o) => value - (o === target ? 1 : 0)),
      rd: p.map((value, o) => value * (rz[o] - mean)),
    };
  }
  if (kind === LOGISTIC) {
    const p = 1 / (1 + Math.exp(-z[0])), loss = Math.max(z[0], 0) + Math.log1p(Math.exp(-Math.abs(z[0])));
    return { loss: loss - target * z[0], d: Float64Array.of(p - target), rd: Float64Array.of(p * (1 - p) * rz[0]) };
  }
  return { loss: (z[0] - target) ** 2 / 2, d: Float64Array.of(z[0] - target), rd: Float64Array.of(rz[0]) };
}

/** Calls for each sample of each group. */
function forEachSample(
  { batch, bounds, first, groups, inputs, parameters, losses }: NetworkArguments,
  call: (group: number, x: Values, w: Values, sample: number, share: number, place: number) => number,
): void {
  const X = matrixView(inputs), W = matrixView(parameters), samples = hostView(batch), begins = hostView(bounds);
  const means = vectorView(losses),
    row = (values: ArrayLike<number>, at: number, length: number) =>
      Float64Array.from({ length }, (_, i) => values[at + i]);
  for (let group = 0; group < groups; group++) {
    const begin = begins[first + group], end = begins[first + group + 1];
    const w = row(W.values, (W.rows === 1 ? 0 : group) * W.stride, W.columns);
    let sum = 0;
    for (let at = begin; at < end; at++) {
      const x = row(X.values, samples[at] * X.stride, X.columns);
      sum += call(group, x, w, samples[at], 1 / (end - begin), at - begins[first]);
    }
    means[group] = sum;
  }
}

/** The scores of each sample, and the mean loss of each group. */
export function networkOutputs(operands: NetworkOutputsArguments): void {
  const layers = layersOf(operands.layers.words), Z = matrixView(operands.outputs);
  const targets = vectorView(operands.targets), weights = vectorView(operands.weights);
  forEachSample(operands, (_, x, w, sample, share, place) => {
    const z = forward(layers, x, w)[0].at(-1)!;
    Z.values.set(z, place * Z.stride);
    return share * weights[sample] * lossOf(operands.loss, z, z, targets[sample]).loss;
  });
}

/** Forward and backward, sample by sample. */
export function networkGradients(operands: NetworkGradientsArguments): void {
  derivatives(operands, operands.gradients);
}

/** The gradient, a step along it, and the gradient there. */
export function networkAscent(operands: NetworkAscentArguments): void {
  const { parameters, gradients, norms, perturbedLosses, norm, rho, epsilon, groups } = operands;
  const W = matrixView(parameters), G = matrixView(gradients), lengths = vectorView(norms), { columns } = W;
  networkGradients(operands);
  const points = new Float64Array(groups * columns);
  for (let group = 0; group < groups; group++) {
    const g = G.values.subarray(group * G.stride, group * G.stride + columns);
    const w = W.values.subarray((W.rows === 1 ? 0 : group) * W.stride);
    let squares = 0;
    for (let k = 0; k < columns; k++) squares += g[k] * g[k];
    const length = Math.sqrt(squares);
    const step = norm === UNSCALED ? rho : rho / (length + epsilon);
    for (let k = 0; k < columns; k++) points[group * columns + k] = w[k] + step * g[k];
    lengths[group] = length;
  }
  const array: HostArray<"f64"> = { dtype: "f64", length: points.length, label: "points", address: 0, view: points };
  networkGradients({ ...operands, parameters: { array, rows: groups, columns }, losses: perturbedLosses });
}

/** The same, differentiated in the direction. */
export function networkProducts(operands: NetworkProductsArguments): void {
  derivatives(operands, operands.products, Float64Array.from(vectorView(operands.direction)));
}

function derivatives(
  operands: NetworkArguments,
  results: NetworkGradientsArguments["gradients"],
  direction?: Values,
): void {
  const layers = layersOf(operands.layers.words), R = matrixView(results);
  const targets = vectorView(operands.targets), weights = vectorView(operands.weights);
  const sums = Array.from({ length: operands.groups }, () => new Float64Array(R.columns));
  forEachSample(operands, (group, x, w, sample, share) => {
    const [activations, tangents] = forward(layers, x, w, direction), factor = share * weights[sample];
    const { loss, d: last, rd: rlast } = lossOf(operands.loss, activations.at(-1)!, tangents.at(-1)!, targets[sample]);
    let d = last.map((value) => factor * value), rd = rlast.map((value) => factor * value);
    for (let l = layers.length - 1; l >= 0; l--) {
      const { kind, activation, biases, outputs, visit } = layers[l], sum = sums[group];
      const input = activations[l], rinput = tangents[l], output = activations[l + 1], routput = tangents[l + 1];
      for (let o = 0; o < d.length; o++) {
        const slope = slopeOf(activation, output[o]);
        const change = activation === TANH ? -2 * output[o] * routput[o] : 0;
        rd[o] = rd[o] * slope + d[o] * change;
        d[o] *= slope;
        if (kind !== POOLING) sum[biases + o % outputs] += direction ? rd[o] : d[o];
      }
      const dinput = new Float64Array(input.length), rdinput = new Float64Array(input.length);
      visit((o, i, k) => {
        const weight = k < 0 ? quarter : w[k];
        if (k >= 0) sum[k] += direction ? rinput[i] * d[o] + input[i] * rd[o] : input[i] * d[o];
        dinput[i] += weight * d[o];
        if (direction) rdinput[i] += weight * rd[o] + (k < 0 ? 0 : direction[k] * d[o]);
      });
      d = dinput;
      rd = rdinput;
    }
    return factor * loss;
  });
  sums.forEach((sum, group) => R.values.set(sum, group * R.stride));
}
