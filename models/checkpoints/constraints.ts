/** What formats demand of a quantisation, so that what they hold is what the codes were chosen for. @module */

import { OptionError } from "../../solvers/core/errors.ts";
import type { ScalePrecision } from "../../solvers/quantization/options.ts";
import type { Architecture } from "../architecture.ts";
import type { Bits } from "../bits.ts";
import type { LinearLayer } from "../load.ts";
import { type BlockGrid, blockGridOf } from "./gguf/grids.ts";
import type { Matrix } from "../../solvers/core/matrix.ts";

/** What a format can hold; what is left out is free. */
export interface FormatConstraints {
  /** Floats that scales are kept in. */
  readonly scalePrecision?: ScalePrecision;
  /** Bits of a code, rising. */
  readonly bits?: readonly Bits[];
  /** Columns that share a scale, beside whole rows. */
  readonly groupSizes?: readonly number[];
  /** What divides the columns that share a scale, beside whole rows. */
  readonly groupMultiple?: number;
  /** Grids have to be symmetric about zero. */
  readonly symmetric?: true;
  /** It has no place for weights beside the grid, or for whole columns of them alone, up to a share. */
  readonly outliers?: false | { readonly columns: number };
  /** Families of models that it has a place for; all where it is left out. */
  readonly families?: readonly string[];
  /** It has no layers that are stored [inputs, outputs], as GPT-2 has them. */
  readonly transposed?: false;
  /** What divides the outputs and the inputs of a layer; other layers keep their weights. */
  readonly multiples?: { readonly outputs?: number; readonly inputs?: number };
  /** It has no index of groups: those of other checkpoints may lie in another order than the columns. */
  readonly groupOrder?: false;
  /** Groups divide the inputs of a layer; other layers keep their weights. */
  readonly wholeGroups?: true;
  /** What holds for a layer with codes of so many bits. */
  readonly ofLayer?: (layer: LinearLayer, bits: Bits, settings: LayerSettings) => LayerSettings;
  /** A grid that is fitted as the format keeps it, and stays as it is; none where codes may have one of their own. */
  readonly gridOf?: (weights: Matrix, gram: Matrix, bits: Bits, settings: LayerSettings) => BlockGrid | undefined;
}

/** What a format may decide for each layer. */
export interface LayerSettings {
  /** Columns that share a scale; all where it is left out. */
  readonly groupSize?: number;
  /** Grids are symmetric about zero. */
  readonly symmetric: boolean;
}

/** The name that the interfaces know a format by. */
export type FormatName = "safetensors" | "onnx" | "gptq" | "compressed-tensors" | "gguf";

/** The constraints of every format. */
export const formatConstraints: Readonly<Record<FormatName, FormatConstraints>> = {
  safetensors: {},
  onnx: { groupMultiple: 16, outliers: { columns: 1 / 8 }, families: ["llama", "mistral", "qwen2", "qwen3"] },
  gptq: {
    scalePrecision: "f16",
    groupSizes: [16, 32, 64, 128, 256, 512, 1024],
    outliers: false,
    multiples: { outputs: 32, inputs: 32 },
    wholeGroups: true,
  },
  "compressed-tensors": {
    scalePrecision: "f16",
    outliers: false,
    transposed: false,
    groupOrder: false,
    wholeGroups: true,
  },
  // Blocks of 32 columns have a scale each, so that smaller groups cost nothing; codes of 8 bits have no zero point.
  gguf: {
    scalePrecision: "f16",
    outliers: false,
    transposed: false,
    groupSizes: [32, 64, 96, 128, 192, 256, 384, 512, 768, 1024],
    multiples: { inputs: 32 },
    ofLayer: (_, bits, { groupSize = 32, symmetric }) => ({ groupSize, symmetric: symmetric || bits === 8 }),
    // Blocks of 256, unless groups are asked for that only blocks of 32 have.
    gridOf: (weights, gram, bits, { groupSize, symmetric }) =>
      groupSize === undefined && !symmetric ? blockGridOf(weights, gram, bits) : undefined,
  },
};

/** The constraints of a format; none without one. */
export function constraintsOf(format: FormatName | undefined): FormatConstraints {
  return format === undefined ? {} : formatConstraints[format];
}

/** The settings that constraints speak of. */
interface ConstrainedSettings {
  readonly format?: FormatName;
  readonly scalePrecision?: ScalePrecision;
  readonly groupSize?: number;
  readonly symmetric: boolean;
  readonly outliers?: { readonly fraction: number; readonly structured?: boolean };
  readonly averageBits?: number;
}

/**
 * The settings that hold in the format of the settings.
 *
 * @throws {OptionError} for a setting that the format has no place for
 */
export function withConstraints<S extends ConstrainedSettings>(
  settings: S,
  { transposed, family }: Pick<Architecture, "transposed" | "family">,
): S {
  const { format, groupSize } = settings, constraints = constraintsOf(format);
  const { scalePrecision = settings.scalePrecision, groupSizes, symmetric = settings.symmetric } = constraints;
  const refuse = (option: string, problem: string) =>
    new OptionError(option, `Cannot use "${option}": the format "${format}" ${problem}.`);
  if (settings.outliers && constraints.outliers === false) {
    throw refuse("outliers", "has no place for weights beside the grid");
  }
  if (settings.outliers && constraints.outliers) {
    const { columns } = constraints.outliers, { structured, fraction } = settings.outliers;
    if (!structured || fraction > columns) {
      throw refuse("outliers", `has a place for "structured" ones alone, of at most ${columns} of the columns`);
    }
  }
  if (constraints.families && !constraints.families.includes(family)) {
    throw refuse("format", `has a place for ${constraints.families.join(", ")}, not for ${family}`);
  }
  if (transposed && constraints.transposed === false) {
    throw refuse("format", "has no layers that are stored [inputs, outputs], as this model has them");
  }
  if (groupSize !== undefined && groupSizes && !groupSizes.includes(groupSize)) {
    throw refuse("groupSize", `has groups of ${groupSizes.join(", ")} columns or whole rows, not of ${groupSize}`);
  }
  const { groupMultiple = 1 } = constraints;
  if (groupSize !== undefined && groupSize % groupMultiple !== 0) {
    throw refuse("groupSize", `has groups of multiples of ${groupMultiple} columns or whole rows, not of ${groupSize}`);
  }
  const [leastBits = 0] = constraints.bits ?? [];
  if (settings.averageBits !== undefined && settings.averageBits < leastBits) {
    throw refuse("averageBits", `has no codes of fewer than ${leastBits} bits`);
  }
  if (settings.scalePrecision === "f32" && scalePrecision === "f16") {
    throw refuse("scalePrecision", "keeps scales in f16");
  }
  return { ...settings, scalePrecision, symmetric };
}

/** Sees that a format has codes of some widths. @throws {OptionError} for one that it has not */
export function checkWidths(format: FormatName | undefined, asked: Iterable<Bits>): void {
  const { bits } = constraintsOf(format);
  for (const width of asked) {
    if (!bits || bits.includes(width)) continue;
    throw new OptionError(
      "bits",
      `Cannot use "bits": the format "${format}" has codes of ${bits.join(", ")} bits, not of ${width}.`,
    );
  }
}

/** Why a format cannot hold a layer; undefined where it can. */
export function reasonAgainst(
  { multiples: { outputs = 1, inputs = 1 } = {}, wholeGroups }: FormatConstraints,
  layer: Pick<LinearLayer, "outputs" | "inputs">,
  groupSize = layer.inputs,
): string | undefined {
  if (layer.outputs % outputs !== 0) return `${layer.outputs} outputs are no multiple of ${outputs}`;
  if (layer.inputs % inputs !== 0) return `${layer.inputs} inputs are no multiple of ${inputs}`;
  if (wholeGroups && groupSize < layer.inputs && layer.inputs % groupSize !== 0) {
    return `${layer.inputs} inputs do not fill groups of ${groupSize}`;
  }
}
