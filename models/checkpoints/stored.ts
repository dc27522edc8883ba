/** Layers of a checkpoint that are stored as codes, and the reading of their parts. @module */

import { FormatError } from "../../formats/errors.ts";
import { type Tensor, toVector } from "../../formats/tensor.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import type { Config } from "../config.ts";
import type { Weights } from "../weights.ts";
import { pendingBytes } from "./pending.ts";

/** A layer of a checkpoint: what is known of it before it is read. */
export interface StoredLayer {
  /** Rows and columns of its weights. */
  readonly shape: readonly [outputs: number, inputs: number];
  /** Bits of a code. */
  readonly bits: QuantizedWeights["bits"];
  /** Columns that share a scale. */
  readonly groupSize: number;
  /** Bytes of its tensors in the file. */
  readonly bytes: number;
  /** Reads it. @throws {FormatError} where its tensors do not fit together */
  read(): Promise<QuantizedWeights>;
}

/** The quantised layers of a checkpoint. */
export interface StoredQuantization {
  /** `gptq`, `gptq_v2`, `awq`, `compressed-tensors` or `onnx`. */
  readonly format: string;
  /** Layers by name. */
  readonly layers: ReadonlyMap<string, StoredLayer>;
}

/** Names of tensors that belong to a layer, with its name. */
export type Owners = Map<string, string>;

/** Gives the parts of a layer that are there to it. @returns their bytes */
export function takeParts(weights: Weights, name: string, parts: readonly string[], owners: Owners): number {
  let bytes = 0;
  for (const tensor of parts.map((part) => `${name}.${part}`)) {
    if (!weights.has(tensor)) continue;
    owners.set(tensor, name);
    bytes += pendingBytes(weights.describe(tensor));
  }
  return bytes;
}

/** Tells what is wrong with a tensor. */
export function refuseTensor(name: string, problem: string): FormatError {
  return new FormatError("model", `tensor "${name}"`, problem);
}

/** Reads whole words of this shape. @throws {FormatError} for another type or shape */
export async function readWords(weights: Weights, name: string, shape: readonly number[]): Promise<Int32Array> {
  const { dtype, data } = await readShaped(weights, name, shape);
  if (dtype !== "I32") throw refuseTensor(name, `is ${dtype} instead of I32`);
  return data as Int32Array;
}

/** Reads scales of this shape, in f32. @throws {FormatError} for another type or shape, and numbers that are not finite */
export async function readScales(weights: Weights, name: string, shape: readonly number[]): Promise<Float32Array> {
  const tensor = await readShaped(weights, name, shape), { dtype } = tensor;
  if (dtype !== "F16" && dtype !== "BF16" && dtype !== "F32") {
    throw refuseTensor(name, `is ${dtype} instead of F16, BF16 or F32`);
  }
  const scales = toVector(tensor) as Float32Array, at = scales.findIndex((scale) => !Number.isFinite(scale));
  if (at >= 0) throw refuseTensor(name, `holds ${scales[at]} at ${at}`);
  return scales;
}

async function readShaped(weights: Weights, name: string, shape: readonly number[]): Promise<Tensor> {
  const { shape: found } = weights.describe(name);
  if (found.length !== shape.length || found.some((size, axis) => size !== shape[axis])) {
    throw refuseTensor(name, `is [${found}] instead of [${shape}]`);
  }
  return await weights.read(name);
}

/** The bits of codes that a configuration gives. @throws {FormatError} for others than 2, 3, 4 and 8 */
export function bitsOf(config: Config, ...names: string[]): QuantizedWeights["bits"] {
  const bits = config.count(names);
  if (bits !== 2 && bits !== 3 && bits !== 4 && bits !== 8) {
    throw config.refuse(names[0], `is ${bits}; 2, 3, 4 and 8 can be read`);
  }
  return bits;
}

/** Columns that share a scale, of so many. @throws {FormatError} for what is no size */
export function groupSizeOf(config: Config, inputs: number, ...names: string[]): number {
  const size = config.number(names, -1);
  if (size !== -1 && !(Number.isSafeInteger(size) && size >= 1)) throw config.refuse(names[0], `is ${size}`);
  return size === -1 ? inputs : Math.min(size, inputs);
}

/** Groups of neighbours; nothing where all inputs are one. */
export function inRuns(inputs: number, groupSize: number): Uint32Array | undefined {
  return groupSize >= inputs ? undefined : Uint32Array.from({ length: inputs }, (_, j) => Math.floor(j / groupSize));
}

/** Whether groups are neighbours in the order of the columns, as files without an index have them. */
export function hasRuns({ groupIndex, groupSize }: QuantizedWeights): boolean {
  return !groupIndex?.some((group, j) => group !== Math.floor(j / groupSize));
}

/** Reads the group of each input; neighbours where there is no such tensor, or it begins with -1, which says so. */
export async function readGroupIndex(
  weights: Weights,
  name: string,
  inputs: number,
  groupSize: number,
): Promise<Uint32Array | undefined> {
  const runs = inRuns(inputs, groupSize), groups = Math.ceil(inputs / groupSize);
  if (!runs || !weights.has(name)) return runs;
  const index = await readWords(weights, name, [inputs]);
  if (index[0] === -1) return runs;
  const at = index.findIndex((group) => group < 0 || group >= groups);
  if (at >= 0) throw refuseTensor(name, `holds ${index[at]} at ${at}, where there are ${groups} groups`);
  return Uint32Array.from(index);
}
