/** The tensors of a checkpoint, each read when it is needed, from one file or from shards. @module */

import { FormatError } from "../formats/errors.ts";
import {
  type RandomAccess,
  readSafetensorsHeader,
  readSafetensorsTensor,
  type SafetensorsEntry,
  type SafetensorsHeader,
} from "../formats/safetensors.ts";
import { type Tensor, toVector } from "../formats/tensor.ts";
import { type ModelFiles, readText } from "./files.ts";

/** What is known of a tensor before it is read. */
export interface TensorDescription extends Pick<SafetensorsEntry, "dtype" | "shape"> {
  /** How the file holds it, where that is not as elements of `dtype`. */
  readonly stored?: { readonly type: string; readonly bytes: number };
}

/** Tensors by name. */
export interface Weights {
  /** Every name. */
  readonly names: readonly string[];
  /** Whether there is a tensor of that name. */
  has(name: string): boolean;
  /** What is known before a tensor is read. @throws {FormatError} where there is none of that name */
  describe(name: string): TensorDescription;
  /** Reads a tensor: nothing is kept. @throws {FormatError} where there is none of that name */
  read(name: string): Promise<Tensor>;
}

interface Shard {
  readonly file: string;
  readonly source: RandomAccess;
  readonly header: SafetensorsHeader;
}

/**
 * Opens `model.safetensors`, or the shards that `model.safetensors.index.json` names: their headers are read at once, and
 * a shard that is missing, cut short or lacks a tensor is told.
 *
 * @throws {FormatError} naming the file at fault
 */
export async function openWeights(files: ModelFiles): Promise<Weights> {
  const index = await readText(files, "model.safetensors.index.json");
  const placed = index === undefined ? undefined : parseIndex(index);
  const names = placed ? [...new Set(placed.values())].toSorted() : ["model.safetensors"];
  const shards = new Map<string, Shard>();
  for (const file of names) shards.set(file, await openShard(files, file, placed !== undefined));
  const owner = new Map<string, Shard>();
  for (const shard of shards.values()) for (const name of shard.header.entries.keys()) owner.set(name, shard);
  for (const [name, file] of placed ?? []) {
    const shard = shards.get(file)!;
    if (!shard.header.entries.has(name)) {
      throw new FormatError("model", file, `lacks the tensor "${name}" of the index`);
    }
    owner.set(name, shard);
  }
  const find = (name: string) => {
    const shard = owner.get(name);
    if (!shard) throw new FormatError("model", `tensor "${name}"`, `is missing in ${files.place}`);
    return shard;
  };
  return {
    names: [...owner.keys()],
    has: (name) => owner.has(name),
    describe: (name) => find(name).header.entries.get(name)!,
    async read(name) {
      const { source, header } = find(name);
      return await readSafetensorsTensor(source, header, name);
    },
  };
}

async function openShard(files: ModelFiles, file: string, indexed: boolean): Promise<Shard> {
  const source = await files.open(file);
  if (!source) {
    throw new FormatError("model", file, `is missing in ${files.place}${indexed ? ", though the index names it" : ""}`);
  }
  try {
    return { file, source, header: await readSafetensorsHeader(source) };
  } catch (error) {
    if (error instanceof FormatError) error.message = `${file}: ${error.message}`;
    throw error;
  }
}

function parseIndex(text: string): Map<string, string> {
  const refuse = (problem: string) => new FormatError("model", "model.safetensors.index.json", problem);
  let index: { readonly weight_map?: unknown };
  try {
    index = JSON.parse(text);
  } catch {
    throw refuse("is not JSON");
  }
  const map = index?.weight_map;
  if (typeof map !== "object" || map === null || Array.isArray(map)) throw refuse('needs an object "weight_map"');
  const entries = Object.entries(map);
  for (const [name, file] of entries) {
    // No way out of the folder.
    if (typeof file !== "string" || !/^[^/\\]+\.safetensors$/.test(file)) {
      throw refuse(`gives "${name}" the file ${JSON.stringify(file)}`);
    }
  }
  return new Map(entries as [string, string][]);
}

/**
 * The elements of a tensor of known shape, as numbers of f32 or wider.
 *
 * @throws {FormatError} for another shape, or a type that holds no floats
 */
export async function readElements(
  weights: Weights,
  name: string,
  shape: readonly number[],
): Promise<Float32Array | Float64Array> {
  const { dtype, shape: found } = weights.describe(name);
  if (found.length !== shape.length || found.some((size, axis) => size !== shape[axis])) {
    throw new FormatError("model", `tensor "${name}"`, `is [${found}] instead of [${shape}]`);
  }
  if (!["F64", "F32", "F16", "BF16"].includes(dtype)) {
    throw new FormatError("model", `tensor "${name}"`, `is ${dtype}; F32, F16, BF16 or F64 is needed`);
  }
  return toVector(await weights.read(name));
}

/** A linear layer [outputs, inputs], turned where it is stored the other way round. */
export async function readLinear(
  weights: Weights,
  name: string,
  outputs: number,
  inputs: number,
  transposed: boolean,
): Promise<Float32Array | Float64Array> {
  if (!transposed) return await readElements(weights, `${name}.weight`, [outputs, inputs]);
  const stored = await readElements(weights, `${name}.weight`, [inputs, outputs]), turned = stored.slice();
  for (let j = 0; j < inputs; j++) {
    for (let i = 0; i < outputs; i++) turned[i * inputs + j] = stored[j * outputs + i];
  }
  return turned;
}
