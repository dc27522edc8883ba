import type { Workspace } from "../../kernels/engine/mod.ts";
import { dtypeOf, type Matrix, type SparseMatrix, type VectorDtype } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import type { Grid } from "./grid.ts";
import type { Meter } from "./meter.ts";
import type { ResolvedOptions } from "./options.ts";

/** A layer to quantise: what every method reads and none changes. */
export interface Problem {
  readonly weights: Matrix;
  readonly gram: Matrix;
  readonly rows: number;
  readonly columns: number;
  /** Precision of the weights. */
  readonly dtype: VectorDtype;
  /** Diagonal of the Gram matrix. */
  readonly diagonal: Float64Array;
  /** Number of groups of columns, each with a scale and a zero point in every row. */
  readonly groups: number;
  /** Group of each column, where there are several. */
  readonly groupIndex: Uint32Array | undefined;
  /** Largest code, `2^bits - 1`. */
  readonly maximumCode: number;
  readonly options: ResolvedOptions;
  readonly workspace: Workspace;
  readonly meter: Meter;
}

/**
 * An approximation of the layer, as far as it goes: where a method starts, and what it comes to.
 *
 * One buffer of codes goes through a whole solve: a method takes over that of its start and replaces rows of it.
 */
export interface Approximation {
  readonly grid: Grid;
  /** What is added to the weights of the grid: it approximates the weights less these. */
  readonly outliers: SparseMatrix | undefined;
  /** One code a byte [rows, columns]. */
  readonly codes: Uint8Array;
  /** Rows, from the first on, that have codes. Where the time is up before the others have, they are rounded. */
  readonly codedRows: number;
}

/** What a method returns. */
export interface Outcome {
  readonly reached: Approximation;
  /** "time-limit" where the method was cut short, and nothing is to follow. */
  readonly status: Status;
  /** Objective after each iteration done; absent from methods without iterations. */
  readonly trace?: readonly number[];
  /** Damping that the factorisation used, where there was one. */
  readonly damping?: number;
  /** Codes that a certificate would still change, where there was one. */
  readonly violations?: number;
  /** What the data demanded. */
  readonly remarks?: readonly string[];
}

/** A way from one approximation to a better one. */
export type Method = (problem: Problem, start: Approximation) => Promise<Outcome>;

/** States the problem. */
export function stateProblem(
  weights: Matrix,
  gram: Matrix,
  options: ResolvedOptions,
  workspace: Workspace,
  meter: Meter,
): Problem {
  const [rows, columns] = weights.shape, { bits, groupSize } = options, groups = columns / groupSize;
  return {
    weights,
    gram,
    rows,
    columns,
    dtype: dtypeOf(weights.data),
    diagonal: Float64Array.from({ length: columns }, (_, j) => gram.data[j * (columns + 1)]),
    groups,
    groupIndex: groups > 1 ? Uint32Array.from({ length: columns }, (_, j) => Math.floor(j / groupSize)) : undefined,
    maximumCode: 2 ** bits - 1,
    options,
    workspace,
    meter,
  };
}
