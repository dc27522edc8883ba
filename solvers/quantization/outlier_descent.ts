import { likeVector } from "../core/matrix.ts";
import { descend, restPasses } from "./anneal.ts";
import { gptq } from "./gptq.ts";
import { largestEigenvalue, type Outliers, project, refitGrid, type Support, thresholdingStep } from "./outliers.ts";
import { isRelaxed } from "./quantease.ts";
import { layerObjective, refreshResidual, sweep } from "./passes.ts";
import {
  byActivation,
  closeStage,
  descentCoupling,
  openStage,
  placeAll,
  readLevels,
  roundToNearest,
  type Rows,
  startFromCodes,
  startFromWeights,
  storeCodes,
} from "./rows.ts";
import { checkpoint, rowsOfBlock, type Task } from "./task.ts";

/** Alternations of method "auto" before it anneals: the support hardly moves after them. */
export const autoAlternations = 8;

/**
 * Descent over codes and outliers `H` (Behdin et al. 2023, outlier-aware QuantEase): `min ||(W - What - H) X||^2` with
 * at most `size` outliers, by turns of a pass over the codes and one step of iterative hard thresholding on `H`.
 *
 * "quantease" takes its own passes, every third off the grid; "auto" descends to rest each time. Leaves the best grid,
 * codes and outliers met, and those outliers removed from the target of what follows.
 *
 * @returns whether the time is up
 */
export async function descendWithOutliers(task: Task, size: number): Promise<boolean> {
  const { options: { activationOrder, initial } } = task;
  const { support } = await beginOutliers(task, size);
  let late = initial === "gptq" && await gptq(task, activationOrder ? byActivation(task) : undefined);
  late = late || await alternate(task, size, support);
  task.removed = task.outliers;
  return late;
}

/** Chooses the largest weights as outliers, fits the grid to the others, and rounds what is left. */
async function beginOutliers(task: Task, size: number): Promise<Outliers> {
  const { rows, columns, weights, workspace } = task;
  const candidates = workspace.allocate(task.dtype, rows * columns, "outlier candidates");
  workspace.write(candidates, weights.data);
  const buffer = likeVector(weights.data, rowsOfBlock(task) * columns);
  const found = await project(task, candidates, size, buffer);
  workspace.free(candidates);
  task.grid = refitGrid(task, found.support);
  task.outliers = task.removed = found.matrix;
  // Codes there may be are of the grid before.
  task.codedRows = 0;
  roundToNearest(task);
  return found;
}

/** The turns. Every turn begins with a fresh residual, so that the objective of its start is known and nothing drifts. */
async function alternate(task: Task, size: number, first: Support): Promise<boolean> {
  const { options: { initial, iterations, method, relaxEvery }, trace } = task;
  const paper = method === "quantease", turns = paper ? iterations : autoAlternations;
  const stage = openStage(task, await descentCoupling(task, task.dtype), { resident: true });
  const lambda = await largestEigenvalue(stage);
  let blocks = placeAll(stage), support = first, fitted = first;
  for (const rows of blocks) initial === "weights" ? startFromWeights(rows) : startFromCodes(rows);

  let onGrid = initial !== "weights", best = Infinity, gridOfCodes = task.grid, late = false;
  turns: for (let turn = 0;; turn++) {
    const isLate = () => checkpoint(task, "outliers", turn, best);
    for (const rows of blocks) {
      late = await isLate();
      if (late) break turns;
      await refreshResidual(rows);
    }
    const objective = await layerObjective(blocks);
    if (onGrid && objective < best) {
      best = objective;
      gridOfCodes = task.grid;
      for (const rows of blocks) await storeCodes(rows);
      task.outliers = task.removed;
    }
    if (paper && turn > 0) {
      trace[turn - 1] = objective;
      task.iterations = turn;
    }
    if (turn === turns) break;

    if (!sameColumns(support, fitted)) {
      blocks = await regrid(blocks, support);
      fitted = support;
    }
    const relaxed = paper && isRelaxed(turn, turns, relaxEvery);
    for (const rows of blocks) {
      late = paper ? await sweep(rows, { relaxed }, isLate) : await isLate();
      if (late) break turns;
      if (!paper) await descend(rows, restPasses);
    }
    onGrid = !relaxed;
    ({ matrix: task.removed, support } = await thresholdingStep(blocks, size, lambda));
  }
  task.grid = gridOfCodes;
  closeStage(stage);
  return late;
}

/** Fits the grid to the columns that the support leaves; the weights `What` stay where they are, off the new grid. */
async function regrid(blocks: readonly Rows[], support: Support): Promise<Rows[]> {
  const { stage } = blocks[0], { task, arrays } = stage;
  const before = task.grid;
  task.grid = refitGrid(task, support);
  for (const rows of blocks) {
    const levels = await readLevels(rows);
    for (let i = rows.begin, at = 0; i < rows.end; i++) {
      for (let k = 0; k < task.columns; k++, at++) {
        const inGrid = i * before.groups + stage.groupAt[k];
        levels[at] *= before.scales.data[inGrid] / task.grid.scales.data[inGrid];
      }
    }
    task.workspace.write(arrays.levels, levels, rows.place);
  }
  return placeAll(stage);
}

function sameColumns(some: Support, others: Support): boolean {
  return some === others ||
    some !== undefined && others !== undefined && [...some].every((column) => others.has(column));
}
