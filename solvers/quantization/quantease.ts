import type { Status } from "../core/result.ts";
import { descend } from "./anneal.ts";
import { layerObjective, refreshResidual, sweep } from "./passes.ts";
import {
  byActivation,
  closeStage,
  descentCoupling,
  openStage,
  placeAll,
  type Rows,
  startFromCodes,
  startFromWeights,
  storeCodes,
} from "./rows.ts";
import { checkpoint, type Task } from "./task.ts";

/** The last pass that may leave the grid, from the authors' code. */
const lastRelaxation = 25;

/**
 * QuantEase (Behdin et al. 2023): cyclic coordinate descent over the grid, every third pass off it. The best iterate of
 * the whole layer on the grid is kept.
 */
export async function quantease(task: Task): Promise<Status> {
  const { options: { activationOrder, initial, iterations, relaxEvery }, trace } = task;
  const order = activationOrder ? byActivation(task) : undefined;
  const stage = openStage(task, await descentCoupling(task, task.dtype, order), { order, resident: true });
  const blocks = placeAll(stage);

  for (const rows of blocks) {
    if (await checkpoint(task, "start", 0)) return "time-limit";
    if (initial === "weights") {
      startFromWeights(rows);
    } else {
      startFromCodes(rows);
      await refreshResidual(rows);
    }
  }
  let best = initial === "weights" ? Infinity : await layerObjective(blocks), previous = best;
  for (let t = 0; t < iterations; t++) {
    const relaxed = isRelaxed(t, iterations, relaxEvery);
    for (const rows of blocks) {
      if (await sweep(rows, { relaxed }, () => checkpoint(task, "quantease", t, best))) return "time-limit";
    }
    const objective = trace[t] = await layerObjective(blocks);
    task.iterations = t + 1;
    if (!relaxed && objective < best) {
      best = objective;
      for (const rows of blocks) await storeCodes(rows);
    }
    // A pass that changes no code leaves the objective to the last bit. The converse is the descent's to say: sums may be
    // too coarse for a small change, and a code that wanders between two points of equal merit never rests.
    if (objective === previous && !relaxesAfter(t, iterations, relaxEvery) && await atRest(blocks)) {
      closeStage(stage);
      return "converged";
    }
    previous = objective;
  }
  closeStage(stage);
  return "iteration-limit";
}

/** Whether pass `t` of `iterations` takes real-valued targets: the second of every `relaxEvery`, but never the last. */
export function isRelaxed(t: number, iterations: number, relaxEvery: number): boolean {
  return relaxEvery > 0 && t % relaxEvery === 1 % relaxEvery && t !== iterations - 1 && t <= lastRelaxation;
}

/** Whether no change of one code improves any row; where one does, it is made. */
async function atRest(blocks: readonly Rows[]): Promise<boolean> {
  let changes = 0;
  for (const rows of blocks) changes += (await descend(rows, 1)).reduce((sum, count) => sum + count, 0);
  return changes === 0;
}

function relaxesAfter(t: number, iterations: number, relaxEvery: number): boolean {
  for (let later = t + 1; later < iterations; later++) if (isRelaxed(later, iterations, relaxEvery)) return true;
  return false;
}
