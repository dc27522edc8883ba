/** Layers of GPTQ checkpoints of both versions, and of AWQ's. @module */

import { clipped } from "../../formats/errors.ts";
import { packRows, rowBytes, unpackRows } from "../../formats/bit_packing.ts";
import { matrix } from "../../solvers/core/matrix.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import { type Config, configOf } from "../config.ts";
import { turned } from "../dense.ts";
import type { Weights } from "../weights.ts";
import { fitsBeginning } from "./name_patterns.ts";
import {
  bitsOf,
  groupSizeOf,
  inRuns,
  type Owners,
  readGroupIndex,
  readScales,
  readWords,
  refuseTensor,
  type StoredLayer,
  type StoredQuantization,
  takeParts,
} from "./stored.ts";

const parts = ["qweight", "qzeros", "scales", "g_idx"];

/** Output of each 4 bits of a word, from the lowest on. */
const awqOrder = [0, 2, 4, 6, 1, 3, 5, 7];

/** Opens a GPTQ checkpoint. @throws {FormatError} for a version that is not known */
export function openGptq(settings: Config, weights: Weights, owners: Owners): StoredQuantization {
  const format = settings.text(["checkpoint_format", "format"], "gptq");
  if (format !== "gptq" && format !== "gptq_v2") {
    throw settings.refuse("checkpoint_format", `is "${format}"; gptq and gptq_v2 can be read`);
  }
  const layers = new Map<string, StoredLayer>();
  for (const name of layersIn(weights)) {
    const bytes = takeParts(weights, name, parts, owners);
    const own = settingsOfLayer(settings, name), bits = bitsOf(own, "bits");
    const [, outputs] = shapeOf(weights, `${name}.scales`), index = `${name}.g_idx`;
    const [rows] = shapeOf(weights, `${name}.qweight`);
    const inputs = weights.has(index) ? weights.describe(index).shape[0] : Math.floor(rows * 32 / bits);
    const shape = [outputs, inputs] as const, groupSize = groupSizeOf(own, inputs, "group_size");
    layers.set(name, {
      shape,
      bits,
      groupSize,
      bytes,
      async read() {
        const groups = Math.ceil(inputs / groupSize), down = rowBytes(inputs, bits, 4) / 4;
        const across = rowBytes(outputs, bits, 4) / 4;
        const words = await readWords(weights, `${name}.qweight`, [down, outputs]);
        const zeroWords = await readWords(weights, `${name}.qzeros`, [groups, across]);
        const scales = await readScales(weights, `${name}.scales`, [groups, outputs]);
        const codes = unpackRows(bytesOf(turned(words, down, outputs)), shape, bits, 4);
        const zeros = zeroPoints(zeroWords, [groups, outputs], bits, format === "gptq");
        return layerOf(
          shape,
          bits,
          groupSize,
          codes,
          scales,
          zeros,
          await readGroupIndex(weights, index, inputs, groupSize),
        );
      },
    });
  }
  return { format, layers };
}

/** Opens an AWQ checkpoint. @throws {FormatError} for others than `gemm` of 4 bits */
export function openAwq(settings: Config, weights: Weights, owners: Owners): StoredQuantization {
  const version = settings.text("version", "gemm").toLowerCase(), bits = bitsOf(settings, "bits", "w_bit");
  if (version !== "gemm") throw settings.refuse("version", `is "${version}"; gemm can be read`);
  if (bits !== 4) throw settings.refuse("bits", `is ${bits}; AWQ has 4`);
  const layers = new Map<string, StoredLayer>();
  for (const name of layersIn(weights)) {
    const bytes = takeParts(weights, name, parts, owners);
    const [inputs] = shapeOf(weights, `${name}.qweight`), [, outputs] = shapeOf(weights, `${name}.scales`);
    if (outputs % 8 !== 0) throw refuseTensor(`${name}.scales`, `has ${outputs} outputs, which is no multiple of 8`);
    const shape = [outputs, inputs] as const, groupSize = groupSizeOf(settings, inputs, "group_size", "q_group_size");
    layers.set(name, {
      shape,
      bits,
      groupSize,
      bytes,
      async read() {
        const groups = Math.ceil(inputs / groupSize), width = outputs / 8;
        const words = await readWords(weights, `${name}.qweight`, [inputs, width]);
        const zeroWords = await readWords(weights, `${name}.qzeros`, [groups, width]);
        const scales = await readScales(weights, `${name}.scales`, [groups, outputs]);
        const codes = turned(inOrder(unpackRows(bytesOf(words), [inputs, outputs], bits, 4)), inputs, outputs);
        const zeros = inOrder(unpackRows(bytesOf(zeroWords), [groups, outputs], bits, 4));
        return layerOf(shape, bits, groupSize, codes, scales, zeros, inRuns(inputs, groupSize));
      },
    });
  }
  return { format: "awq", layers };
}

/** Names of the layers that have packed codes. */
function layersIn({ names }: Weights): string[] {
  return names.filter((name) => name.endsWith(".qweight")).map((name) => name.slice(0, -".qweight".length));
}

/** The settings of a layer: the first rule of `dynamic` that fits it, above those of all. */
function settingsOfLayer(settings: Config, name: string): Config {
  const rules = settings.value("dynamic") as Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
  for (const [rule, own] of Object.entries(rules ?? {})) {
    const pattern = rule.replace(/^[+-]:/, "");
    let fits: boolean;
    try {
      fits = fitsBeginning(pattern, name);
    } catch (error) {
      throw settings.refuse(
        "dynamic",
        `has the rule ${JSON.stringify(clipped(rule))}, which cannot be read: ${(error as Error).message}`,
      );
    }
    if (!fits) continue;
    const all = { bits: settings.value("bits"), group_size: settings.value("group_size"), ...own };
    return configOf(all, `quantization_config: dynamic of "${name}"`);
  }
  return settings;
}

function shapeOf(weights: Weights, name: string): readonly [number, number] {
  const { shape } = weights.describe(name);
  if (shape.length !== 2 || shape.includes(0)) throw refuseTensor(name, `is [${shape}], and must have two axes`);
  return [shape[0], shape[1]];
}

function bytesOf({ buffer, byteOffset, byteLength }: Int32Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}

/**
 * Zero points [groups, outputs]. The first version keeps them less one: words are raised by a one in every field, with its
 * carries, as a 0 that wrapped around had borrowed from the next field; those of 3 bits field by field, as writers do.
 */
function zeroPoints(words: Int32Array, shape: readonly [number, number], bits: number, lessOne: boolean): Uint8Array {
  if (!lessOne) return unpackRows(bytesOf(words), shape, bits, 4);
  if (bits === 3) return unpackRows(bytesOf(words), shape, bits, 4).map((zero) => zero + 1 & 7);
  const [one] = new Int32Array(packRows(new Uint8Array(32 / bits).fill(1), [1, 32 / bits], bits, 4).buffer);
  return unpackRows(bytesOf(words.map((word) => word + one)), shape, bits, 4);
}

/** Numbers of AWQ's words in the order of the outputs. */
function inOrder(numbers: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const ordered = new Uint8Array(numbers.length);
  for (let at = 0; at < numbers.length; at += 8) {
    for (let k = 0; k < 8; k++) ordered[at + awqOrder[k]] = numbers[at + k];
  }
  return ordered;
}

/** A layer from scales and zero points [groups, outputs]. */
function layerOf(
  shape: readonly [outputs: number, inputs: number],
  bits: QuantizedWeights["bits"],
  groupSize: number,
  codes: Uint8Array,
  scales: Float32Array,
  zeros: Uint8Array,
  groupIndex: Uint32Array | undefined,
): QuantizedWeights {
  const [outputs] = shape, groups = scales.length / outputs;
  return {
    bits,
    groupSize,
    shape,
    codes,
    scales: matrix(outputs, groups, turned(scales, groups, outputs)),
    zeros: matrix(outputs, groups, turned(Float32Array.from(zeros), groups, outputs)),
    ...groupIndex && { groupIndex },
  };
}
