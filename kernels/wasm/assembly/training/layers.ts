// What layers have in common, for a group of `b` samples: their product, and its transposes. Rows of the product of a
// dense layer are samples, those of a convolution pixels, with patches of 3 x 3 pixels (zeros beyond the border) in place
// of the inputs, a sample at a time, so that one sample's patches are all there ever are.
//
// `beta` adds to what is there. `patches` holds the patches of a sample, `scratch` is that of the products.

import {
  CONVOLUTION, DENSE, LAYER_HEIGHT, LAYER_INPUT_SIZE, LAYER_INPUTS, LAYER_KIND, LAYER_OUTPUT_SIZE, LAYER_OUTPUTS,
  LAYER_WIDTH, PATCH,
} from "../../../contract/training/constants";
import { product } from "../dense/gemm";
import { RIGHT_BLOCK } from "../../dense/blocking";
import { at, lanes, loadOne, storeOne, VECTOR } from "../simd";
import { directByBlocks, directProduct, isDirect, transpose } from "./direct";

@inline
export function word(layer: usize, index: i32): i32 {
  return load<i32>(layer + (<usize> index << 2));
}

/** Weights from which on few rows are multiplied by blocks of them. */
const LARGE: i32 = 32768;

/** z [rows, n] = x [rows, k] W [k, n] + beta z. */
export function rowProduct<T>(rows: i32, n: i32, k: i32, x: usize, w: usize, beta: T, z: usize, scratch: usize): void {
  if (n * k > LARGE && rows <= 16) directByBlocks<T>(rows, n, k, x, k, false, w, n, beta, z, n);
  else if (isDirect(rows, n * k)) directProduct<T>(rows, n, k, x, k, false, w, n, beta, z, n);
  else product<T, T>(n, k, 1, x, k, 1, w, n, 1, beta, z, n, 0, rows, scratch, false);
}

/** gradient [m, n] = x [rows, m]^T d [rows, n] + beta gradient. */
function columnProduct<T>(m: i32, n: i32, rows: i32, x: usize, d: usize, beta: T, gradient: usize, scratch: usize): void {
  if (m * n > LARGE && rows <= 16) directByBlocks<T>(m, n, rows, x, m, true, d, n, beta, gradient, n);
  else if (isDirect(rows, n * rows)) directProduct<T>(m, n, rows, x, m, true, d, n, beta, gradient, n);
  else product<T, T>(n, rows, 1, x, 1, m, d, n, 1, beta, gradient, n, 0, m, scratch, false);
}

/** dx [rows, m] = d [rows, n] W [m, n]^T + beta dx. */
export function transposedProduct<T>(
  rows: i32, m: i32, n: i32, d: usize, w: usize, beta: T, dx: usize, scratch: usize,
): void {
  if (isDirect(rows, n * m) && n * m <= RIGHT_BLOCK) {
    transpose<T>(m, n, w, scratch);
    directProduct<T>(rows, m, n, d, n, false, scratch, m, beta, dx, m);
  } else product<T, T>(m, n, 1, d, n, 1, w, 1, n, beta, dx, m, 0, rows, scratch, false);
}

/** z = x W + beta z. */
export function layerProduct<T>(
  layer: usize, b: i32, x: usize, weights: usize, beta: T, z: usize, patches: usize, scratch: usize,
): void {
  const kind = word(layer, LAYER_KIND), inputs = word(layer, LAYER_INPUTS), outputs = word(layer, LAYER_OUTPUTS);
  if (kind == DENSE) {
    rowProduct<T>(b, outputs, inputs, x, weights, beta, z, scratch);
    return;
  }
  const inputBytes = <usize> word(layer, LAYER_INPUT_SIZE) * sizeof<T>();
  const outputBytes = <usize> word(layer, LAYER_OUTPUT_SIZE) * sizeof<T>();
  const height = word(layer, LAYER_HEIGHT), width = word(layer, LAYER_WIDTH), depth = PATCH * inputs;
  for (let i = 0; i < b; i++) {
    if (kind == CONVOLUTION) {
      gatherPatches<T>(height, width, inputs, x, patches);
      rowProduct<T>(height * width, outputs, depth, patches, weights, beta, z, scratch);
    } else pool<T>(height, width, inputs, x, beta, z);
    x += inputBytes;
    z += outputBytes;
  }
}

/** gradient = x^T d + beta gradient, for the weights. */
export function weightGradient<T>(
  layer: usize, b: i32, x: usize, d: usize, beta: T, gradient: usize, patches: usize, scratch: usize,
): void {
  const kind = word(layer, LAYER_KIND), inputs = word(layer, LAYER_INPUTS), outputs = word(layer, LAYER_OUTPUTS);
  if (kind == DENSE) {
    columnProduct<T>(inputs, outputs, b, x, d, beta, gradient, scratch);
    return;
  }
  if (kind != CONVOLUTION) return;
  const inputBytes = <usize> word(layer, LAYER_INPUT_SIZE) * sizeof<T>();
  const outputBytes = <usize> word(layer, LAYER_OUTPUT_SIZE) * sizeof<T>();
  const height = word(layer, LAYER_HEIGHT), width = word(layer, LAYER_WIDTH), depth = PATCH * inputs;
  for (let i = 0; i < b; i++) {
    gatherPatches<T>(height, width, inputs, x, patches);
    columnProduct<T>(depth, outputs, height * width, patches, d, i > 0 ? <T> 1 : beta, gradient, scratch);
    x += inputBytes;
    d += outputBytes;
  }
}

/** dx = d W^T + beta dx. */
export function inputGradient<T>(
  layer: usize, b: i32, d: usize, weights: usize, beta: T, dx: usize, patches: usize, scratch: usize,
): void {
  const kind = word(layer, LAYER_KIND), inputs = word(layer, LAYER_INPUTS), outputs = word(layer, LAYER_OUTPUTS);
  if (kind == DENSE) {
    transposedProduct<T>(b, inputs, outputs, d, weights, beta, dx, scratch);
    return;
  }
  const inputBytes = <usize> word(layer, LAYER_INPUT_SIZE) * sizeof<T>();
  const outputBytes = <usize> word(layer, LAYER_OUTPUT_SIZE) * sizeof<T>();
  const height = word(layer, LAYER_HEIGHT), width = word(layer, LAYER_WIDTH), depth = PATCH * inputs;
  for (let i = 0; i < b; i++) {
    if (beta == 0) memory.fill(dx, 0, inputBytes);
    if (kind == CONVOLUTION) {
      transposedProduct<T>(height * width, depth, outputs, d, weights, 0, patches, scratch);
      scatterPatches<T>(height, width, inputs, patches, dx);
    } else spreadPool<T>(height, width, inputs, d, dx);
    d += outputBytes;
    dx += inputBytes;
  }
}

/** sums = sum of the rows of d, n elements each; four vectors of columns at a time, so that sums do not wait. */
export function columnSums<T>(rows: i32, n: i32, d: usize, sums: usize): void {
  const row = <usize> n * sizeof<T>();
  let j = 0;
  for (; j + 4 * lanes<T>() <= n; j += 4 * lanes<T>()) {
    let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, p = at(d, j, sizeof<T>());
    for (let i = 0; i < rows; i++) {
      s0 = v128.add<T>(s0, v128.load(p));
      s1 = v128.add<T>(s1, v128.load(p, 16));
      s2 = v128.add<T>(s2, v128.load(p, 32));
      s3 = v128.add<T>(s3, v128.load(p, 48));
      p += row;
    }
    const place = at(sums, j, sizeof<T>());
    v128.store(place, s0);
    v128.store(place, s1, 16);
    v128.store(place, s2, 32);
    v128.store(place, s3, 48);
  }
  while (j < n) {
    const whole = n - j >= lanes<T>();
    let sum = i64x2.splat(0), p = at(d, j, sizeof<T>());
    for (let i = 0; i < rows; i++) {
      sum = v128.add<T>(sum, whole ? v128.load(p) : loadOne<T>(p));
      p += row;
    }
    const place = at(sums, j, sizeof<T>());
    if (whole) v128.store(place, sum);
    else storeOne<T>(place, sum);
    j += whole ? lanes<T>() : 1;
  }
}

/** Patches of the pixels of an image as rows, in the order of the weights: rows of the patch, its columns, channels. */
function gatherPatches<T>(height: i32, width: i32, channels: i32, x: usize, patches: usize): void {
  const pixel = <usize> channels * sizeof<T>(), line = <usize> width * pixel, three = 3 * pixel;
  let p = patches;
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const middle = x + <usize> v * line + <usize> u * pixel;
      for (let k = -1; k <= 1; k++) {
        if (v + k < 0 || v + k >= height) memory.fill(p, 0, three);
        else {
          const from = k < 0 ? middle - line : k > 0 ? middle + line : middle;
          copyPixel<T>(channels, u > 0 ? from - pixel : 0, p);
          copyPixel<T>(channels, from, p + pixel);
          copyPixel<T>(channels, u + 1 < width ? from + pixel : 0, p + 2 * pixel);
        }
        p += three;
      }
    }
  }
}

/** Copies the channels of a pixel, zeros where there is none. */
@inline
function copyPixel<T>(channels: i32, from: usize, to: usize): void {
  if (from == 0) {
    for (; channels > 0; channels--) {
      store<T>(to, 0);
      to += sizeof<T>();
    }
    return;
  }
  for (; channels >= lanes<T>(); channels -= lanes<T>()) {
    v128.store(to, v128.load(from));
    to += VECTOR;
    from += VECTOR;
  }
  for (; channels > 0; channels--) {
    store<T>(to, load<T>(from));
    to += sizeof<T>();
    from += sizeof<T>();
  }
}

/** Adds the rows of patches to the pixels that they are of. */
function scatterPatches<T>(height: i32, width: i32, channels: i32, patches: usize, dx: usize): void {
  const pixel = <usize> channels * sizeof<T>(), line = <usize> width * pixel;
  let p = patches;
  for (let v = 0; v < height; v++) {
    for (let u = 0; u < width; u++) {
      const middle = dx + <usize> v * line + <usize> u * pixel;
      for (let k = -1; k <= 1; k++) {
        const inside = v + k >= 0 && v + k < height;
        const to = k < 0 ? middle - line : k > 0 ? middle + line : middle;
        if (inside && u > 0) addPixel<T>(channels, p, to - pixel);
        if (inside) addPixel<T>(channels, p + pixel, to);
        if (inside && u + 1 < width) addPixel<T>(channels, p + 2 * pixel, to + pixel);
        p += 3 * pixel;
      }
    }
  }
}

@inline
function addPixel<T>(channels: i32, from: usize, to: usize): void {
  for (; channels >= lanes<T>(); channels -= lanes<T>()) {
    v128.store(to, v128.add<T>(v128.load(to), v128.load(from)));
    to += VECTOR;
    from += VECTOR;
  }
  for (; channels > 0; channels--) {
    store<T>(to, load<T>(to) + load<T>(from));
    to += sizeof<T>();
    from += sizeof<T>();
  }
}

/** z = means of 2 x 2 pixels + beta z; an odd last row or column is left out. */
function pool<T>(height: i32, width: i32, channels: i32, x: usize, beta: T, z: usize): void {
  const pixel = <usize> channels * sizeof<T>(), line = <usize> width * pixel;
  for (let v = 0; v + 1 < height; v += 2) {
    for (let u = 0; u + 1 < width; u += 2) {
      let from = x + <usize> v * line + <usize> u * pixel;
      for (let c = 0; c < channels; c++) {
        const sum = load<T>(from) + load<T>(from + pixel) + load<T>(from + line) + load<T>(from + line + pixel);
        store<T>(z, sum / 4 + (beta == 0 ? <T> 0 : beta * load<T>(z)));
        z += sizeof<T>();
        from += sizeof<T>();
      }
    }
  }
}

/** Adds a quarter of d to each of the four pixels. */
function spreadPool<T>(height: i32, width: i32, channels: i32, d: usize, dx: usize): void {
  const pixel = <usize> channels * sizeof<T>(), line = <usize> width * pixel;
  for (let v = 0; v + 1 < height; v += 2) {
    for (let u = 0; u + 1 < width; u += 2) {
      let to = dx + <usize> v * line + <usize> u * pixel;
      for (let c = 0; c < channels; c++) {
        const part = load<T>(d) / 4;
        store<T>(to, load<T>(to) + part);
        store<T>(to + pixel, load<T>(to + pixel) + part);
        store<T>(to + line, load<T>(to + line) + part);
        store<T>(to + line + pixel, load<T>(to + line + pixel) + part);
        d += sizeof<T>();
        to += sizeof<T>();
      }
    }
  }
}
