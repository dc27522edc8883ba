import { OptionError } from "../core/errors.ts";
import { booleanOption, choiceOption, integerOption, numberOption } from "../core/options.ts";
import type { SolveOptions } from "../core/result.ts";

/** Ways to choose the codes, from the slowest and best to the fastest and worst. */
export type QuantizationMethod = "auto" | "quantease" | "gptq" | "rtn";

/** What a coordinate descent begins with. */
export type QuantizationStart = "weights" | "rtn" | "gptq";

/** Weights kept beside the grid, in the precision of the layer. */
export interface OutlierOptions {
  /** Share of the weights (unstructured) or of the columns (structured) that is kept, 0 to 0.5. */
  readonly fraction: number;
  /** Whole columns instead of single weights. @default false */
  readonly structured?: boolean;
}

/** Options of {@linkcode quantizeLayer}. */
export interface QuantizeOptions extends Omit<SolveOptions, "tolerance"> {
  /** Bits of a code. @default 4 */
  readonly bits?: 2 | 3 | 4 | 8;
  /** How the codes are chosen. @default "auto" */
  readonly method?: QuantizationMethod;
  /**
   * Passes of "quantease"; annealing rounds of "auto", each worth about a quarter of a dense pass. The other methods
   * take one pass. @default 25
   */
  readonly iterations?: number;
  /** Every how many passes "quantease" leaves the grid to escape a local minimum; 0 for never. @default 3 */
  readonly relaxEvery?: number;
  /** What "quantease" and "auto" begin with. @default "weights" for "quantease", "gptq" for "auto" */
  readonly initial?: QuantizationStart;
  /** Columns that share a scale; divides their number. @default all columns */
  readonly groupSize?: number;
  /** Grids symmetric about zero. @default false */
  readonly symmetric?: boolean;
  /**
   * Columns of largest Gram diagonal first, in "gptq" and "quantease"; groups stay where they are.
   * @default true for the start of "auto", false otherwise
   */
  readonly activationOrder?: boolean;
  /**
   * Share of the mean diagonal that is added to the Gram matrix before it is factored, for "gptq" and starts from it.
   * @default 0.01
   */
  readonly damping?: number;
  /** Weights kept beside the grid. @default none */
  readonly outliers?: OutlierOptions;
}

/** Options with their defaults, checked. */
export interface ResolvedOptions {
  readonly bits: 2 | 3 | 4 | 8;
  readonly method: QuantizationMethod;
  readonly iterations: number;
  readonly relaxEvery: number;
  readonly initial: QuantizationStart;
  readonly groupSize: number;
  readonly symmetric: boolean;
  readonly activationOrder: boolean;
  readonly damping: number;
  readonly outliers: Required<OutlierOptions> | undefined;
  readonly seed: number;
}

/** Checks the options of a layer with `columns` columns and fills in the defaults. */
export function resolveOptions(options: QuantizeOptions, columns: number): ResolvedOptions {
  const method = choiceOption("method", options.method ?? "auto", ["auto", "quantease", "gptq", "rtn"]);
  const iterations = integerOption("iterations", options.iterations ?? 25, 1);
  const outliers = options.outliers === undefined ? undefined : resolveOutliers(options.outliers, method);
  return {
    bits: choiceOption("bits", options.bits ?? 4, [2, 3, 4, 8]),
    method,
    iterations: Math.min(iterations, integerOption("maxIterations", options.maxIterations ?? iterations, 1)),
    relaxEvery: integerOption("relaxEvery", options.relaxEvery ?? 3, 0),
    initial: choiceOption("initial", options.initial ?? (method === "auto" ? "gptq" : "weights"), [
      "weights",
      "rtn",
      "gptq",
    ]),
    groupSize: resolveGroupSize(options.groupSize ?? columns, columns),
    symmetric: booleanOption("symmetric", options.symmetric ?? false),
    activationOrder: booleanOption("activationOrder", options.activationOrder ?? method === "auto"),
    damping: numberOption("damping", options.damping ?? 0.01, 0),
    outliers,
    seed: integerOption("seed", options.seed ?? 0, 0),
  };
}

function resolveGroupSize(groupSize: number, columns: number): number {
  integerOption("groupSize", groupSize, 1);
  if (columns % groupSize !== 0) {
    throw new OptionError(
      "groupSize",
      `Cannot use "groupSize": expected a divisor of the ${columns} columns of "weights", received ${groupSize}.`,
    );
  }
  return groupSize;
}

function resolveOutliers(outliers: OutlierOptions, method: QuantizationMethod): Required<OutlierOptions> {
  if (typeof outliers !== "object" || outliers === null) {
    throw new OptionError(
      "outliers",
      `Cannot use "outliers": expected { fraction, structured? }, received ${outliers}.`,
    );
  }
  if (method !== "auto" && method !== "quantease") {
    throw new OptionError(
      "outliers",
      `Cannot use "outliers" with method "${method}": expected method "auto" or "quantease".`,
    );
  }
  return {
    fraction: numberOption("outliers.fraction", outliers.fraction, 0, 0.5),
    structured: booleanOption("outliers.structured", outliers.structured ?? false),
  };
}
