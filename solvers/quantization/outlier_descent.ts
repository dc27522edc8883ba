import type { Status } from "../core/result.ts";
import { descentCoupling } from "./coupling.ts";
import type { Grid } from "./grid.ts";
import { chooseGrid } from "./grid_search.ts";
import { largestEigenvalue, type Outliers, type Support, thresholdingStep } from "./outliers.ts";
import { computeObjectives, descend, isRelaxed, refreshResidual, settlingPasses, sumOf, sweep } from "./passes.ts";
import type { Approximation, Outcome, Problem } from "./problem.ts";
import { placeTargets, startFromCodes, startFromWeights, storeCodes } from "./rows.ts";
import { placeAll, type Rows, withStage } from "./stage.ts";

/** Alternations of method "auto" before it anneals: the support hardly moves after them. */
export const autoAlternations = 8;

/**
 * Descent over codes and outliers `H` (Behdin et al. 2023, outlier-aware QuantEase): `min ||(W - What - H) X||^2` with
 * at most `size` outliers, by turns of a pass over the codes and one step of iterative hard thresholding on `H`.
 *
 * "quantease" takes its own passes, every third off the grid; "auto" descends until no change improves, each time: where its
 * grid stays as it is, levels are those of codes, and are kept a byte each between the turns. The best grid, codes and
 * outliers met are returned. Every turn begins with a fresh residual, so that the objective of its
 * start is known and nothing drifts.
 *
 * @param first those of the start
 */
export async function descendWithOutliers(
  problem: Problem,
  start: Approximation,
  size: number,
  first: Outliers,
): Promise<Outcome> {
  const { dtype, meter, unit, rows: codedRows, options: { initial, iterations, method, relaxEvery } } = problem;
  const { codes } = start, paper = method === "quantease", turns = paper ? iterations : autoAlternations;
  const coupling = await descentCoupling(problem, dtype);

  const current = paper || initial === "weights" || first.support ? undefined : codes.slice();
  return await withStage(problem, coupling, { resident: current ? "residual" : true }, async (stage) => {
    const lambda = await largestEigenvalue(stage), trace: number[] = [];
    let { grid } = start, { matrix: outliers, support } = first, fitted = support;
    let blocks = placeAll(stage, grid);
    for (const rows of blocks) {
      if (initial === "weights") await startFromWeights(rows, outliers);
      else if (!current) startFromCodes(rows, codes);
    }

    let reached: Approximation = start, best = Infinity, onGrid = initial !== "weights";
    // Descent leaves a level off the grid where it is near its target: a dense pass comes first.
    let isOff = !onGrid;
    const outcome = (status: Status): Outcome => paper ? { reached, status, trace } : { reached, status };
    for (let turn = 0;; turn++) {
      const timeIsUp = () => meter.checkpoint("outliers", turn, best * unit);
      for (const rows of blocks) {
        if (await timeIsUp()) return outcome("time-limit");
        if (current) startFromCodes(rows, current);
        await refreshResidual(rows, outliers);
        placeTargets(rows, outliers);
        await computeObjectives(rows);
      }
      const objective = sumOf(Float64Array.from(await stage.workspace.read(stage.arrays.objectives)));
      if (onGrid && objective < best) {
        best = objective;
        if (current) codes.set(current);
        else for (const rows of blocks) await storeCodes(rows, codes);
        const alternatives = grid === start.grid ? start.alternatives : undefined;
        reached = { grid, outliers, codes, codedRows, alternatives };
      }
      if (turn > 0) trace[turn - 1] = objective;
      if (turn === turns) return outcome("iteration-limit");

      if (!sameColumns(support, fitted)) {
        grid = await chooseGrid(problem, { matrix: outliers, support });
        blocks = await regrid(blocks, grid);
        fitted = support;
        isOff = true;
      }
      const relaxed = paper && isRelaxed(turn, turns, relaxEvery);
      for (const rows of blocks) {
        if (paper ? await sweep(rows, { relaxed }, timeIsUp) : await timeIsUp()) return outcome("time-limit");
        if (paper) continue;
        if (current) startFromCodes(rows, current);
        if (isOff && await sweep(rows, {}, timeIsUp)) return outcome("time-limit");
        await descend(rows, settlingPasses);
        if (current) await storeCodes(rows, current);
      }
      onGrid = !relaxed;
      isOff = false;
      ({ matrix: outliers, support } = await thresholdingStep(blocks, outliers, size, lambda));
    }
  });
}

/** Moves the rows to another grid; the weights `What` stay where they are, off the new grid. */
async function regrid(blocks: readonly Rows[], grid: Grid): Promise<Rows[]> {
  const { stage } = blocks[0], { problem: { groups }, workspace, dtype, blockRows } = stage;
  const array = workspace.allocate(dtype, blockRows * groups, "next scales");
  for (const { state, begin, end } of blocks) {
    workspace.write(array, grid.scales.data.subarray(begin * groups, end * groups));
    const nextScales = { array, rows: end - begin, columns: groups };
    await workspace.kernels.quantizationRegrid({ ...state, nextScales });
  }
  workspace.free(array);
  return placeAll(stage, grid);
}

function sameColumns(some: Support, others: Support): boolean {
  return some === others ||
    some !== undefined && others !== undefined && [...some].every((column) => others.has(column));
}
