/** Passes over a block of rows, in short calls, and the objective that their residual gives. */

import { quantizationSweepFlops } from "../../kernels/engine/mod.ts";
import type { MatrixOperand, QuantizationState, QuantizationSweepArguments } from "../../kernels/contract.ts";
import type { SparseMatrix } from "../core/matrix.ts";
import { columnRanges, ranges, rowsOfCall } from "./blocking.ts";
import { placeLinear, placeTargets } from "./rows.ts";
import type { Rows } from "./stage.ts";

/** More passes than a row needs until no change of one code improves it. */
export const settlingPasses = 100;

/** Share of a dense pass that a descent costs, seldom more. */
const descentShare = 0.25;

/** The last pass that may leave the grid, from the authors' code. */
const lastRelaxation = 25;

/** Whether pass `t` of `iterations` takes real-valued targets: the second of every `relaxEvery`, but never the last. */
export function isRelaxed(t: number, iterations: number, relaxEvery: number): boolean {
  return relaxEvery > 0 && t % relaxEvery === 1 % relaxEvery && t !== iterations - 1 && t <= lastRelaxation;
}

/**
 * One dense pass over the codes of some rows, in short calls.
 *
 * @param timeIsUp asked before each call
 * @returns whether it was
 */
export async function sweep(
  { stage: { problem, workspace: { kernels } }, state, begin, end }: Rows,
  kind: Pick<QuantizationSweepArguments, "relaxed" | "triangular">,
  timeIsUp: () => Promise<boolean>,
): Promise<boolean> {
  const { columns, meter } = problem, rows = end - begin;
  for (const [begin, end] of columnRanges(problem, rows)) {
    if (await timeIsUp()) return true;
    const operands = { ...state, ...kind, begin, end };
    await kernels.quantizationSweep(operands);
    meter.spend(quantizationSweepFlops(operands) / (2 * rows * columns * columns), rows);
  }
  return false;
}

/** Descends where codes change, for some passes, in short calls; returns the number of changes of each row. */
export async function descend(rows: Rows, passes: number): Promise<Uint32Array> {
  const { stage: { problem, workspace, arrays }, state, begin, end } = rows, { meter } = problem;
  const changes = new Uint32Array(end - begin);
  for (const [from, to] of ranges(changes.length, rowsOfCall(problem, descentShare))) {
    if (from > 0) await meter.checkpoint("descend");
    await workspace.kernels.quantizationDescent({ ...partOf(state, from, to), passes, changes: arrays.changes });
    changes.set(await workspace.read(arrays.changes, 0, to - from), from);
  }
  spendChanges(rows, changes);
  return changes;
}

/** Adds the work of sparse passes over some rows: as many rows of the coupling as there were changes. */
export function spendChanges({ stage: { problem: { columns, meter } }, begin, end }: Rows, changes: Uint32Array): void {
  meter.spend(total(changes) / (columns * (end - begin)), end - begin);
}

/**
 * Computes the residual afresh from the levels, `G = (W - H - What) M` and what the target moved: one matrix product, in
 * short calls. Uses up the targets.
 */
export async function refreshResidual(rows: Rows, outliers: SparseMatrix | undefined): Promise<void> {
  const { stage: { problem, workspace: { kernels }, arrays }, state, targets, begin, end, place } = rows;
  placeTargets(rows, outliers);
  await kernels.quantizationErrors({ ...state, targets });
  if (problem.moved) placeLinear(rows, arrays.residual, place);
  const beta = problem.moved ? 1 : 0;
  const { columns, meter } = problem, { coupling, residual } = state;
  for (const [from, to] of columnRanges(problem, end - begin)) {
    if (from > 0) await meter.checkpoint("residual");
    const part = { columns: to - from, stride: columns };
    const b = { ...coupling, ...part, offset: from }, c = { ...residual, ...part, offset: place + from };
    await kernels.gemm({ a: targets, b, c, beta });
  }
  meter.spend(1, end - begin);
}

/** Computes the objective of each row from its residual and the targets placed: no product with the Gram matrix. */
export async function computeObjectives(rows: Rows): Promise<void> {
  const { stage: { problem: { columns, moved }, workspace, arrays }, state, targets, objectives, begin, end } = rows;
  const operands = { ...state, targets, curvatures: { array: arrays.curvatures, length: columns } };
  await workspace.kernels.quantizationObjectives({ ...operands, objectives });
  if (!moved) return;
  // `e . G diag(Sigma)` has the linear term `e . b` once, of two times.
  const { linear, linearObjectives } = arrays, { array, offset = 0, length } = objectives;
  placeLinear(rows, linear!);
  await workspace.kernels.quantizationObjectives({
    ...operands,
    residual: { array: linear!, rows: end - begin, columns },
    objectives: { array: linearObjectives!, length },
  });
  const sums = Float64Array.from(await workspace.read(array, offset, length));
  const more = await workspace.read(linearObjectives!, 0, length);
  workspace.write(array, sums.map((sum, i) => sum + more[i] + moved.constant[begin + i]), offset);
}

/** The objective of each row of a stage where every row has its own place, from their residuals. */
export async function rowObjectives(
  blocks: readonly Rows[],
  outliers: SparseMatrix | undefined,
): Promise<Float64Array<ArrayBuffer>> {
  const { workspace, arrays } = blocks[0].stage;
  for (const rows of blocks) {
    placeTargets(rows, outliers);
    await computeObjectives(rows);
  }
  return Float64Array.from(await workspace.read(arrays.objectives));
}

/** The sum of some numbers, in their order. */
export function sumOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

/** Rows `[from, to)` of a state. */
export function partOf(state: QuantizationState, from: number, to: number): QuantizationState {
  const part = (matrix: MatrixOperand) => ({
    ...matrix,
    rows: to - from,
    offset: (matrix.offset ?? 0) + from * (matrix.stride ?? matrix.columns),
  });
  const { levels, residual, scales, zeros } = state;
  return { ...state, levels: part(levels), residual: part(residual), scales: part(scales), zeros: part(zeros) };
}

function total(changes: Uint32Array): number {
  return changes.reduce((sum, count) => sum + count, 0);
}
