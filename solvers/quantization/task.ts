import { sweepBlock, type Workspace } from "../../kernels/engine/mod.ts";
import type { FloatDtype } from "../../kernels/contract.ts";
import type { Matrix, SparseMatrix, Vector, VectorDtype } from "../core/matrix.ts";
import type { Run } from "../core/run.ts";
import type { Grid } from "./grid.ts";
import type { ResolvedOptions } from "./options.ts";

/**
 * Blocks that a layer is cut into at least, once a block holds more weights than `smallBlock`: what bounds the memory of
 * a block. With outliers there is less memory to spare.
 */
const blocksOfLayer = 8, blocksWithOutliers = 16, smallBlock = 2 ** 16;

/** Kernels work on several rows at once. */
const rowUnit = 8;

/** Rows of a thread that share what is loaded of the coupling, at least. */
const sharingRows = 64;

/** One call of `quantizeLayer` under way. */
export interface Task {
  readonly weights: Matrix;
  readonly gram: Matrix;
  readonly rows: number;
  readonly columns: number;
  readonly dtype: VectorDtype;
  /** Diagonal of the Gram matrix. */
  readonly diagonal: Float64Array;
  readonly options: ResolvedOptions;
  readonly workspace: Workspace;
  readonly run: Run;
  readonly remarks: string[];
  /** The grid of the answer. */
  grid: Grid;
  /** The answer so far, replaced row by row. */
  readonly codes: Uint8Array;
  /** Rows, from the first on, that have codes; where the time is up before the others have, they are rounded. */
  codedRows: number;
  /** What is added to the weights of the grid, in the answer so far. */
  outliers?: SparseMatrix;
  /** Outliers that the grid need not come near, in the solve under way: its target is the weights less these. */
  removed?: SparseMatrix;
  /** Work done so far, in dense passes, and the work that was foreseen. */
  passes: number;
  readonly foreseenPasses: number;
  /** Objective after each iteration. */
  readonly trace: number[];
  /** Iterations whose objective is in `trace`. */
  iterations: number;
  /** Damping that the factorisation used. */
  damping?: number;
  /** Codes that the certificate would still change. */
  violations?: number;
}

/** A range of rows or columns. */
export type Range = [begin: number, end: number];

/** Even ranges of at most `most`, in multiples of `unit`; rows are independent, so any partition of them gives the same codes. */
export function* ranges(extent: number, most: number, unit = rowUnit): Generator<Range> {
  const size = Math.min(most, roundUp(extent / Math.ceil(extent / most), unit));
  for (let begin = 0; begin < extent; begin += size) yield [begin, Math.min(begin + size, extent)];
}

/** Rows of a block: the more of them, the more share what is loaded of the coupling. */
export function rowsOfBlock({ rows, columns, options: { outliers } }: Task): number {
  const blocks = outliers ? blocksWithOutliers : blocksOfLayer;
  return Math.min(rows, roundUp(Math.max(smallBlock, rows * columns / blocks) / columns, rowUnit));
}

/**
 * Rows whose kernel call, which costs `share` of a dense pass, is short enough to stay abortable; but so many that most of
 * its time does not go into loading the coupling.
 */
export function rowsOfCall({ columns, workspace: { batchFlops, plan } }: Task, share: number): number {
  return roundUp(Math.max(sharingRows * plan.threads, batchFlops / (share * 2 * columns * columns)), rowUnit);
}

/** The columns in ranges whose part of a dense pass over so many rows is short enough to stay abortable. */
export function columnRanges({ columns, workspace: { batchFlops } }: Task, rows: number): Iterable<Range> {
  return ranges(columns, roundUp(batchFlops / (2 * rows * columns), sweepBlock), sweepBlock);
}

function roundUp(count: number, unit: number): number {
  return unit * Math.max(1, Math.ceil(count / unit));
}

/**
 * Row `i` of what the grid is to come near: the weights themselves, or in `room`, of as many columns and of their
 * precision, the weights less the outliers removed.
 */
export function targetRow({ weights, columns, removed }: Task, i: number, buffer: Vector): Vector {
  const row = weights.data.subarray(i * columns, (i + 1) * columns);
  if (!removed) return row;
  buffer.set(row);
  for (let k = removed.indptr[i]; k < removed.indptr[i + 1]; k++) buffer[removed.indices[k]] -= removed.data[k];
  return buffer;
}

/** Where arrays of a precision are worked on: f64 beside an f32 solve is for the host. */
export function workspaceFor({ dtype, workspace }: Task, precision: FloatDtype): Workspace {
  return precision === dtype ? workspace : workspace.host;
}

/** Reports progress; tells whether the time is up. */
export function checkpoint(task: Task, stage: string, iteration: number, objective?: number): Promise<boolean> {
  const fraction = Math.min(1, task.passes / task.foreseenPasses);
  return task.run.checkpoint({ stage, fraction, iteration, objective });
}

/** Adds the work of `rows` rows, in passes over each of them. */
export function spend(task: Task, passes: number, rows: number): void {
  task.passes += passes * rows / task.rows;
}
