import { likeVector, type Matrix, matrix } from "../core/matrix.ts";
import { computeObjectives, descend, isRelaxed, sweep } from "./passes.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";
import { withQuantEase } from "./quantease.ts";
import { targetRow } from "./rounding.ts";
import { placeTargets, storeCodes } from "./rows.ts";
import { placeRows, type Rows } from "./stage.ts";

/** Rows that a kernel works on at once: to leave out fewer of them saves nothing. */
const rowsAtOnce = 8;

/** Rows that are still worked on. */
interface Moving {
  readonly blocks: readonly Rows[];
  /** Row of the layer of each. */
  readonly members: Uint32Array;
  readonly outliers: Approximation["outliers"];
}

/**
 * QuantEase as a start of "auto": its best iterate of each row, in less time. Of passes on the grid that follow each other
 * the last alone is looked at, for none is above the one before; and those after the first change few codes, and take time
 * for these alone, though a code then stays where its target is half way between two points. A row whose codes have come
 * back to what they were before the last pass off the grid would do so for ever, and is done.
 */
export async function quanteaseStart(problem: Problem, start: Approximation): Promise<Outcome> {
  const { columns, meter, rows: rowCount, options: { iterations, relaxEvery } } = problem, { codes } = start;
  return await withQuantEase(problem, start, async (blocks, best) => {
    const found = new Uint8Array(codes.length), last = new Uint8Array(codes.length), isDone = new Uint8Array(rowCount);
    let moving: Moving = { blocks, members: Uint32Array.from(best, (_, row) => row), outliers: start.outliers };
    let { codedRows } = start, isFirst = true;
    for (let t = 0; t < iterations; t++) {
      const relaxed = isRelaxed(t, iterations, relaxEvery), timeIsUp = () => meter.checkpoint("quantease", t);
      const changesFew = !relaxed && t > 0 && !isRelaxed(t - 1, iterations, relaxEvery);
      for (const rows of moving.blocks) {
        const isLate = changesFew ? await timeIsUp() : await sweep(rows, { relaxed }, timeIsUp);
        if (isLate) return { reached: { ...start, codedRows }, status: "time-limit" };
        if (changesFew) await descend(rows, 1);
      }
      if (t < iterations - 1 && (relaxed || !isRelaxed(t + 1, iterations, relaxEvery))) continue;
      const objectives = await objectivesOf(moving, found), left: number[] = [];
      moving.members.forEach((row, i) => {
        if (isDone[row]) return;
        const from = i * columns, to = from + columns;
        if (!(objectives[i] >= best[row])) {
          best[row] = objectives[i];
          codes.set(found.subarray(from, to), row * columns);
        }
        let at = from;
        if (!isFirst) { while (at < to && found[at] === last[at]) at++; }
        if (at === to) isDone[row] = 1;
        else left.push(i);
      });
      codedRows = rowCount;
      isFirst = false;
      if (left.length === 0) break;
      last.set(found);
      if (blocks.length === 1 && left.length <= moving.members.length - rowsAtOnce) {
        left.forEach((i, to) => last.copyWithin(to * columns, i * columns, (i + 1) * columns));
        moving = await keepRows(moving, left);
      }
    }
    return { reached: { ...start, codedRows }, status: "iteration-limit" };
  });
}

/** The objective of each moving row; its codes are stored, one row after the other. */
async function objectivesOf({ blocks, members, outliers }: Moving, codes: Uint8Array): Promise<Float64Array> {
  const { workspace, arrays } = blocks[0].stage;
  for (const rows of blocks) {
    placeTargets(rows, outliers);
    await computeObjectives(rows);
    await storeCodes(rows, codes);
  }
  return Float64Array.from(await workspace.read(arrays.objectives, 0, members.length));
}

/** Moves some rows of the only block to its beginning, and leaves out the others. */
async function keepRows(
  { blocks: [{ stage, grid, end }], members, outliers }: Moving,
  kept: number[],
): Promise<Moving> {
  const { problem, problem: { columns, moved, weights }, workspace, arrays, staging } = stage, count = kept.length;
  for (const array of [arrays.levels, arrays.residual]) {
    const values = await workspace.read(array, 0, end * columns, staging);
    kept.forEach((i, to) => values.copyWithin(to * columns, i * columns, (i + 1) * columns));
    workspace.write(array, values.subarray(0, count * columns));
  }
  const targets = matrix(count, columns, likeVector(weights.data, count * columns));
  const buffer = likeVector(weights.data, columns);
  kept.forEach((i, to) => targets.data.set(targetRow(weights, outliers, i, buffer), to * columns));
  const part: Problem = {
    ...problem,
    rows: count,
    weights: targets,
    moved: moved && {
      ...moved,
      linear: rowsOf(matrix(problem.rows, columns, moved.linear), kept).data as Float64Array,
      constant: Float64Array.from(kept, (i) => moved.constant[i]),
      size: Float64Array.from(kept, (i) => moved.size[i]),
    },
  };
  const rows = placeRows(
    { ...stage, problem: part },
    { scales: rowsOf(grid.scales, kept), zeros: rowsOf(grid.zeros, kept) },
    0,
    count,
  );
  return { blocks: [rows], members: Uint32Array.from(kept, (i) => members[i]), outliers: undefined };
}

/** Some rows of a matrix. */
function rowsOf({ shape: [, columns], data }: Matrix, rows: number[]): Matrix {
  const part = matrix(rows.length, columns, likeVector(data, rows.length * columns));
  rows.forEach((row, to) => part.data.set(data.subarray(row * columns, (row + 1) * columns), to * columns));
  return part;
}
