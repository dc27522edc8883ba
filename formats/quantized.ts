/**
 * Quantised layers in a safetensors file. A layer `<name>` of shape [outputs, inputs] is kept as
 *
 *     <name>.codes               U8   [outputs, inputs]   one code a byte
 *     <name>.scales              F32 or F64 [outputs, groups]
 *     <name>.zeros               F32 or F64 [outputs, groups]
 *     <name>.group_index         U32  [inputs]            where there are several groups
 *     <name>.outliers.indptr     U32  [outputs + 1]       where there are outliers: compressed rows
 *     <name>.outliers.indices    U32  [count]
 *     <name>.outliers.data       F32 or F64 [count]
 *
 * and the metadata `minima.layers` maps `<name>` to `{ bits, groupSize }`. The dense weights are
 * `scales (codes - zeros) + outliers`, rounded to the precision of the scales after each of the two operations.
 */

import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import type { SparseMatrix, Vector } from "../solvers/core/matrix.ts";
import type { QuantizedWeights } from "../solvers/quantization/layer.ts";
import { clipped, FormatError } from "./errors.ts";
import { duplicateKey } from "./json.ts";
import { parseSafetensors, serializeSafetensors } from "./safetensors.ts";
import { type ElementType, type Tensor, type TensorInput, toMatrix } from "./tensor.ts";
import { counted } from "../solvers/core/shown.ts";

const key = "minima.layers";

/**
 * Writes quantised layers.
 *
 * @param layers Layers by name, as {@linkcode quantizeLayer} returns them.
 * @param metadata Further strings to keep in the header.
 */
export function serializeQuantizedLayers(
  layers: ReadonlyMap<string, QuantizedWeights>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  checkKind("layers", layers, "map", "write the layers");
  checkKind("metadata", metadata, "object", "write the layers");
  const parts = { shape: "list", codes: "bytes", scales: "matrix", zeros: "matrix", outliers: "object?" } as const;
  layers.forEach((layer, name) => checkParts(`layers.${name}`, layer, parts, "write the layers"));
  const tensors = new Map<string, TensorInput>();
  const descriptions = new Map<string, { bits: number; groupSize: number }>();
  for (const [name, { bits, groupSize, shape, codes, scales, zeros, groupIndex, outliers }] of layers) {
    descriptions.set(name, { bits, groupSize });
    tensors.set(`${name}.codes`, { shape, data: codes });
    tensors.set(`${name}.scales`, scales);
    tensors.set(`${name}.zeros`, zeros);
    if (groupIndex) tensors.set(`${name}.group_index`, { shape: [groupIndex.length], data: groupIndex });
    if (!outliers) continue;
    for (const part of ["indptr", "indices", "data"] as const) {
      tensors.set(`${name}.outliers.${part}`, { shape: [outliers[part].length], data: outliers[part] });
    }
  }
  return serializeSafetensors(tensors, { ...metadata, [key]: JSON.stringify(Object.fromEntries(descriptions)) });
}

/**
 * Reads quantised layers, each ready for {@linkcode dequantize}.
 *
 * @param bytes The whole file; the layers are views of it where they are aligned.
 * @throws {FormatError} when a tensor is missing, has another type or shape than the layout says, or holds a code,
 * group or position out of range
 */
export function parseQuantizedLayers(bytes: Uint8Array | ArrayBuffer): Map<string, QuantizedWeights> {
  const { tensors, metadata } = parseSafetensors(bytes);
  const taken = new Set<string>();
  const descriptions = readDescriptions(metadata[key]);
  const layers = new Map(descriptions.map(([name, description]) => [name, readLayer(name, description)]));
  // What no layer has taken would be lost without a word.
  for (const name of tensors.keys()) {
    const [, layer] = /^(.*)\.(?:codes|scales|zeros|group_index|outliers\.(?:indptr|indices|data))$/s.exec(name) ?? [];
    if (layer !== undefined && !taken.has(name)) throw refuse(name, `belongs to no layer that "${key}" describes`);
  }
  return layers;

  function readLayer(name: string, description: Readonly<Record<string, unknown>>): QuantizedWeights {
    const { bits, groupSize, ...others } = description;
    const [unknown] = Object.keys(others);
    if (unknown !== undefined) throw refuse(name, `has the unknown field ${JSON.stringify(clipped(unknown))}`);
    if (bits !== 2 && bits !== 3 && bits !== 4 && bits !== 8) {
      throw refuse(name, `has ${shown(bits)} bits, not 2, 3, 4 or 8`);
    }
    if (!Number.isSafeInteger(groupSize) || (groupSize as number) < 1) {
      throw refuse(name, `has the group size ${shown(groupSize)}`);
    }
    const codes = take(name, "codes", ["U8"], [undefined, undefined]);
    const [outputs, inputs] = codes.shape;
    const scales = take(name, "scales", ["F32", "F64"], [outputs, undefined]);
    const groups = scales.shape[1];
    const needed = Math.ceil(inputs / (groupSize as number));
    if (groups !== needed) {
      throw refuse(
        `${name}.scales`,
        `has ${counted(groups, "group")}, but ${inputs} inputs in groups of ${groupSize} are ${needed}`,
      );
    }
    const zeros = take(name, "zeros", ["F32", "F64"], [outputs, groups]);
    if (zeros.dtype !== scales.dtype) {
      throw refuse(`${name}.zeros`, `is ${zeros.dtype}, but the scales are ${scales.dtype}`);
    }
    finite(`${name}.scales`, scales.data as Vector);
    finite(`${name}.zeros`, zeros.data as Vector);
    const layer = {
      bits,
      groupSize: groupSize as number,
      shape: [outputs, inputs],
      codes: codes.data as Uint8Array,
      scales: toMatrix(scales),
      zeros: toMatrix(zeros),
    } as const;
    below(`${name}.codes`, layer.codes, 2 ** bits);
    const groupIndex = groups > 1 || tensors.has(`${name}.group_index`)
      ? take(name, "group_index", ["U32"], [inputs]).data as Uint32Array
      : undefined;
    if (groupIndex) checkGroups(`${name}.group_index`, groupIndex, groups, groupSize as number);
    const outliers = ["indptr", "indices", "data"].some((part) => tensors.has(`${name}.outliers.${part}`))
      ? readOutliers(name, outputs, inputs, scales.dtype)
      : undefined;
    return { ...layer, ...(groupIndex && { groupIndex }), ...(outliers && { outliers }) };
  }

  function readOutliers(name: string, outputs: number, inputs: number, dtype: ElementType): SparseMatrix {
    const data = take(name, "outliers.data", [dtype], [undefined]).data as Vector;
    const indices = take(name, "outliers.indices", ["U32"], [data.length]).data as Uint32Array;
    const indptr = take(name, "outliers.indptr", ["U32"], [outputs + 1]).data as Uint32Array;
    below(`${name}.outliers.indices`, indices, inputs);
    const falls = indptr.findIndex((start, i) => i > 0 && start < indptr[i - 1]);
    if (indptr[0] !== 0 || falls > 0 || indptr[outputs] !== data.length) {
      throw refuse(`${name}.outliers.indptr`, `must rise from 0 to ${data.length}`);
    }
    for (let row = 0; row < outputs; row++) {
      for (let k = indptr[row] + 1; k < indptr[row + 1]; k++) {
        if (indices[k] <= indices[k - 1]) throw refuse(`${name}.outliers.indices`, `must rise within row ${row}`);
      }
    }
    finite(`${name}.outliers.data`, data);
    return { format: "csr", shape: [outputs, inputs], indptr, indices, data };
  }

  function take(
    layer: string,
    part: string,
    types: readonly ElementType[],
    shape: readonly (number | undefined)[],
  ): Tensor {
    const name = `${layer}.${part}`;
    const tensor = tensors.get(name);
    if (!tensor) throw refuse(name, "is missing");
    taken.add(name);
    const fits = tensor.shape.length === shape.length &&
      shape.every((size, axis) => size === undefined || size === tensor.shape[axis]);
    if (!types.includes(tensor.dtype) || !fits) {
      const wanted = `${types.join(" or ")} [${shape.map((size) => size ?? "any").join(", ")}]`;
      throw refuse(name, `is ${tensor.dtype} [${tensor.shape.join(", ")}] instead of ${wanted}`);
    }
    return tensor;
  }
}

function readDescriptions(text: string | undefined): [string, Readonly<Record<string, unknown>>][] {
  const problem = (what: string) => new FormatError("safetensors", `the metadata "${key}"`, what);
  if (text === undefined) throw new FormatError("safetensors", "the metadata", `has no "${key}": no quantised layers`);
  let layers: unknown;
  try {
    layers = JSON.parse(text);
  } catch {
    throw problem("is not JSON");
  }
  if (!isObject(layers)) throw problem("must be an object with a layer for each name");
  const duplicate = duplicateKey(text);
  if (duplicate !== undefined) throw problem(`names ${JSON.stringify(clipped(duplicate))} twice`);
  return Object.entries(layers).map(([name, value]) => {
    return [name, isObject(value) ? value : {}];
  });
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(value: unknown): string {
  return clipped(typeof value === "string" ? value : JSON.stringify(value) ?? "undefined");
}

function finite(name: string, values: Vector): void {
  const at = values.findIndex((value) => !Number.isFinite(value));
  if (at >= 0) throw refuse(name, `holds ${values[at]} at ${at}`);
}

/** Every column is in a group, and no group has more than its size. */
function checkGroups(name: string, index: Uint32Array, groups: number, size: number): void {
  below(name, index, groups);
  const counts = new Uint32Array(groups);
  for (const group of index) {
    if (++counts[group] > size) throw refuse(name, `puts more than ${size} columns into group ${group}`);
  }
}

function below(name: string, values: Uint8Array | Uint32Array, limit: number): void {
  const at = values.findIndex((value) => value >= limit);
  if (at >= 0) throw refuse(name, `holds ${values[at]} at ${at}, where less than ${limit} is allowed`);
}

function refuse(tensor: string, problem: string): FormatError {
  return new FormatError("safetensors", `"${tensor}"`, problem);
}
