import type { Status } from "../core/result.ts";
import {
  byActivation,
  closeStage,
  descentCoupling,
  openStage,
  placeAll,
  readLevels,
  refreshResidual,
  rowObjectives,
  snapshot,
  snapshotRoom,
  startFromCodes,
  startFromWeights,
  storeCodes,
} from "./rows.ts";
import { checkpoint, spend, type Task } from "./task.ts";

/** The last pass that may leave the grid, from the authors' code. */
const lastRelaxation = 25;

/**
 * QuantEase (Behdin et al. 2023): cyclic coordinate descent over the grid, every third pass off it. The best iterate of
 * the whole layer on the grid is kept.
 */
export async function quantease(task: Task): Promise<Status> {
  const { options: { activationOrder, initial, iterations, relaxEvery }, trace, workspace: { kernels } } = task;
  const order = activationOrder ? byActivation(task) : undefined;
  const stage = openStage(task, descentCoupling(task, task.dtype, order), { order, resident: true });
  const blocks = placeAll(stage);
  const room = snapshotRoom(stage);

  async function objectiveNow(): Promise<number> {
    let sum = 0;
    for (const rows of blocks) {
      for (const objective of rowObjectives(rows, await snapshot(rows, room))) sum += objective;
    }
    return sum;
  }

  for (const rows of blocks) {
    if (await checkpoint(task, "start", 0)) return "time-limit";
    if (initial === "weights") {
      startFromWeights(rows);
    } else {
      startFromCodes(rows);
      await refreshResidual(rows);
    }
  }
  let best = initial === "weights" ? Infinity : await objectiveNow(), previous = best;
  for (let t = 0; t < iterations; t++) {
    const relaxed = isRelaxed(t, iterations, relaxEvery);
    for (const rows of blocks) {
      if (await checkpoint(task, "quantease", t, best)) return "time-limit";
      await kernels.quantizationSweep({ ...rows.state, relaxed });
      spend(task, 1, rows.end - rows.begin);
    }
    const objective = trace[t] = await objectiveNow();
    task.iterations = t + 1;
    if (!relaxed && objective < best) {
      best = objective;
      for (const rows of blocks) storeCodes(rows, await readLevels(rows, room.levels));
    }
    // A pass that changes a code changes the objective: equal ones mean a coordinate-wise minimum.
    if (objective === previous && !relaxesAfter(t, iterations, relaxEvery)) {
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

function relaxesAfter(t: number, iterations: number, relaxEvery: number): boolean {
  for (let later = t + 1; later < iterations; later++) if (isRelaxed(later, iterations, relaxEvery)) return true;
  return false;
}
