import { rowsOfBlock } from "./blocking.ts";
import { descentCoupling } from "./coupling.ts";
import { countChanges, refreshResidual, settlingPasses } from "./passes.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";
import { startFromCodes, storeCodes } from "./rows.ts";
import { blocksOf, placeRows, withStage } from "./stage.ts";

/** Fresh residuals of a block, at most. */
const attempts = 8;

/**
 * Descends in f64, on a fresh residual, until a fresh residual calls for no change: a certified coordinate-wise minimum
 * of what the fast path left near one. `violations` are the changes that the last fresh residual still called for.
 */
export async function polish(problem: Problem, start: Approximation): Promise<Outcome> {
  const { meter } = problem, { grid, outliers, codes } = start;
  // Numbers may be twice as wide as those of the weights, and take no more memory.
  const blockRows = Math.ceil(rowsOfBlock(problem) / 2);
  const coupling = await descentCoupling(problem, "f64");
  return await withStage(problem, coupling, { blockRows }, async (stage) => {
    let violations = 0;
    for (const [begin, end] of blocksOf(stage)) {
      const rows = placeRows(stage, grid, begin, end);
      let changed = 1;
      for (let attempt = 0; attempt < attempts && changed > 0; attempt++) {
        if (await meter.checkpoint("polish")) return { reached: start, status: "time-limit" };
        startFromCodes(rows, codes);
        await refreshResidual(rows, outliers);
        changed = await countChanges(rows, settlingPasses);
        if (changed > 0) await storeCodes(rows, codes);
      }
      violations += changed;
    }
    return { reached: start, status: violations > 0 ? "iteration-limit" : "converged", violations };
  });
}
