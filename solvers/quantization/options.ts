/** The options of quantisation: what they mean in the interfaces, what they take in the tables. @module */

import { OptionError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import {
  choice,
  denseMatrix,
  flag,
  group,
  integer,
  number,
  type OptionTable,
  required,
  type Resolved,
} from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** Ways to choose the codes, from the slowest and best to the fastest and worst. */
export type QuantizationMethod = "auto" | "quantease" | "gptq" | "rtn";

/** What a coordinate descent begins with. */
export type QuantizationStart = "weights" | "rtn" | "gptq";

/** How scales are fitted: to the range of the weights, or searched below it. */
export type QuantizationGrid = "range" | "search";

/** Floats that scales are kept in: those of the layer, or narrower. */
export type ScalePrecision = "f32" | "f16";

/** Weights kept beside the grid, in the precision of the layer. */
export interface OutlierOptions {
  /**
   * Share of the weights (unstructured) or of the columns (structured) that is kept, 0 to 0.5: at most, for "auto" on a
   * layer of up to 65,536 weights, which keeps none in a row, or no column, where that is better.
   */
  readonly fraction: number;
  /** Whole columns instead of single weights. @default false */
  readonly structured?: boolean;
}

/**
 * What the inputs `X` of the layer in the original model have to do with its inputs `X~` after the layers before it have
 * been quantised. The output to come near is then `W X_a` with `X_a = X~ + share (X - X~)`, instead of `W X~`.
 */
export interface OriginalOptions {
  /** `X X~^T` [inputs, inputs]: entry `(j, k)` sums input `j` of the original model times input `k` of the quantised one. */
  readonly cross: Matrix;
  /** `X X^T` [inputs, inputs], symmetric positive semidefinite. */
  readonly gram: Matrix;
  /** How far the target is from `W X~` on the way to `W X`, the output of the original model, 0 to 1. @default 1 */
  readonly share?: number;
}

/** A grid that codes are chosen on as it is, such as that of a file format whose scales have few digits. */
export interface FixedGrid {
  /** Positive scales [outputs, groups], rounded to the precision of the weights. */
  readonly scales: Matrix;
  /** Zero points [outputs, groups]; whole numbers or not, for a weight is `scale (code - zero)` either way. */
  readonly zeros: Matrix;
}

/** Options of {@linkcode quantizeLayer}. */
export interface QuantizeOptions extends Omit<SolveOptions, "tolerance"> {
  /** Bits of a code. @default 4 */
  readonly bits?: 2 | 3 | 4 | 8;
  /** How the codes are chosen. @default "auto" */
  readonly method?: QuantizationMethod;
  /**
   * Passes of "quantease"; tens of annealing passes of "auto", four each on up to 256 inputs, which cost about 0.1 dense
   * passes. The other methods take one pass. 1 to 1000000. @default 25
   */
  readonly iterations?: number;
  /** Most iterations, for callers who limit every solver alike. @default as many as `iterations` says */
  readonly maxIterations?: number;
  /** Every how many passes "quantease" leaves the grid to escape a local minimum, >= 0; 0 for never. @default 3 */
  readonly relaxEvery?: number;
  /** What "quantease" and "auto" begin with. @default `weights` for `quantease`, `gptq` for `auto` */
  readonly initial?: QuantizationStart;
  /** Columns that share a scale, >= 1; what they leave over is a shorter last group. @default all columns */
  readonly groupSize?: number;
  /**
   * "range": scales cover the range of the weights of a row and group. "search": the share of that range, from 1 down to
   * 0.4, whose rounding errors weigh least by the diagonal of the Gram matrix; "auto" then fits the scales again by
   * least squares while codes descend. @default `search` for `auto`, `range` otherwise
   */
  readonly grid?: QuantizationGrid;
  /** Grids symmetric about zero. @default false */
  readonly symmetric?: boolean;
  /**
   * Floats that every scale is rounded to when it is fitted, so that a file of this precision holds what the codes were
   * chosen for. @default that of the weights
   */
  readonly scalePrecision?: ScalePrecision;
  /**
   * Columns of largest Gram diagonal first, in "gptq" and "quantease"; groups stay where they are.
   * @default true for the start of `auto`, false otherwise
   */
  readonly activationOrder?: boolean;
  /**
   * Share of the mean diagonal that is added to the Gram matrix before it is factored, for "gptq" and starts from it,
   * 0 to 1000. @default 0.01
   */
  readonly damping?: number;
  /** Weights kept beside the grid. @default none */
  readonly outliers?: OutlierOptions;
  /**
   * The inputs in the original model, whose output is the target; `gram` is then that of the inputs in the quantised one.
   * @default none
   */
  readonly original?: OriginalOptions;
  /**
   * Scales and zero points of every row and group of `groupSize` columns, which stay as they are: `grid`, `symmetric` and
   * `scalePrecision` do not count then. @default none
   */
  readonly fixedGrid?: FixedGrid;
}

/** Options of {@linkcode accumulateGram}. */
export interface GramOptions extends Pick<SolveOptions, "backend" | "threads" | "signal" | "onProgress"> {
  /**
   * Precision of the matrix that `gram` returns; the sum itself is kept in f64. A layer with f32 weights is solved in
   * f32 either way, and f32 halves the memory. @default "f64"
   */
  readonly dtype?: "f32" | "f64";
}

const outlierOptions: OptionTable<OutlierOptions> = {
  fraction: required(number({
    least: 0,
    most: 0.5,
    unit: "share",
    about: "Share of the weights, or of the columns, that is kept beside the grid.",
  })),
  structured: flag({ default: false, about: "Outliers are whole columns instead of single weights." }),
};

const originalOptions: OptionTable<OriginalOptions> = {
  cross: required(denseMatrix({
    about: "Inputs of the original model times those of the quantised one, summed over tokens [inputs, inputs].",
  })),
  gram: required(denseMatrix({ about: "Gram matrix of the inputs in the original model [inputs, inputs]." })),
  share: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1,
    about: "How far the target is on the way from the quantised model's output to the original's.",
  }),
};

const fixedGridOptions: OptionTable<FixedGrid> = {
  scales: required(denseMatrix({ about: "Positive scales [outputs, groups]." })),
  zeros: required(denseMatrix({ about: "Zero points, whole or not [outputs, groups]." })),
};

/** Options of {@linkcode quantizeLayer} that may stay undefined. */
export type OpenQuantizeOptions =
  | OpenSolveOptions
  | "maxIterations"
  | "initial"
  | "groupSize"
  | "grid"
  | "activationOrder"
  | "outliers"
  | "original"
  | "fixedGrid"
  | "scalePrecision";

/** Table of the options of {@linkcode quantizeLayer}. */
export const quantizeLayerOptions: OptionTable<QuantizeOptions, OpenQuantizeOptions> = {
  bits: choice([2, 3, 4, 8], { default: 4, about: "Bits of a code." }),
  method: choice(["auto", "quantease", "gptq", "rtn"], {
    default: "auto",
    about: "Algorithm; `auto` is the best known combination.",
  }),
  iterations: integer({
    least: 1,
    most: 1e6,
    default: 25,
    about: "Passes of `quantease`, tens of annealing passes of `auto`; the other methods take one pass.",
  }),
  maxIterations: integer({
    least: 1,
    most: 1e9,
    otherwise: "as many as `iterations` says",
    about: "Most iterations, as every solver takes it.",
  }),
  relaxEvery: integer({
    least: 0,
    most: 1e6,
    default: 3,
    about: "Every how many passes `quantease` leaves the grid to escape a local minimum; 0 for never.",
  }),
  initial: choice(["weights", "rtn", "gptq"], {
    otherwise: "`weights` for `quantease`, `gptq` for `auto`",
    about: "What `quantease` and `auto` begin with.",
  }),
  groupSize: integer({
    least: 1,
    most: 2 ** 31 - 1,
    otherwise: "all columns",
    about: "Columns that share a scale; what they leave over is a shorter last group.",
  }),
  grid: choice(["range", "search"], {
    otherwise: "`search` for `auto`, `range` otherwise",
    about: "Scales that cover the range of the weights, or the best share of it, which `auto` then fits to its codes.",
  }),
  symmetric: flag({ default: false, about: "Grids symmetric about zero." }),
  scalePrecision: choice(["f32", "f16"], {
    otherwise: "that of the weights",
    about: "Floats that scales are rounded to when they are fitted, as files keep them.",
  }),
  activationOrder: flag({
    otherwise: "true for the start of `auto`, false otherwise",
    about: "Columns of largest Gram diagonal first, in `gptq` and `quantease`.",
  }),
  damping: number({
    least: 0,
    most: 1000,
    unit: "share",
    default: 0.01,
    about: "Share of the mean diagonal that is added to the Gram matrix before it is factored.",
  }),
  outliers: group(outlierOptions, {
    otherwise: "none",
    about: "Weights kept beside the grid, for `auto` and `quantease`.",
  }),
  original: group(originalOptions, {
    otherwise: "none",
    about: "Inputs of the layer in the original model, whose output is then the target.",
  }),
  fixedGrid: group(fixedGridOptions, {
    otherwise: "none",
    about: "Scales and zero points that stay as they are, instead of a grid that is fitted to the weights.",
  }),
  ...solveOptions,
};

/** Table of the options of {@linkcode accumulateGram}. */
export const accumulateGramOptions: OptionTable<GramOptions, OpenSolveOptions> = {
  dtype: choice(["f32", "f64"], {
    default: "f64",
    about: "Precision of the matrix that is returned; the sum itself is kept in f64.",
  }),
  backend: solveOptions.backend,
  threads: solveOptions.threads,
  signal: solveOptions.signal,
  onProgress: solveOptions.onProgress,
};

/** Options with their defaults, also those that follow from the layer. */
export type ResolvedOptions = Resolved<
  QuantizeOptions,
  "threads" | "signal" | "onProgress" | "outliers" | "original" | "fixedGrid" | "scalePrecision"
>;

/** Checks the options of a layer and fills in the defaults but for those that follow from its columns. */
export function resolveQuantizeOptions(options: QuantizeOptions): Resolved<QuantizeOptions, OpenQuantizeOptions> {
  const resolved = resolveOptions(quantizeLayerOptions, options, "layer quantization");
  const { outliers, method } = resolved;
  if (outliers && method !== "auto" && method !== "quantease") {
    throw new OptionError(
      "outliers",
      `Cannot use "outliers" with method "${method}": expected method "auto" or "quantease".`,
    );
  }
  if (outliers && resolved.fixedGrid) {
    throw new OptionError("fixedGrid", 'Cannot use "fixedGrid" with "outliers", which change the grid.');
  }
  return resolved;
}

/** The options for a layer of so many columns. */
export function optionsForLayer(
  options: Resolved<QuantizeOptions, OpenQuantizeOptions>,
  columns: number,
): ResolvedOptions {
  const { method, iterations, groupSize: given = columns } = options;
  const groupSize = Math.min(given, columns);
  const maxIterations = options.maxIterations ?? iterations;
  return {
    ...options,
    iterations: Math.min(iterations, maxIterations),
    maxIterations,
    initial: options.initial ?? (method === "auto" ? "gptq" : "weights"),
    groupSize,
    // A fixed grid is not fitted any further.
    grid: options.fixedGrid ? "range" : options.grid ?? (method === "auto" ? "search" : "range"),
    activationOrder: options.activationOrder ?? method === "auto",
  };
}
