import { likeVector } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import { byActivation, descentCoupling } from "./coupling.ts";
import { isRelaxed, refreshResidual, rowObjectives, sumOf, sweep } from "./passes.ts";
import { type Approximation, negligible, negligibleInDouble, type Outcome, type Problem } from "./problem.ts";
import { nearestLevel } from "./rounding.ts";
import { startFromCodes, startFromWeights, storeCodes } from "./rows.ts";
import { placeAll, type Rows, withStage } from "./stage.ts";

/**
 * QuantEase (Behdin et al. 2023): cyclic coordinate descent over the grid, every third pass off it. The best iterate on
 * the grid is kept, of each row its own.
 */
export async function quantease(problem: Problem, start: Approximation): Promise<Outcome> {
  const { meter, unit, options: { iterations, relaxEvery } } = problem, { outliers, codes } = start;
  return await withQuantEase(problem, start, async (blocks, best) => {
    const trace: number[] = [];
    let { codedRows } = start, last = sumOf(best), previous = Float64Array.from(best);
    const outcome = (status: Status): Outcome => ({ reached: { ...start, codedRows }, status, trace });
    for (let t = 0; t < iterations; t++) {
      const relaxed = isRelaxed(t, iterations, relaxEvery);
      const timeIsUp = () => meter.checkpoint("quantease", t, last * unit);
      for (const rows of blocks) if (await sweep(rows, { relaxed }, timeIsUp)) return outcome("time-limit");
      const objectives = await rowObjectives(blocks, outliers);
      trace[t] = last = sumOf(objectives);
      // What comes next begins off the grid: that it comes back to the same objective does not make it stand still.
      if (relaxed) {
        previous.fill(NaN);
        continue;
      }
      const improved = (row: number) => !(objectives[row] >= best[row]);
      for (const rows of blocks) if (some(rows, improved)) await storeCodes(rows, codes, improved);
      objectives.forEach((objective, row) => improved(row) && (best[row] = objective));
      codedRows = problem.rows;
      // A pass that changes no code leaves every objective to the last bit. The converse is the descent's to say: sums may
      // be too coarse for a small change, and a code may alternate forever between two equally good points.
      const still = objectives.every((objective, row) => objective === previous[row]);
      if (still && !relaxesAfter(t, iterations, relaxEvery) && await noChangeImproves(blocks)) {
        return outcome("converged");
      }
      previous = objectives;
    }
    return outcome("iteration-limit");
  });
}

/**
 * Runs `work` on all rows, in blocks, at the start that the options name.
 *
 * @param work is told the objectives of the start: of weights off the grid, which count for nothing, Infinity
 */
export async function withQuantEase(
  problem: Problem,
  start: Approximation,
  work: (blocks: readonly Rows[], best: Float64Array) => Promise<Outcome>,
): Promise<Outcome> {
  const { dtype, meter, options: { activationOrder, initial } } = problem, { grid, outliers, codes } = start;
  if (await meter.checkpoint("start", 0)) return { reached: start, status: "time-limit" };
  const order = activationOrder ? byActivation(problem) : undefined;
  const coupling = await descentCoupling(problem, dtype, order);

  return await withStage(problem, coupling, { order, resident: true }, async (stage) => {
    const blocks = placeAll(stage, grid);
    for (const rows of blocks) {
      if (await meter.checkpoint("start", 0)) return { reached: start, status: "time-limit", trace: [] };
      if (initial === "weights") {
        await startFromWeights(rows, outliers);
      } else {
        startFromCodes(rows, codes);
        await refreshResidual(rows, outliers);
      }
    }
    const unknown = new Float64Array(problem.rows).fill(Infinity);
    return await work(blocks, initial === "weights" ? unknown : await rowObjectives(blocks, outliers));
  });
}

/** Whether a condition holds for some row of a block. */
function some({ begin, end }: Rows, condition: (row: number) => boolean): boolean {
  for (let row = begin; row < end; row++) if (condition(row)) return true;
  return false;
}

/**
 * Whether no change of one code improves any row, by the rule and the arithmetic of descent, which is not asked: it would
 * make the changes, and a row would depend on whether the others stand still as well.
 */
async function noChangeImproves(blocks: readonly Rows[]): Promise<boolean> {
  for (const { stage, place, begin, end, grid: { scales, zeros } } of blocks) {
    const { problem: { columns, diagonal, groups, maximumCode }, workspace, arrays, dtype, staging, order, groupAt } =
      stage;
    const round = dtype === "f32" ? Math.fround : (x: number) => x, length = (end - begin) * columns;
    const dead = dtype === "f32" ? negligible : negligibleInDouble;
    const levels = await workspace.read(arrays.levels, place, length, likeVector(staging, length));
    const residual = await workspace.read(arrays.residual, place, length, staging);
    for (let i = begin, at = 0; i < end; i++) {
      for (let k = 0; k < columns; k++, at++) {
        if (diagonal[order[k]] < dead) continue;
        const grid = i * groups + groupAt[k], level = levels[at];
        const target = round(level + round(residual[at] / scales.data[grid]));
        const nearest = nearestLevel(target, -zeros.data[grid], maximumCode - zeros.data[grid]);
        if (round(Math.abs(target - nearest)) < round(Math.abs(target - level))) return false;
      }
    }
  }
  return true;
}

function relaxesAfter(t: number, iterations: number, relaxEvery: number): boolean {
  for (let later = t + 1; later < iterations; later++) if (isRelaxed(later, iterations, relaxEvery)) return true;
  return false;
}
