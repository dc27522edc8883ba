/**
 * The three products of a layer, for all groups at once: its outputs, and the gradients of its weights and inputs. Biases
 * are the weights of an input that is always 1, and stand behind the others. A row is a sample of a group, or a pixel of
 * one with its patch of 3 x 3 for its inputs: patches are read where they are, and never written out.
 *
 * A workgroup computes a tile of 32 x 32 elements of a product, each thread 4 x 4 of them.
 */

import { RELU, TANH } from "../../contract/training/constants.ts";
import { type ArrayTypes, builtins, defineShader, workgroupIndex } from "../shader.ts";

/** Rows and columns of a tile, and steps of the depth that are brought to shared memory at once. */
export const tileSize = 32;
const quads = tileSize / 4, slice = 16, threads = quads * quads;

/** What all of them are told of a layer. */
const layerParameters = {
  first: "u32",
  groups: "u32",
  rowTiles: "u32",
  columnTiles: "u32",
  convolution: "u32",
  height: "u32",
  width: "u32",
  inputs: "u32",
  outputs: "u32",
  activation: "u32",
} as const;

/** Where the inputs of the layer are: those of samples of the batch where they are gathered, of places elsewhere. */
const inputParameters = { gathered: "u32", xOffset: "u32", xStride: "u32" } as const;

/** Where the weights are, of which groups have their own or share them. */
const weightParameters = { weights: "u32", weightStride: "u32" } as const;

/** The derivative of an activation from its output, and the activation, in WGSL. */
export const activationText = /* wgsl */ `
fn activated(kind: u32, z: f32) -> f32 {
  if (kind == ${RELU}u) { return max(z, 0.0); }
  if (kind != ${TANH}u) { return z; }
  let s = z * z;
  if (s < 0.04) { return z * (1.0 - s * (1.0 / 3.0 - s * (2.0 / 15.0 - s * (17.0 / 315.0)))); }
  let e = exp(-2.0 * min(abs(z), 20.0));
  return sign(z) * (1.0 - e) / (1.0 + e);
}

fn slopeOf(kind: u32, a: f32) -> f32 {
  if (kind == ${RELU}u) { return select(0.0, 1.0, a > 0.0); }
  return select(1.0, 1.0 - a * a, kind == ${TANH}u);
}`;

/** Input `k` of row `r` of the group. */
const inputText = /* wgsl */ `
fn inputAt(r: u32, k: u32) -> f32 {
  if (k == depthOf()) { return 1.0; }
  let pixels = p.height * p.width;
  let at = groupBegin + r / pixels;
  var base = p.xOffset;
  if (p.gathered == 1u) { base += batch[at] * p.xStride; } else { base += (at - bounds[p.first]) * p.xStride; }
  if (p.convolution == 0u) { return x[base + k]; }
  let q = k / p.inputs;
  let v = r % pixels / p.width + q / 3u;
  let u = r % p.width + q % 3u;
  if (v == 0u || v > p.height || u == 0u || u > p.width) { return 0.0; }
  return x[base + ((v - 1u) * p.width + u - 1u) * p.inputs + k % p.inputs];
}

/** Inputs of a row without the 1. */
fn depthOf() -> u32 { return select(p.inputs, 9u * p.inputs, p.convolution == 1u); }`;

interface ProductText {
  readonly arrays: ArrayTypes;
  readonly parameters: Readonly<Record<string, "u32">>;
  /** Rows, columns and depth of the product, from `rows`, those of the group. */
  readonly shape: readonly [rows: string, columns: string, depth: string];
  /** `left(row, k)`, `right(k, column)` and `put(row, column, sum, part)`. */
  readonly code: string;
}

function layerShader<const P extends Readonly<Record<string, "u32">>, const A extends ArrayTypes>(
  label: string,
  { parameters, arrays, shape: [rowCount, columnCount, depth], code }: ProductText & { parameters: P; arrays: A },
) {
  const four = [0, 1, 2, 3];
  const bring = (name: string, line: string, read: (i: number) => string) => /* wgsl */ `
      for (var at = thread; at < ${slice * quads}u; at += ${threads}u) {
        let k = begin + at / ${quads}u;
        let line = ${line} + 4u * (at % ${quads}u);
        var value = vec4<f32>();
        if (k < end) { value = vec4(${four.map(read).join(", ")}); }
        ${name}[at] = value;
      }`;
  return defineShader(label, {
    parameters: { ...layerParameters, parts: "u32", ...parameters },
    arrays: { bounds: "read u32", ...arrays },
    code: /* wgsl */ `
var<private> groupBegin: u32;
var<private> group: u32;
var<workgroup> leftSlice: array<vec4<f32>, ${slice * quads}>;
var<workgroup> rightSlice: array<vec4<f32>, ${slice * quads}>;
${activationText}
${code}

@compute @workgroup_size(${threads})
fn main(${builtins.replace("group:", "workgroup:")}) {
  let number = ${workgroupIndex.replace("group.y", "workgroup.y").replace("group.x", "workgroup.x")};
  let firstColumn = number % p.columnTiles * ${tileSize}u;
  let firstRow = number / p.columnTiles % p.rowTiles * ${tileSize}u;
  let part = number / (p.columnTiles * p.rowTiles) % p.parts;
  let own = number / (p.columnTiles * p.rowTiles * p.parts);
  if (own >= p.groups) { return; }
  let start = bounds[p.first + own];
  let rows = (bounds[p.first + own + 1u] - start) * p.height * p.width;
  groupBegin = start;
  group = own;
  let rowCount = ${rowCount};
  let columnCount = ${columnCount};
  let depth = ${depth};
  if (firstRow >= rowCount) { return; }
  let partDepth = (depth + p.parts - 1u) / p.parts;
  let end = min((part + 1u) * partDepth, depth);
  ${four.map((i) => `var sum${i} = vec4<f32>();`).join("\n  ")}
  let rowThread = thread / ${quads}u;
  let columnThread = thread % ${quads}u;
  for (var begin = part * partDepth; begin < end; begin += ${slice}u) {
    ${bring("leftSlice", "firstRow", (i) => `leftOr0(line + ${i}u, k, rowCount)`)}
    ${bring("rightSlice", "firstColumn", (i) => `rightOr0(k, line + ${i}u, columnCount)`)}
    workgroupBarrier();
    for (var k = 0u; k < ${slice}u; k++) {
      let a = leftSlice[k * ${quads}u + rowThread];
      let b = rightSlice[k * ${quads}u + columnThread];
      ${four.map((i) => `sum${i} += a[${i}] * b;`).join("\n      ")}
    }
    workgroupBarrier();
  }
  for (var j = 0u; j < 4u; j++) {
    let column = firstColumn + 4u * columnThread + j;
    if (column >= columnCount) { break; }
    ${
      four.map((i) =>
        `if (firstRow + 4u * rowThread + ${i}u < rowCount) { put(firstRow + 4u * rowThread + ${i}u, column, sum${i}[j], part); }`
      ).join("\n    ")
    }
  }
}

fn leftOr0(row: u32, k: u32, rowCount: u32) -> f32 {
  if (row >= rowCount) { return 0.0; }
  return left(row, k);
}

fn rightOr0(k: u32, column: u32, columnCount: u32) -> f32 {
  if (column >= columnCount) { return 0.0; }
  return right(k, column);
}`,
  });
}

/** Row `r` of the group among those of all groups, in WGSL. */
const placeText = "(groupBegin - bounds[p.first]) * p.height * p.width + r";

/** z = activation(x W + biases). */
export const layerOutputs = layerShader("outputs of a layer", {
  parameters: { ...inputParameters, ...weightParameters, zOffset: "u32", zStride: "u32" },
  arrays: { batch: "read u32", x: "read f32", w: "read f32", z: "write f32" },
  shape: ["rows", "p.outputs", "depthOf() + 1u"],
  code: /* wgsl */ `
${inputText}
fn left(r: u32, k: u32) -> f32 { return inputAt(r, k); }
fn right(k: u32, o: u32) -> f32 { return w[p.weights + group * p.weightStride + k * p.outputs + o]; }
fn put(r: u32, o: u32, sum: f32, part: u32) {
  z[p.zOffset + (${placeText}) * p.zStride + o] = activated(p.activation, sum);
}`,
});

/** gradient = (x, 1)^T d, in parts of the rows. */
export const weightGradients = layerShader("gradient of the weights of a layer", {
  parameters: { ...inputParameters, gradientOffset: "u32", gradientStride: "u32", partStride: "u32" },
  arrays: { batch: "read u32", x: "read f32", d: "read f32", gradients: "write f32" },
  shape: ["depthOf() + 1u", "p.outputs", "rows"],
  code: /* wgsl */ `
${inputText}
fn left(k: u32, r: u32) -> f32 { return inputAt(r, k); }
fn right(r: u32, o: u32) -> f32 { return d[(${placeText}) * p.outputs + o]; }
fn put(k: u32, o: u32, sum: f32, part: u32) {
  gradients[p.gradientOffset + group * p.gradientStride + part * p.partStride + k * p.outputs + o] = sum;
}`,
});

/** dx = d W^T, times the slope of the layer before, whose outputs are the inputs `a` of this one. */
export const inputGradients = layerShader("gradient of the inputs of a layer", {
  parameters: weightParameters,
  arrays: { d: "read f32", w: "read f32", a: "read f32", dx: "write f32" },
  shape: ["rows", "p.inputs", "select(p.outputs, 9u * p.outputs, p.convolution == 1u)"],
  code: /* wgsl */ `
fn left(r: u32, k: u32) -> f32 {
  if (p.convolution == 0u) { return d[(${placeText}) * p.outputs + k]; }
  // The pixel whose patch has this one at place q.
  let q = k / p.outputs;
  let pixel = r % (p.height * p.width);
  let v = pixel / p.width + 2u - q / 3u;
  let u = pixel % p.width + 2u - q % 3u;
  if (v == 0u || v > p.height || u == 0u || u > p.width) { return 0.0; }
  let other = r - pixel + (v - 1u) * p.width + u - 1u;
  return d[((groupBegin - bounds[p.first]) * p.height * p.width + other) * p.outputs + k % p.outputs];
}
fn right(k: u32, c: u32) -> f32 {
  return w[p.weights + group * p.weightStride + (k / p.outputs * p.inputs + c) * p.outputs + k % p.outputs];
}
fn put(r: u32, c: u32, sum: f32, part: u32) {
  let at = (${placeText}) * p.inputs + c;
  dx[at] = sum * slopeOf(p.activation, a[at]);
}`,
});
