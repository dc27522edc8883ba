// Losses of layered networks for groups of samples: outputs, gradients, products with the Hessian. A group is one piece of
// work: forward, backward and all between run in its thread, without a barrier.
//
// Layers are LAYER_WORDS of i32 each. `size` is the number of activations of a sample, its inputs included, `widest` that
// of the outputs of the widest layer, `patchSize` that of the patches of a sample. Scratch, each part at a multiple of 64
// bytes: activations, deltas and the next deltas of the largest group (and the derivatives of each for products with the
// Hessian), patches, and that of matrix products: see `kernels/wasm/training/scratch.ts`.
//
// Derivatives in a direction follow Pearlmutter (1994): every step of forward and backward, differentiated.

import {
  LAYER_ACTIVATION, LAYER_BIASES, LAYER_INPUT_AT, LAYER_KIND, LAYER_OUTPUT_AT, LAYER_OUTPUT_SIZE, LAYER_OUTPUTS,
  LAYER_WEIGHTS, LAYER_WORDS, POOLING,
} from "../../../contract/training/constants";
import { at } from "../simd";
import { backActivation, backTangentActivation, biasActivation, tangentActivation } from "./activation";
import { columnSums, inputGradient, layerProduct, weightGradient, word } from "./layers";
import { lossGradient, lossTangent } from "./loss";

/** The next part of scratch after one of so many elements. */
@inline
export function after<T>(p: usize, elements: i32): usize {
  return (p + <usize> elements * sizeof<T>() + 63) & ~63;
}

@inline
export function entry(p: usize, i: i32): i32 {
  return load<i32>(p + (<usize> i << 2));
}

@inline
export function layerAt(layers: usize, l: i32): usize {
  return layers + (<usize> (l * LAYER_WORDS) << 2);
}

// exported for f32, f64
export function networkOutputs<T>(
  layers: usize, count: i32, loss: i32, size: i32, widest: i32, patchSize: i32, largest: i32,
  inputs: usize, inputStride: i32, features: i32, targets: usize, weights: usize, batch: usize, bounds: usize, first: i32,
  parameters: usize, parameterStride: i32, losses: usize, outputs: usize, outputStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const acts = scratch, deltas = after<T>(acts, largest * size);
  const patches = after<T>(deltas, largest * widest), products = after<T>(patches, patchSize);
  const last = layerAt(layers, count - 1), n = word(last, LAYER_OUTPUTS);
  for (let group = begin; group < end; group++) {
    const from = entry(bounds, first + group), b = entry(bounds, first + group + 1) - from;
    const samples = batch + (<usize> from << 2), w = at(parameters, group * parameterStride, sizeof<T>());
    gather<T>(b, features, inputs, inputStride, samples, acts);
    forward<T>(layers, count, b, w, acts, patches, products, 0);
    const z = at(acts, b * word(last, LAYER_OUTPUT_AT), sizeof<T>());
    store<f64>(at(losses, group, 8), lossGradient<T>(loss, b, n, samples, targets, weights, z, deltas));
    for (let i = 0; i < b; i++) {
      const row = at(outputs, (from - entry(bounds, first) + i) * outputStride, sizeof<T>());
      memory.copy(row, at(z, i * n, sizeof<T>()), <usize> n * sizeof<T>());
    }
  }
}

// exported for f32, f64
export function networkGradients<T>(
  layers: usize, count: i32, loss: i32, size: i32, widest: i32, patchSize: i32, largest: i32,
  inputs: usize, inputStride: i32, features: i32, targets: usize, weights: usize, batch: usize, bounds: usize, first: i32,
  parameters: usize, parameterStride: i32, losses: usize, gradients: usize, gradientStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const acts = scratch, deltas = after<T>(acts, largest * size), others = after<T>(deltas, largest * widest);
  const patches = after<T>(others, largest * widest), products = after<T>(patches, patchSize);
  const last = layerAt(layers, count - 1), n = word(last, LAYER_OUTPUTS);
  for (let group = begin; group < end; group++) {
    const from = entry(bounds, first + group), b = entry(bounds, first + group + 1) - from;
    const samples = batch + (<usize> from << 2), w = at(parameters, group * parameterStride, sizeof<T>());
    const gradient = at(gradients, group * gradientStride, sizeof<T>());
    gather<T>(b, features, inputs, inputStride, samples, acts);
    forward<T>(layers, count, b, w, acts, patches, products, 0);
    let d = deltas, next = others;
    const z = at(acts, b * word(last, LAYER_OUTPUT_AT), sizeof<T>());
    store<f64>(at(losses, group, 8), lossGradient<T>(loss, b, n, samples, targets, weights, z, d));
    for (let l = count - 1; l >= 0; l--) {
      const layer = layerAt(layers, l), own = at(w, word(layer, LAYER_WEIGHTS), sizeof<T>());
      const x = at(acts, b * word(layer, LAYER_INPUT_AT), sizeof<T>());
      if (word(layer, LAYER_KIND) != POOLING) {
        const total = b * word(layer, LAYER_OUTPUT_SIZE), columns = word(layer, LAYER_OUTPUTS);
        backActivation<T>(
          total, word(layer, LAYER_ACTIVATION), at(acts, b * word(layer, LAYER_OUTPUT_AT), sizeof<T>()), d,
        );
        columnSums<T>(total / columns, columns, d, at(gradient, word(layer, LAYER_BIASES), sizeof<T>()));
        weightGradient<T>(layer, b, x, d, 0, at(gradient, word(layer, LAYER_WEIGHTS), sizeof<T>()), patches, products);
      }
      if (l == 0) break;
      inputGradient<T>(layer, b, d, own, 0, next, patches, products);
      const used = d;
      d = next;
      next = used;
    }
  }
}

// exported for f32, f64
export function networkProducts<T>(
  layers: usize, count: i32, loss: i32, size: i32, widest: i32, patchSize: i32, largest: i32,
  inputs: usize, inputStride: i32, features: i32, targets: usize, weights: usize, batch: usize, bounds: usize, first: i32,
  parameters: usize, parameterStride: i32, losses: usize, direction: usize, results: usize, resultStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const acts = scratch, racts = after<T>(acts, largest * size);
  const deltas = after<T>(racts, largest * size), others = after<T>(deltas, largest * widest);
  const rdeltas = after<T>(others, largest * widest), rothers = after<T>(rdeltas, largest * widest);
  const patches = after<T>(rothers, largest * widest), products = after<T>(patches, patchSize);
  const last = layerAt(layers, count - 1), n = word(last, LAYER_OUTPUTS);
  for (let group = begin; group < end; group++) {
    const from = entry(bounds, first + group), b = entry(bounds, first + group + 1) - from;
    const samples = batch + (<usize> from << 2), w = at(parameters, group * parameterStride, sizeof<T>());
    const result = at(results, group * resultStride, sizeof<T>());
    gather<T>(b, features, inputs, inputStride, samples, acts);
    forward<T>(layers, count, b, w, acts, patches, products, 0);
    tangent<T>(layers, count, b, w, direction, acts, racts, patches, products);
    let d = deltas, next = others, rd = rdeltas, rnext = rothers;
    const end = b * word(last, LAYER_OUTPUT_AT), z = at(acts, end, sizeof<T>()), rz = at(racts, end, sizeof<T>());
    store<f64>(at(losses, group, 8), lossTangent<T>(loss, b, n, samples, targets, weights, z, rz, d, rd));
    for (let l = count - 1; l >= 0; l--) {
      const layer = layerAt(layers, l), place = word(layer, LAYER_WEIGHTS);
      const own = at(w, place, sizeof<T>()), along = at(direction, place, sizeof<T>());
      const x = at(acts, b * word(layer, LAYER_INPUT_AT), sizeof<T>());
      const rx = at(racts, b * word(layer, LAYER_INPUT_AT), sizeof<T>());
      if (word(layer, LAYER_KIND) != POOLING) {
        const total = b * word(layer, LAYER_OUTPUT_SIZE), columns = word(layer, LAYER_OUTPUTS);
        const out = b * word(layer, LAYER_OUTPUT_AT), sum = at(result, place, sizeof<T>());
        backTangentActivation<T>(
          total, word(layer, LAYER_ACTIVATION), at(acts, out, sizeof<T>()), at(racts, out, sizeof<T>()), d, rd,
        );
        columnSums<T>(total / columns, columns, rd, at(result, word(layer, LAYER_BIASES), sizeof<T>()));
        weightGradient<T>(layer, b, x, rd, 0, sum, patches, products);
        if (l > 0) weightGradient<T>(layer, b, rx, d, 1, sum, patches, products);
      }
      if (l == 0) break;
      inputGradient<T>(layer, b, d, own, 0, next, patches, products);
      inputGradient<T>(layer, b, rd, own, 0, rnext, patches, products);
      if (word(layer, LAYER_KIND) != POOLING) {
        inputGradient<T>(layer, b, d, along, 1, rnext, patches, products);
      }
      let used = d;
      d = next;
      next = used;
      used = rd;
      rd = rnext;
      rnext = used;
    }
  }
}

/** Copies the rows of the group's samples. */
export function gather<T>(b: i32, features: i32, inputs: usize, stride: i32, samples: usize, to: usize): void {
  const row = <usize> features * sizeof<T>();
  for (let i = 0; i < b; i++) {
    memory.copy(to, inputs + <usize> entry(samples, i) * <usize> stride * sizeof<T>(), row);
    to += row;
  }
}

/** Activations of every layer; where `raw` is another place for them, the products of the first layer are left there. */
export function forward<T>(
  layers: usize, count: i32, b: i32, w: usize, acts: usize, patches: usize, products: usize, raw: usize,
): void {
  for (let l = 0; l < count; l++) {
    const layer = layerAt(layers, l), z = at(acts, b * word(layer, LAYER_OUTPUT_AT), sizeof<T>());
    const x = at(acts, b * word(layer, LAYER_INPUT_AT), sizeof<T>());
    layerProduct<T>(layer, b, x, at(w, word(layer, LAYER_WEIGHTS), sizeof<T>()), 0, z, patches, products);
    if (word(layer, LAYER_KIND) == POOLING) continue;
    if (l == 0 && raw) memory.copy(raw + (z - acts), z, <usize> (b * word(layer, LAYER_OUTPUT_SIZE)) * sizeof<T>());
    const columns = word(layer, LAYER_OUTPUTS);
    biasActivation<T>(
      b * word(layer, LAYER_OUTPUT_SIZE) / columns, columns, at(w, word(layer, LAYER_BIASES), sizeof<T>()),
      word(layer, LAYER_ACTIVATION), z,
    );
  }
}

/** Their derivatives in the direction, in which the inputs stay. */
function tangent<T>(
  layers: usize, count: i32, b: i32, w: usize, direction: usize, acts: usize, racts: usize, patches: usize,
  products: usize,
): void {
  for (let l = 0; l < count; l++) {
    const layer = layerAt(layers, l), out = b * word(layer, LAYER_OUTPUT_AT), rz = at(racts, out, sizeof<T>());
    const place = b * word(layer, LAYER_INPUT_AT), first = word(layer, LAYER_WEIGHTS);
    const pooling = word(layer, LAYER_KIND) == POOLING;
    const total = b * word(layer, LAYER_OUTPUT_SIZE), columns = word(layer, LAYER_OUTPUTS);
    if (l == 0) memory.fill(rz, 0, <usize> total * sizeof<T>());
    else {
      layerProduct<T>(layer, b, at(racts, place, sizeof<T>()), at(w, first, sizeof<T>()), 0, rz, patches, products);
    }
    if (pooling) continue;
    layerProduct<T>(layer, b, at(acts, place, sizeof<T>()), at(direction, first, sizeof<T>()), 1, rz, patches, products);
    biasActivation<T>(total / columns, columns, at(direction, word(layer, LAYER_BIASES), sizeof<T>()), 0, rz);
    tangentActivation<T>(total, word(layer, LAYER_ACTIVATION), at(acts, out, sizeof<T>()), rz);
  }
}
