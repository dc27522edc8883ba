import type { Status } from "../core/result.ts";
import { byActivation, descentCoupling } from "./coupling.ts";
import { countChanges, isRelaxed, layerObjective, refreshResidual, sweep } from "./passes.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";
import { startFromCodes, startFromWeights, storeCodes } from "./rows.ts";
import { placeAll, type Rows, withStage } from "./stage.ts";

/**
 * QuantEase (Behdin et al. 2023): cyclic coordinate descent over the grid, every third pass off it. The best iterate of
 * the whole layer on the grid is kept.
 */
export async function quantease(problem: Problem, start: Approximation): Promise<Outcome> {
  const { dtype, meter, options: { activationOrder, initial, iterations, relaxEvery } } = problem;
  const { grid, outliers, codes } = start;
  const order = activationOrder ? byActivation(problem) : undefined;
  const coupling = await descentCoupling(problem, dtype, order);

  return await withStage(problem, coupling, { order, resident: true }, async (stage) => {
    const blocks = placeAll(stage, grid), trace: number[] = [];
    let { codedRows } = start;
    const outcome = (status: Status): Outcome => ({ reached: { ...start, codedRows }, status, trace });

    for (const rows of blocks) {
      if (await meter.checkpoint("start", 0)) return outcome("time-limit");
      if (initial === "weights") {
        await startFromWeights(rows, outliers);
      } else {
        startFromCodes(rows, codes);
        await refreshResidual(rows, outliers);
      }
    }
    let best = initial === "weights" ? Infinity : await layerObjective(blocks, outliers), previous = best;
    for (let t = 0; t < iterations; t++) {
      const relaxed = isRelaxed(t, iterations, relaxEvery);
      for (const rows of blocks) {
        const timeIsUp = await sweep(rows, { relaxed }, () => meter.checkpoint("quantease", t, best));
        if (timeIsUp) return outcome("time-limit");
      }
      const objective = trace[t] = await layerObjective(blocks, outliers);
      if (!relaxed && objective < best) {
        best = objective;
        for (const rows of blocks) await storeCodes(rows, codes);
        codedRows = problem.rows;
      }
      // A pass that changes no code leaves the objective to the last bit. The converse is the descent's to say: sums may
      // be too coarse for a small change, and a code may alternate forever between two equally good points.
      if (objective === previous && !relaxesAfter(t, iterations, relaxEvery) && await noChangeImproves(blocks)) {
        return outcome("converged");
      }
      previous = objective;
    }
    return outcome("iteration-limit");
  });
}

/** Whether no change of one code improves any row; where one does, it is made. */
async function noChangeImproves(blocks: readonly Rows[]): Promise<boolean> {
  let changes = 0;
  for (const rows of blocks) changes += await countChanges(rows, 1);
  return changes === 0;
}

function relaxesAfter(t: number, iterations: number, relaxEvery: number): boolean {
  for (let later = t + 1; later < iterations; later++) if (isRelaxed(later, iterations, relaxEvery)) return true;
  return false;
}
