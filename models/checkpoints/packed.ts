/** What the formats of packed codes share: what they take, and the parts of a layer. @module */

import { checkParts } from "../../solvers/core/kinds.ts";
import { packRows } from "../../formats/bit_packing.ts";
import { InputError } from "../../solvers/core/errors.ts";
import { encodeFloat16, roundToFloat16 } from "../../solvers/core/float16.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import type { LayeredModel } from "../quantized.ts";
import { constraintsOf, type FormatName, reasonAgainst } from "./constraints.ts";
import { type PendingTensor, pendingTensor } from "./pending.ts";
import { hasRuns } from "./stored.ts";

/** Whether every grid of a layer is symmetric about zero, as files without zero points have them. */
export function isSymmetric({ bits, zeros }: QuantizedWeights): boolean {
  return zeros.data.every((zero) => zero === 2 ** (bits - 1));
}

/** Columns that share a scale, or -1 where all do. */
export function storedGroupSize({ groupSize, scales }: QuantizedWeights): number {
  return scales.shape[1] === 1 ? -1 : groupSize;
}

/** What is told of a layer that is saved. */
export interface SavedLayer {
  /** Name of the layer. */
  readonly name: string;
  /** Whether the file has its codes, scales and zero points to the bit; false where scales were rounded to f16. */
  readonly exact: boolean;
  /** Why it is saved dense. */
  readonly problem?: string;
}

/** What is told of a checkpoint that is saved; plain JSON. */
export interface SaveReport {
  /** The quantised layers. */
  readonly layers: readonly SavedLayer[];
}

/** Most that rounding to f16 may take from a scale, relatively: f16 has it where it is not subnormal. */
export const mostRounding = 2 ** -11;

/**
 * Sees that a format of packed codes can hold a model: codes and zero points to the bit, scales rounded to f16.
 *
 * @returns which layers it holds to the bit
 * @throws {InputError} naming what it cannot hold
 */
export function checkPackable(quantized: LayeredModel, format: FormatName): SaveReport {
  checkParts("quantized", quantized, { model: "object", layers: "map" }, "save the model");
  const { model, layers } = quantized;
  const saved: SavedLayer[] = [];
  const constraints = constraintsOf(format);
  const refuse = (problem: string) => new InputError("quantized", `Cannot save the model as ${format}: ${problem}.`);
  const advice = `quantise the model with format "${format}"`;
  if (constraints.transposed === false && model.architecture.transposed) {
    throw refuse(`its layers are stored [inputs, outputs], as ${model.architecture.family} has them`);
  }
  if (layers.size === 0) throw refuse("none of its layers is quantised");
  for (const [name, layer] of layers) {
    const [outputs, inputs] = layer.shape, { groupSize, outliers, scales } = layer;
    const reason = reasonAgainst(constraints, { outputs, inputs }, groupSize);
    if (outliers && outliers.data.length > 0) {
      throw refuse(`"${name}" has outliers, and the format has no place beside the grid for them`);
    }
    if (reason !== undefined) throw refuse(`"${name}": ${reason}; ${advice}`);
    if (storedGroupSize(layer) > 0 && constraints.groupSizes && !constraints.groupSizes.includes(groupSize)) {
      throw refuse(`"${name}" has groups of ${groupSize} columns, not of ${constraints.groupSizes.join(", ")}`);
    }
    if (constraints.groupOrder === false && !hasRuns(layer)) {
      throw refuse(`the columns of "${name}" are not grouped in their order, as activation order makes them`);
    }
    let exact = true;
    for (const scale of scales.data) {
      const rounded = roundToFloat16(scale);
      exact &&= rounded === scale;
      if (Math.abs(rounded - scale) <= mostRounding * Math.abs(scale)) continue;
      throw refuse(`"${name}" has the scale ${scale}, and f16 nothing near it; ${advice}`);
    }
    saved.push({ name, exact });
  }
  return { layers: saved };
}

/** The tensors of a model, those of its quantised layers in parts. */
export function packedTensors(
  { model: { weights }, layers }: LayeredModel,
  partsOf: (name: string, layer: QuantizedWeights) => Readonly<Record<string, PendingTensor>>,
): Map<string, PendingTensor> {
  const tensors = new Map<string, PendingTensor>();
  for (const name of weights.names) {
    const owner = name.endsWith(".weight") ? name.slice(0, -".weight".length) : "", layer = layers.get(owner);
    if (!layer) {
      const { dtype, shape } = weights.describe(name);
      tensors.set(name, { dtype, shape, read: () => weights.read(name) });
      continue;
    }
    for (const [part, tensor] of Object.entries(partsOf(owner, layer))) tensors.set(`${owner}.${part}`, tensor);
  }
  return tensors;
}

/** Rows of codes as little-endian words, each row from a word of its own. */
export function packWords(values: ArrayLike<number>, shape: readonly [number, number], bits: number): Int32Array {
  return new Int32Array(packRows(values, shape, bits, 4).buffer);
}

/** Numbers in f16. */
export function halves(shape: readonly number[], values: () => ArrayLike<number>): PendingTensor {
  return pendingTensor("F16", shape, () => encodeFloat16(values()));
}
