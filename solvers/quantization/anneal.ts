import type {
  DeviceArray,
  FloatDtype,
  MatrixOperand,
  QuantizationCandidate,
  QuantizationState,
} from "../../kernels/contract.ts";
import { createRandom } from "../core/random.ts";
import { computeObjectives, refreshResidual, sweep } from "./passes.ts";
import {
  blocksOf,
  closeStage,
  descentCoupling,
  openStage,
  placeRows,
  placeTargets,
  type Rows,
  type Stage,
  startFromCodes,
  startFromWeights,
  storeCodes,
} from "./rows.ts";
import { checkpoint, ranges, rowsOfBlock, rowsOfCall, spend, type Task } from "./task.ts";

/** More passes than a row needs to come to rest. */
export const restPasses = 100;

/** Share of a dense pass that a descent costs, seldom more. */
const descentShare = 0.25;

/** Level changes of a round: a tenth of the columns, a tenth of a dense pass, but enough to leave a minimum of few columns. */
const changesPerRound = (columns: number) => Math.max(0.1 * columns, 4);

/** Temperature of the first round, in mean energies of a coordinate. */
const firstTemperature = 0.15;

/**
 * Annealed descent, the composite behind method "auto": from the codes so far to a coordinate-wise minimum, then rounds
 * of a thermal kick, descent to the next minimum, and a return to the better of the two, row by row.
 *
 * A kick is one pass of descent with noise on the residual. Rounding the noisy target is a draw from the heat bath of
 * the coordinate, whose energy is `Sigma_jj (w - target)^2`, at a temperature that makes each row change the share of
 * its levels that a round is meant to cost. All rows share the noise but for its scale: it is one product of depth 1,
 * it does not depend on how rows are cut into blocks, and rows do not interact.
 *
 * @returns whether the time is up
 */
export async function anneal(task: Task): Promise<boolean> {
  const { options: { initial, iterations }, workspace } = task;
  const stage = openStage(task, await descentCoupling(task, task.dtype));
  const rounds = openRounds(stage), noiseOfBlock = thermalNoise(task, stage.blockRows);
  for (const [begin, end] of blocksOf(stage)) {
    if (await checkpoint(task, "descend", 0)) return true;
    const rows = placeRows(stage, begin, end);
    if (initial === "weights") {
      startFromWeights(rows);
      if (await sweep(rows, {}, () => checkpoint(task, "descend", 0))) return true;
    } else {
      startFromCodes(rows);
      await refreshResidual(rows);
    }
    await descend(rows, restPasses);
    if (await annealBlock(rows, rounds, noiseOfBlock())) return true;
  }
  task.iterations = iterations;
  for (const array of Object.values(rounds)) workspace.free(array);
  closeStage(stage);
  return false;
}

/** What the rounds of all blocks share. */
interface Rounds {
  /** The noise of a round [columns]. */
  readonly noise: DeviceArray<FloatDtype>;
  /** Factor of the noise for each row of a block. */
  readonly amplitudes: DeviceArray<FloatDtype>;
  /** The best state of a block. */
  readonly levels: DeviceArray<FloatDtype>;
  readonly residual: DeviceArray<FloatDtype>;
  readonly objectives: DeviceArray<FloatDtype>;
}

function openRounds({ task: { columns }, workspace, dtype, blockRows }: Stage): Rounds {
  return {
    noise: workspace.allocate(dtype, columns, "noise"),
    amplitudes: workspace.allocate(dtype, blockRows, "amplitudes"),
    levels: workspace.allocate(dtype, blockRows * columns, "best levels"),
    residual: workspace.allocate(dtype, blockRows * columns, "best residual"),
    objectives: workspace.allocate(workspace.widest, blockRows, "best objectives"),
  };
}

/** All rounds of some rows, which end in their best state. Tells whether the time is up. */
async function annealBlock(rows: Rows, rounds: Rounds, nextNoise: () => Float64Array): Promise<boolean> {
  const { stage: { task, workspace }, state: { levels, residual }, objectives, begin, end } = rows;
  const { options: { iterations }, columns, trace } = task, { kernels } = workspace, count = end - begin;
  const reached: QuantizationCandidate = { levels, residual, objectives };
  const best: QuantizationCandidate = {
    levels: { array: rounds.levels, rows: count, columns },
    residual: { array: rounds.residual, rows: count, columns },
    objectives: { array: rounds.objectives, length: count },
  };
  placeTargets(rows);
  await computeObjectives(rows);
  // Infinity is lower than nothing: both become the first state.
  workspace.write(rounds.objectives, new Float64Array(count).fill(Infinity));
  await kernels.quantizationChoice({ best: reached, reached: best });
  const readBestObjectives = async () => Float64Array.from(await workspace.read(rounds.objectives, 0, count));
  let bestObjectives = await readBestObjectives();
  const temperatures = new Float64Array(count).fill(firstTemperature);

  let late = false;
  for (let round = 0; round < iterations; round++) {
    late = await checkpoint(task, "anneal", round);
    if (late) break;
    workspace.write(rounds.noise, nextNoise());
    const amplitudeOf = (energy: number, i: number) => Math.sqrt(Math.max(energy, 0) * temperatures[i] / columns);
    workspace.write(rounds.amplitudes, bestObjectives.map(amplitudeOf));
    const kick = {
      a: { array: rounds.amplitudes, rows: count, columns: 1 },
      b: { array: rounds.noise, rows: 1, columns },
      c: residual,
      beta: 1,
    };
    await kernels.gemm(kick);
    const kicked = await descend(rows, 1);
    await kernels.gemm({ ...kick, alpha: -1 });
    const settled = await descend(rows, restPasses);

    await computeObjectives(rows);
    await kernels.quantizationChoice({ best, reached });
    bestObjectives = await readBestObjectives();
    for (let i = 0; i < count; i++) {
      const share = (kicked[i] + settled[i] + 1) / (changesPerRound(columns) + 1);
      temperatures[i] *= Math.min(Math.max(1 / share, 0.5), 2) ** 0.7;
    }
    trace[round] = (trace[round] ?? 0) + bestObjectives.reduce((sum, energy) => sum + energy, 0);
  }
  await storeCodes(rows);
  return late;
}

/**
 * Descends in f64, on a fresh residual, until a fresh residual calls for no change: a certified coordinate-wise minimum
 * of what the fast path left nearly at rest.
 *
 * @returns the changes that the last fresh residual still called for, or `undefined` where the time was up
 */
export async function polish(task: Task): Promise<number | undefined> {
  // Numbers may be twice as wide as those of the task, and take no more memory.
  const blockRows = Math.ceil(rowsOfBlock(task) / 2);
  const stage = openStage(task, await descentCoupling(task, "f64"), { blockRows });
  let violations = 0;
  for (const [begin, end] of blocksOf(stage)) {
    const rows = placeRows(stage, begin, end);
    let changed = 1;
    for (let attempt = 0; attempt < 8 && changed > 0; attempt++) {
      if (await checkpoint(task, "polish", task.iterations)) return undefined;
      startFromCodes(rows);
      await refreshResidual(rows);
      changed = (await descend(rows, restPasses)).reduce((sum, count) => sum + count, 0);
      if (changed > 0) await storeCodes(rows);
    }
    violations += changed;
  }
  closeStage(stage);
  return violations;
}

/** Descends for some passes, in short calls; returns the changes of each row. */
export async function descend(rows: Rows, passes: number): Promise<Uint32Array> {
  const { stage: { task: { columns }, task, workspace, arrays }, state, begin, end } = rows;
  const changes = new Uint32Array(end - begin);
  for (const [from, to] of ranges(changes.length, rowsOfCall(task, descentShare))) {
    if (from > 0) await checkpoint(task, "descend", task.iterations);
    await workspace.kernels.quantizationDescent({ ...rowsOf(state, from, to), passes, changes: arrays.changes });
    changes.set(await workspace.read(arrays.changes, 0, to - from), from);
  }
  spend(task, changes.reduce((sum, count) => sum + count, 0) / (columns * (end - begin)), end - begin);
  return changes;
}

/** Rows `[from, to)` of a state. */
function rowsOf(state: QuantizationState, from: number, to: number): QuantizationState {
  const part = (matrix: MatrixOperand) => ({
    ...matrix,
    rows: to - from,
    offset: (matrix.offset ?? 0) + from * (matrix.stride ?? matrix.columns),
  });
  const { levels, residual, scales, zeros } = state;
  return { ...state, levels: part(levels), residual: part(residual), scales: part(scales), zeros: part(zeros) };
}

/**
 * Standard normal noise over `sqrt(2 Sigma_jj)`, one row a call; dead inputs get none. Every block of rows gets the same
 * sequence: `most` rounds are drawn once and kept, more of them anew for each block, for memory does not grow with them.
 */
function thermalNoise({ diagonal, options: { iterations, seed } }: Task, most: number) {
  const draw = (): () => Float64Array => {
    const random = createRandom(seed);
    return () => diagonal.map((entry) => entry > 0 ? random.normal() / Math.sqrt(2 * entry) : 0);
  };
  if (iterations > most) return draw;
  const kept = Array.from({ length: iterations }, draw());
  return (): () => Float64Array => {
    let round = 0;
    return () => kept[round++];
  };
}
