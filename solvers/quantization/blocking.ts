/** How the work on a layer is cut: into blocks of rows that bound memory, and into kernel calls that stay abortable. */

import { sweepBlock } from "../../kernels/engine/mod.ts";
import type { Problem } from "./problem.ts";

/**
 * Blocks that a layer is cut into at least, once a block holds more weights than `smallBlock`: what bounds the memory of
 * a block. With outliers there is less memory to spare.
 */
const blocksOfLayer = 8, blocksWithOutliers = 16, smallBlock = 2 ** 16;

/** Kernels work on several rows at once. */
const rowUnit = 8;

/** Rows of a thread that share what is loaded of the coupling, at least. */
const sharingRows = 64;

/** A range of rows or columns. */
export type Range = [begin: number, end: number];

/** Even ranges of at most `most`, in multiples of `unit`; rows are independent, so any partition of them gives the same codes. */
export function* ranges(extent: number, most: number, unit = rowUnit): Generator<Range> {
  const size = Math.min(most, roundUp(extent / Math.ceil(extent / most), unit));
  for (let begin = 0; begin < extent; begin += size) yield [begin, Math.min(begin + size, extent)];
}

/** Rows of a block: the more of them, the more share what is loaded of the coupling. */
export function rowsOfBlock({ rows, columns, options: { outliers } }: Problem): number {
  const blocks = outliers ? blocksWithOutliers : blocksOfLayer;
  return Math.min(rows, roundUp(Math.max(smallBlock, rows * columns / blocks) / columns, rowUnit));
}

/**
 * Rows whose kernel call, which costs `share` of a dense pass, is short enough to stay abortable; but so many that most of
 * its time does not go into loading the coupling.
 */
export function rowsOfCall({ columns, workspace: { batchFlops, plan } }: Problem, share: number): number {
  return roundUp(Math.max(sharingRows * plan.threads, batchFlops / (share * 2 * columns * columns)), rowUnit);
}

/** The columns in ranges whose part of a dense pass over so many rows is short enough to stay abortable. */
export function columnRanges({ columns, workspace: { batchFlops } }: Problem, rows: number): Iterable<Range> {
  return ranges(columns, roundUp(batchFlops / (2 * rows * columns), sweepBlock), sweepBlock);
}

function roundUp(count: number, unit: number): number {
  return unit * Math.max(1, Math.ceil(count / unit));
}
