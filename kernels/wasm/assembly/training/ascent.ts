// Gradients where a step of ascent leads, for groups of samples and networks of dense layers. The gradient of a layer's
// weights is A^T D, with the activations A that come into it and the slopes D of what leaves it, a row a sample: of rank b
// at most. So the perturbed weights W + A^T E, with E = s D, are never made, nor is the first gradient:
//
//   ||gradient||^2 = sum_l < A A^T + 1, D D^T >                        (Goodfellow 2015; the 1 is the biases')
//   A' (W + A^T E) = A' W + (A' A^T) E,                                in the first layer, where A' = A, without a product
//   D' (W + A^T E)^T = D' W^T + (D' E^T) A.
//
// Layouts are those of `network.ts`. Scratch, each part at a multiple of 64 bytes: activations of both passes, slopes of the
// first, deltas and the next deltas of the second, three matrices [b, b], and that of matrix products.

import {
  LAYER_ACTIVATION, LAYER_BIASES, LAYER_INPUT_AT, LAYER_INPUTS, LAYER_OUTPUT_AT, LAYER_OUTPUTS, LAYER_WEIGHTS, UNSCALED,
} from "../../../contract/training/constants";
import { nrm2 } from "../dense/vector";
import { at } from "../simd";
import { backActivation, biasActivation } from "./activation";
import { columnSums, inputGradient, layerProduct, rowProduct, transposedProduct, weightGradient, word } from "./layers";
import { lossGradient } from "./loss";
import { after, entry, forward, gather, layerAt } from "./network";

/** Share of the norms of all samples below which the norm of their sum is found from itself: squares would cancel. */
const LEAST_SHARE: f64 = 1e-3;

// exported for f32, f64
export function networkAscent<T>(
  layers: usize, count: i32, loss: i32, size: i32, widest: i32, patchSize: i32, largest: i32,
  inputs: usize, inputStride: i32, features: i32, targets: usize, weights: usize, batch: usize, bounds: usize, first: i32,
  parameters: usize, parameterStride: i32, losses: usize, norms: usize, perturbedLosses: usize, norm: i32, rho: f64,
  epsilon: f64, parameterCount: i32, gradients: usize, gradientStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  const bytes: usize = sizeof<T>();
  const acts = scratch, moved = after<T>(acts, largest * size), slopes = after<T>(moved, largest * size);
  const deltas = after<T>(slopes, largest * size), others = after<T>(deltas, largest * widest);
  const own = after<T>(others, largest * widest), square = after<T>(own, largest * largest);
  const other = after<T>(square, largest * largest), products = after<T>(other, largest * largest);
  const last = layerAt(layers, count - 1), n = word(last, LAYER_OUTPUTS);
  for (let group = begin; group < end; group++) {
    const from = entry(bounds, first + group), b = entry(bounds, first + group + 1) - from;
    const samples = batch + (<usize> from << 2), w = at(parameters, group * parameterStride, bytes);
    const gradient = at(gradients, group * gradientStride, bytes);
    gather<T>(b, features, inputs, inputStride, samples, acts);
    forward<T>(layers, count, b, w, acts, 0, products, moved);
    const scoresAt = b * word(last, LAYER_OUTPUT_AT), scores = at(acts, scoresAt, bytes);
    const value = lossGradient<T>(loss, b, n, samples, targets, weights, scores, at(slopes, scoresAt, bytes));
    store<f64>(at(losses, group, 8), value);
    let total: f64 = 0, apart: f64 = 0;
    for (let l = count - 1; l >= 0; l--) {
      const layer = layerAt(layers, l), m = word(layer, LAYER_INPUTS), columns = word(layer, LAYER_OUTPUTS);
      const place = b * word(layer, LAYER_INPUT_AT), out = b * word(layer, LAYER_OUTPUT_AT);
      const x = at(acts, place, bytes), d = at(slopes, out, bytes), inner = l == 0 ? own : square;
      backActivation<T>(b * columns, word(layer, LAYER_ACTIVATION), at(acts, out, bytes), d);
      if (l > 0) inputGradient<T>(layer, b, d, at(w, word(layer, LAYER_WEIGHTS), bytes), 0, at(slopes, place, bytes), 0, products);
      transposedProduct<T>(b, b, m, x, x, 0, inner, products);
      transposedProduct<T>(b, b, columns, d, d, 0, other, products);
      addOne<T>(b * b, inner);
      total += productSum<T>(b * b, inner, other);
      for (let i = 0; i < b; i++) {
        const k = i * (b + 1);
        apart += sqrt(<f64> load<T>(at(inner, k, bytes)) * <f64> load<T>(at(other, k, bytes)));
      }
    }
    let length = sqrt(total);
    if (!(total > LEAST_SHARE * apart * apart && total < Infinity)) {
      backward<T>(layers, count, b, acts, slopes, gradient, products);
      length = nrm2<T>(parameterCount, gradient);
    }
    store<f64>(at(norms, group, 8), length);
    scale<T>(b * (size - features), <T> (norm == UNSCALED ? rho : rho / (length + epsilon)), at(slopes, b * features, bytes));
    const movedScores = at(moved, scoresAt, bytes);
    movedForward<T>(layers, count, b, w, acts, slopes, own, square, moved, products);
    store<f64>(at(perturbedLosses, group, 8), lossGradient<T>(loss, b, n, samples, targets, weights, movedScores, deltas));
    let d = deltas, next = others;
    for (let l = count - 1; l >= 0; l--) {
      const layer = layerAt(layers, l), m = word(layer, LAYER_INPUTS), columns = word(layer, LAYER_OUTPUTS);
      const place = b * word(layer, LAYER_INPUT_AT), out = b * word(layer, LAYER_OUTPUT_AT), x = at(acts, place, bytes);
      backActivation<T>(b * columns, word(layer, LAYER_ACTIVATION), at(moved, out, bytes), d);
      columnSums<T>(b, columns, d, at(gradient, word(layer, LAYER_BIASES), bytes));
      const target = at(gradient, word(layer, LAYER_WEIGHTS), bytes);
      weightGradient<T>(layer, b, l == 0 ? x : at(moved, place, bytes), d, 0, target, 0, products);
      if (l == 0) break;
      inputGradient<T>(layer, b, d, at(w, word(layer, LAYER_WEIGHTS), bytes), 0, next, 0, products);
      transposedProduct<T>(b, b, columns, d, at(slopes, out, bytes), 0, square, products);
      rowProduct<T>(b, m, b, square, x, 1, next, products);
      const used = d;
      d = next;
      next = used;
    }
  }
}

/** Activations where the parameters are perturbed, from the products of the first layer, which are in their place. */
function movedForward<T>(
  layers: usize, count: i32, b: i32, w: usize, acts: usize, slopes: usize, own: usize, square: usize, moved: usize,
  products: usize,
): void {
  const bytes: usize = sizeof<T>();
  for (let l = 0; l < count; l++) {
    const layer = layerAt(layers, l), m = word(layer, LAYER_INPUTS), columns = word(layer, LAYER_OUTPUTS);
    const place = b * word(layer, LAYER_INPUT_AT), out = b * word(layer, LAYER_OUTPUT_AT);
    const x = at(moved, place, bytes), z = at(moved, out, bytes), step = at(slopes, out, bytes);
    if (l == 0) rowProduct<T>(b, columns, b, own, step, 1, z, products);
    else {
      layerProduct<T>(layer, b, x, at(w, word(layer, LAYER_WEIGHTS), bytes), 0, z, 0, products);
      transposedProduct<T>(b, b, m, x, at(acts, place, bytes), 0, square, products);
      addOne<T>(b * b, square);
      rowProduct<T>(b, columns, b, square, step, 1, z, products);
    }
    biasActivation<T>(b, columns, at(w, word(layer, LAYER_BIASES), bytes), word(layer, LAYER_ACTIVATION), z);
  }
}

/** The gradient from the slopes of every layer. */
function backward<T>(
  layers: usize, count: i32, b: i32, acts: usize, slopes: usize, gradient: usize, products: usize,
): void {
  for (let l = 0; l < count; l++) {
    const layer = layerAt(layers, l), d = at(slopes, b * word(layer, LAYER_OUTPUT_AT), sizeof<T>());
    const x = at(acts, b * word(layer, LAYER_INPUT_AT), sizeof<T>());
    columnSums<T>(b, word(layer, LAYER_OUTPUTS), d, at(gradient, word(layer, LAYER_BIASES), sizeof<T>()));
    weightGradient<T>(layer, b, x, d, 0, at(gradient, word(layer, LAYER_WEIGHTS), sizeof<T>()), 0, products);
  }
}

function addOne<T>(n: i32, x: usize): void {
  for (let i = 0; i < n; i++) {
    store<T>(x, load<T>(x) + 1);
    x += sizeof<T>();
  }
}

function scale<T>(n: i32, factor: T, x: usize): void {
  for (let i = 0; i < n; i++) {
    store<T>(x, load<T>(x) * factor);
    x += sizeof<T>();
  }
}

/** sum_i x_i y_i, in f64. */
function productSum<T>(n: i32, x: usize, y: usize): f64 {
  let sum: f64 = 0, other: f64 = 0;
  for (; n >= 2; n -= 2) {
    sum += <f64> load<T>(x) * <f64> load<T>(y);
    other += <f64> load<T>(x + sizeof<T>()) * <f64> load<T>(y + sizeof<T>());
    x += 2 * sizeof<T>();
    y += 2 * sizeof<T>();
  }
  if (n > 0) sum += <f64> load<T>(x) * <f64> load<T>(y);
  return sum + other;
}
