/** Layers of compressed-tensors checkpoints, of the format `pack-quantized`. @module */

import { clipped } from "../../formats/errors.ts";
import { rowBytes, unpackRows } from "../../formats/bit_packing.ts";
import { matrix } from "../../solvers/core/matrix.ts";
import { type Config, configOf } from "../config.ts";
import { turned } from "../dense.ts";
import type { Weights } from "../weights.ts";
import { fitsBeginning } from "./name_patterns.ts";
import {
  bitsOf,
  groupSizeOf,
  type Owners,
  readGroupIndex,
  readScales,
  readWords,
  refuseTensor,
  type StoredLayer,
  type StoredQuantization,
  takeParts,
} from "./stored.ts";

const parts = ["weight_packed", "weight_scale", "weight_zero_point", "weight_shape", "weight_g_idx"];

/** A group of layers and how their weights are quantised. */
interface Scheme {
  readonly targets: readonly string[];
  readonly weights: Config;
}

/** Opens a checkpoint. @throws {FormatError} for another format than `pack-quantized`, and activations that are quantised */
export async function openCompressedTensors(
  settings: Config,
  weights: Weights,
  owners: Owners,
): Promise<StoredQuantization> {
  const schemes = schemesOf(settings), layers = new Map<string, StoredLayer>();
  for (const first of weights.names.filter((name) => name.endsWith(".weight_packed"))) {
    const name = first.slice(0, -".weight_packed".length);
    const bytes = takeParts(weights, name, parts, owners);
    const scheme = schemes.find((scheme) => scheme.targets.some((target) => fits(settings, target, name))) ??
      schemes[0];
    const bits = bitsOf(scheme.weights, "num_bits"), [outputs, inputs] = await readShape(weights, name);
    const groupSize = groupSizeOf(scheme.weights, inputs, "group_size");
    layers.set(name, {
      shape: [outputs, inputs],
      bits,
      groupSize,
      bytes,
      read: () => readLayer(weights, name, layers),
    });
  }
  return { format: "compressed-tensors", layers };
}

function schemesOf(settings: Config): Scheme[] {
  const groups = Object.entries(settings.value("config_groups") as Readonly<Record<string, unknown>> ?? {});
  if (groups.length === 0) throw settings.refuse("config_groups", "is missing, or holds no group");
  return groups.map(([name, fields]) => {
    const group = configOf(fieldsOf(fields), `config_groups.${name}`);
    const format = group.text("format", settings.text("format"));
    if (format !== "pack-quantized") throw group.refuse("format", `is "${format}"; pack-quantized can be read`);
    if (group.value("input_activations") !== undefined) {
      throw group.refuse("input_activations", "is given; models whose activations are quantised too cannot be run");
    }
    const weights = configOf(fieldsOf(group.value("weights")), `${name}.weights`);
    if (weights.text("type", "int") !== "int") throw weights.refuse("type", "must be int");
    const targets = group.value("targets") ?? [];
    if (!Array.isArray(targets) || !targets.every((target) => typeof target === "string")) {
      throw group.refuse("targets", "must be a list of names");
    }
    return { targets, weights };
  });
}

/** The fields of an object; none of anything else, so that what is needed is missing. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null ? value as Readonly<Record<string, unknown>> : {};
}

/** Whether a target is a layer: its name, a regular expression, or the class of all layers. */
function fits(settings: Config, target: string, name: string): boolean {
  if (!target.startsWith("re:")) return target === name || target === "Linear";
  try {
    return fitsBeginning(target.slice(3), name);
  } catch (error) {
    throw settings.refuse(
      "config_groups",
      `has the target ${JSON.stringify(clipped(target))}, which cannot be read: ${(error as Error).message}`,
    );
  }
}

async function readShape(weights: Weights, name: string): Promise<readonly [outputs: number, inputs: number]> {
  const tensor = `${name}.weight_shape`, { dtype, data } = await weights.read(tensor);
  const [outputs, inputs] = Array.from(data as BigInt64Array, Number);
  if (data.length !== 2 || (dtype !== "I64" && dtype !== "I32") || !(outputs > 0 && inputs > 0)) {
    throw refuseTensor(tensor, "must hold the outputs and inputs of the layer");
  }
  return [outputs, inputs];
}

async function readLayer(weights: Weights, name: string, layers: ReadonlyMap<string, StoredLayer>) {
  const { shape, shape: [outputs, inputs], bits, groupSize } = layers.get(name)!;
  const groups = Math.ceil(inputs / groupSize), own = (part: string) => `${name}.${part}`;
  const codes = await readPacked(weights, own("weight_packed"), shape, bits, false);
  const scales = await readScales(weights, own("weight_scale"), [outputs, groups]);
  const zeros = weights.has(own("weight_zero_point"))
    ? await readPacked(weights, own("weight_zero_point"), [outputs, groups], bits, true)
    : new Uint8Array(outputs * groups).fill(2 ** (bits - 1));
  const groupIndex = await readGroupIndex(weights, own("weight_g_idx"), inputs, groupSize);
  return {
    bits,
    groupSize,
    shape,
    codes,
    scales: matrix(outputs, groups, scales),
    zeros: matrix(outputs, groups, Float32Array.from(zeros)),
    ...groupIndex && { groupIndex },
  };
}

/** Numbers packed along the last axis, or the first; those of 3 bits end to end, or ten a word where it is as wide as that. */
async function readPacked(
  weights: Weights,
  name: string,
  [rows, columns]: readonly [number, number],
  bits: number,
  down: boolean,
): Promise<Uint8Array> {
  const [lines, length] = down ? [columns, rows] : [rows, columns], dense = rowBytes(length, bits, 4) / 4;
  const perWord = Math.floor(32 / bits), sparse = Math.ceil(length / perWord);
  const width = weights.describe(name).shape[down ? 0 : 1] === sparse ? sparse : dense;
  const words = await readWords(weights, name, down ? [width, lines] : [lines, width]);
  const inLines = down ? turned(words, width, lines) : words;
  const numbers = width === dense
    ? unpackRows(new Uint8Array(inLines.buffer, inLines.byteOffset, inLines.byteLength), [lines, length], bits, 4)
    : Uint8Array.from({ length: lines * length }, (_, at) => {
      const place = at % length, word = inLines[Math.floor(at / length) * width + Math.floor(place / perWord)];
      return word >>> bits * (place % perWord) & (2 ** bits - 1);
    });
  return down ? turned(numbers, lines, length) : numbers;
}
