import type { Workspace } from "../../kernels/engine/mod.ts";
import { dtypeOf, type Matrix, type SparseMatrix, type VectorDtype } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import type { Grid } from "./grid.ts";
import type { Meter } from "./meter.ts";
import type { ResolvedOptions } from "./options.ts";

/**
 * What the target `W X_a`, `X_a = X~ + share (X - X~)`, adds to the objective. With the errors `e = w - what` of a row and
 * `Sigma = X~ X~^T`,
 *
 *     ||w X_a - what X~||^2 = e Sigma e + 2 e . b + c
 *     b = w D        D = share (X - X~) X~^T        c = share^2 ||w (X - X~)||^2
 *
 * so that the residual of coordinate descent is `G = e M + b diag(Sigma)^-1`: no inverse. Where what the outputs are added to
 * is off by `d` of the row, `share d` joins the target, `share d X~^T` joins `b`, and `c = share^2 ||w (X - X~) + d||^2`.
 */
export interface Moved {
  /** `b` of each row, in the unit of the problem [rows, columns]. */
  readonly linear: Float64Array;
  /** `c` of each row, in the unit of the problem [rows]. */
  readonly constant: Float64Array;
  /** How large terms of `c` are, for what rounding may take from them [rows]. */
  readonly size: Float64Array;
  /** The share of it that rounding of the caller's matrices may take. */
  readonly tolerance: number;
}

/** A layer to quantise: what every method reads and none changes. */
export interface Problem {
  readonly weights: Matrix;
  readonly gram: Matrix;
  readonly rows: number;
  readonly columns: number;
  /** Precision of the weights. */
  readonly dtype: VectorDtype;
  /**
   * The power of two that the solve measures the Gram matrix by, near its largest entry, so that what the methods make of
   * it is within the range of f32; their objectives are in this unit too.
   */
  readonly unit: number;
  /** Diagonal of the Gram matrix, in its unit. An entry below `negligible` belongs to an input that is dead beside others. */
  readonly diagonal: Float64Array;
  /** Number of groups of columns, each with a scale and a zero point in every row. */
  readonly groups: number;
  /** Group of each column, where there are several. */
  readonly groupIndex: Uint32Array | undefined;
  /** Largest code, `2^bits - 1`. */
  readonly maximumCode: number;
  /** What the objective has beside the square of the errors, where the target is the original model's output. */
  readonly moved?: Moved;
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
  /** Other codes of the whole layer on the same grid, from which a row may start as well. @default none */
  readonly alternatives?: readonly Uint8Array[];
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
  /** Whether errors of a row cancel to so little that f32 may not tell its codes from others, where a certificate saw to it. */
  readonly cancels?: boolean;
  /** What the data demanded. */
  readonly remarks?: readonly string[];
}

/** A way from one approximation to a better one. */
export type Method = (problem: Problem, start: Approximation) => Promise<Outcome>;

/** Diagonal entries below it weigh nothing beside the largest, whatever the weights: their couplings would leave f32. */
export const negligible = 2 ** -120;

/** The same for f64, and for certificates. */
export const negligibleInDouble = 2 ** -960;

/** States the problem. */
export function stateProblem(
  weights: Matrix,
  gram: Matrix,
  options: ResolvedOptions,
  workspace: Workspace,
  meter: Meter,
): Problem {
  const [rows, columns] = weights.shape, { bits, groupSize } = options, groups = Math.ceil(columns / groupSize);
  const entries = Float64Array.from({ length: columns }, (_, j) => gram.data[j * (columns + 1)]);
  const largest = entries.reduce((most, entry) => Math.max(most, entry), 0);
  const unit = largest > 0 ? 2 ** Math.max(-1022, Math.floor(Math.log2(largest))) : 1;
  return {
    weights,
    gram,
    rows,
    columns,
    dtype: dtypeOf(weights.data),
    unit,
    diagonal: entries.map((entry) => entry / unit),
    groups,
    groupIndex: groups > 1 ? Uint32Array.from({ length: columns }, (_, j) => Math.floor(j / groupSize)) : undefined,
    maximumCode: 2 ** bits - 1,
    options,
    workspace,
    meter,
  };
}
