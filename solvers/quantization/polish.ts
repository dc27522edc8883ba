import { rowsOfBlock } from "./blocking.ts";
import { descentCoupling } from "./coupling.ts";
import { descend, refreshResidual, settlingPasses } from "./passes.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";
import { startFromCodes, storeCodes } from "./rows.ts";
import { blocksOf, placeRows, withStage } from "./stage.ts";
import { createViolationCounter } from "./violations.ts";

/** Fresh residuals of a block, at most. */
const attempts = 8;

/**
 * Descends in f64, on a fresh residual, until a fresh residual calls for no change: a certified coordinate-wise minimum
 * of what the fast path left near one. `violations` are counted on the host, in every row, from the last fresh residual.
 */
export async function polish(problem: Problem, start: Approximation): Promise<Outcome> {
  const { meter } = problem, { grid, outliers, codes } = start;
  // Numbers may be twice as wide as those of the weights, and take no more memory.
  const blockRows = Math.ceil(rowsOfBlock(problem) / 2);
  const countViolations = await createViolationCounter(problem, () => meter.checkpoint("polish"));
  const coupling = await descentCoupling(problem, "f64");
  return await withStage(problem, coupling, { blockRows }, async (stage) => {
    let violations = 0, cancels = false;
    for (const [begin, end] of blocksOf(stage)) {
      const rows = placeRows(stage, grid, begin, end);
      for (let attempt = 1;; attempt++) {
        if (await meter.checkpoint("polish")) return { reached: start, status: "time-limit" };
        startFromCodes(rows, codes);
        await refreshResidual(rows, outliers);
        const { counts, ...found } = await countViolations(rows, start);
        const isViolated = (row: number) => counts[row - begin] > 0;
        const count = counts.reduce((sum, ofRow) => sum + ofRow, 0);
        const changes = count === 0 || attempt === attempts ? undefined : await descend(rows, settlingPasses);
        // A row changes for its own violations alone, whatever block it is in.
        if (!changes?.some((ofRow, i) => ofRow > 0 && counts[i] > 0)) {
          violations += count;
          cancels ||= found.cancels;
          break;
        }
        await storeCodes(rows, codes, isViolated);
      }
    }
    return { reached: start, status: violations > 0 ? "iteration-limit" : "converged", violations, cancels };
  });
}
