/** Dense passes over a block of rows, in short calls, and the objective that their residual gives. */

import { quantizationSweepSpecifications } from "../../kernels/engine/mod.ts";
import type { QuantizationSweepArguments } from "../../kernels/contract.ts";
import { placeTargets, type Rows } from "./rows.ts";
import { checkpoint, columnRanges, spend } from "./task.ts";

/**
 * One dense pass over the codes of some rows, in short calls.
 *
 * @param isLate asked before each call, whether the time is up
 * @returns whether it was
 */
export async function sweep(
  { stage: { task, workspace: { kernels } }, state, begin, end }: Rows,
  kind: Pick<QuantizationSweepArguments, "relaxed" | "triangular">,
  isLate: () => Promise<boolean>,
): Promise<boolean> {
  const { columns } = task, rows = end - begin;
  const flops = (range: object) =>
    quantizationSweepSpecifications.quantizationSweep.flops({ ...state, ...kind, ...range });
  for (const [begin, end] of columnRanges(task, rows)) {
    if (await isLate()) return true;
    await kernels.quantizationSweep({ ...state, ...kind, begin, end });
    spend(task, flops({ begin, end }) / (2 * rows * columns * columns), rows);
  }
  return false;
}

/** Computes the residual afresh from the levels, `G = (W - What) M`: one matrix product, in short calls. Uses up the targets. */
export async function refreshResidual(rows: Rows): Promise<void> {
  const { stage: { task, workspace: { kernels } }, state, targets, begin, end, place } = rows;
  placeTargets(rows);
  await kernels.quantizationErrors({ ...state, targets });
  const { columns } = task, { coupling, residual } = state;
  for (const [from, to] of columnRanges(task, end - begin)) {
    if (from > 0) await checkpoint(task, "residual", task.iterations);
    const part = { columns: to - from, stride: columns };
    const b = { ...coupling, ...part, offset: from }, c = { ...residual, ...part, offset: place + from };
    await kernels.gemm({ a: targets, b, c });
  }
  spend(task, 1, end - begin);
}

/** Computes the objective of each row from its residual and the targets placed: no product with the Gram matrix. */
export async function computeObjectives(rows: Rows): Promise<void> {
  const { stage: { task: { columns }, workspace, arrays }, state, targets, objectives } = rows;
  const curvatures = { array: arrays.curvatures, length: columns };
  await workspace.kernels.quantizationObjectives({ ...state, targets, curvatures, objectives });
}

/** The objective of all rows of a stage where every row has its own place, from their residuals. */
export async function layerObjective(blocks: readonly Rows[]): Promise<number> {
  const { workspace, arrays } = blocks[0].stage;
  for (const rows of blocks) {
    placeTargets(rows);
    await computeObjectives(rows);
  }
  let sum = 0;
  for (const objective of await workspace.read(arrays.objectives)) sum += objective;
  return sum;
}
