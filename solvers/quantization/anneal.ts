import type { DeviceArray, FloatDtype, QuantizationCandidate } from "../../kernels/contract.ts";
import { matrix } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { descentCoupling } from "./coupling.ts";
import type { Status } from "../core/result.ts";
import { ranges, rowsOfCall } from "./blocking.ts";
import {
  computeObjectives,
  descend,
  partOf,
  refreshResidual,
  settlingPasses,
  spendChanges,
  sumOf,
  sweep,
} from "./passes.ts";
import { type Approximation, negligible, type Outcome, type Problem } from "./problem.ts";
import { placeTargets, startFromCodes, startFromWeights, storeCodes } from "./rows.ts";
import { openChunks, refitScales } from "./refit.ts";
import { blocksOf, placeRows, type Rows, type Stage, withStage } from "./stage.ts";

/** Refits of the scales before the annealing, and after it: what more of them gain is within 0.3 %. */
export const refitsBefore = 1, refitsAfter = 1;

/** Passes of the heat bath in an iteration: fewer on small layers, where iterations are many for so few columns. */
const passesOfIteration = (columns: number) => columns <= 256 ? 4 : 10;

/** Share of a dense pass that they cost, seldom more. */
const iterationShare = 0.25;

/** Iterations of one call at most, and what they may cost of the work between two checkpoints. */
const mostJoined = 32, shareOfCall = 1 / 16;

/** Iterations of one call: more than one on small layers, where a call and a look at the clock are dear beside them. */
function iterationsOfCall({ problem: { columns }, workspace, blockRows }: Stage): number {
  const work = iterationShare * 2 * blockRows * columns ** 2;
  return Math.max(1, Math.min(mostJoined, Math.floor(shareOfCall * workspace.batchFlops / work)));
}

/** Temperatures of the first pass and of the last, in mean energies of a coordinate; few columns are moved by more. */
const hottest = (columns: number) => 0.2 + 10 / columns, coldest = 0.02;

/** Normal numbers of the pool that noise is taken from, at least. */
const leastPool = 1024;

/**
 * Annealed descent, the composite behind method "auto": from the codes so far to a coordinate-wise minimum, then passes
 * of the heat bath that cools down, descent to the next minimum, and the better of the two, row by row.
 *
 * A pass of descent with noise on the residual is one of the heat bath: rounding the noisy target is a draw of the
 * coordinate, whose energy is `Sigma_jj (w - target)^2`, at the temperature of the noise. Temperatures fall in even
 * steps, from one at which a few columns of a hundred change in a pass, and they alone cost. All rows share the noise
 * but for its scale: it does not depend on how rows are cut into blocks, and rows do not interact.
 */
export async function anneal(problem: Problem, start: Approximation): Promise<Outcome> {
  if (await problem.meter.checkpoint("descend", 0)) return { reached: start, status: "time-limit" };
  const coupling = await descentCoupling(problem, problem.dtype);
  return await withStage(problem, coupling, {}, async (stage) => {
    const buffers = openBuffers(stage);
    try {
      return await annealLayer(stage, buffers, start);
    } finally {
      for (const array of Object.values(buffers)) stage.workspace.free(array);
    }
  });
}

/** Descent and annealing, block by block. */
async function annealLayer(stage: Stage, buffers: Buffers, start: Approximation): Promise<Outcome> {
  const { problem, problem: { meter, options } } = stage, { outliers, codes, alternatives = [] } = start;
  const fitted = options.grid === "search", { scales } = start.grid;
  const grid = fitted ? { ...start.grid, scales: matrix(...scales.shape, scales.data.slice()) } : start.grid;
  const noiseOfBlock = thermalNoise(problem), trace: number[] = [];
  const refitting = { directions: buffers.levels, products: buffers.residual, chunks: openChunks(stage) };
  let { codedRows } = start;
  const outcome = (status: Status): Outcome => ({
    reached: { grid, outliers, codes, codedRows },
    status,
    // The trace sums over blocks: before the last is done, it is not that of the layer.
    ...status === "time-limit" ? {} : { trace },
  });
  for (const [begin, end] of blocksOf(stage)) {
    if (await meter.checkpoint("descend", 0)) return outcome("time-limit");
    const rows = placeRows(stage, grid, begin, end), best = bestOf(rows, buffers);
    const refit = async (times: number) => {
      for (let time = 0; fitted && time < times; time++) {
        await refitScales(rows, grid, refitting);
        await descend(rows, settlingPasses);
      }
    };
    if (options.initial === "weights") {
      await startFromWeights(rows, outliers);
      if (await sweep(rows, {}, () => meter.checkpoint("descend", 0))) return outcome("time-limit");
    } else {
      best.forget();
      for (const some of [codes, ...alternatives]) {
        startFromCodes(rows, some);
        await refreshResidual(rows, outliers);
        if (alternatives.length === 0) break;
        placeTargets(rows, outliers);
        await best.keep();
      }
    }
    await descend(rows, settlingPasses);
    await refit(refitsBefore);
    placeTargets(rows, outliers);
    best.forget();
    const timeIsUp = await annealBlock(rows, buffers, best, noiseOfBlock(), trace);
    if (!timeIsUp) await refit(refitsAfter);
    await storeCodes(rows, codes);
    codedRows = Math.max(codedRows, end);
    if (timeIsUp) return outcome("time-limit");
  }
  return outcome("iteration-limit");
}

/** What the annealing of all blocks shares. */
interface Buffers {
  /** The noise of the passes of a call [passes, columns]. */
  readonly noise: DeviceArray<FloatDtype>;
  /** Its factor for each row of a block. */
  readonly amplitudes: DeviceArray<FloatDtype>;
  /** The best state of a block. */
  readonly levels: DeviceArray<FloatDtype>;
  readonly residual: DeviceArray<FloatDtype>;
  readonly objectives: DeviceArray<FloatDtype>;
}

function openBuffers(stage: Stage): Buffers {
  const { problem: { columns }, workspace, dtype, blockRows } = stage;
  return {
    noise: workspace.allocate(dtype, iterationsOfCall(stage) * passesOfIteration(columns) * columns, "noise"),
    amplitudes: workspace.allocate(dtype, blockRows, "amplitudes"),
    levels: workspace.allocate(dtype, blockRows * columns, "best levels"),
    residual: workspace.allocate(dtype, blockRows * columns, "best residual"),
    objectives: workspace.allocate(workspace.widest, blockRows, "best objectives"),
  };
}

/** The best state of some rows, in the buffers. */
interface Best {
  /** Lets the next state be the best, whatever it is. */
  forget(): void;
  /** Keeps the better of the best state and the one reached, row by row: both become it. Tells its objectives. */
  keep(): Promise<Float64Array>;
}

/** The best state of some rows, whose targets are placed whenever one is to be kept. */
function bestOf(rows: Rows, buffers: Buffers): Best {
  const { stage: { problem: { columns }, workspace }, state: { levels, residual }, objectives, begin, end } = rows;
  const count = end - begin, reached: QuantizationCandidate = { levels, residual, objectives };
  const best: QuantizationCandidate = {
    levels: { array: buffers.levels, rows: count, columns },
    residual: { array: buffers.residual, rows: count, columns },
    objectives: { array: buffers.objectives, length: count },
  };
  let kept = false;
  return {
    forget: () => void (kept = false),
    async keep() {
      await computeObjectives(rows);
      if (!kept) workspace.write(buffers.objectives, new Float64Array(count).fill(Infinity));
      // No objective is above Infinity: both become the first state.
      await workspace.kernels.quantizationChoice(kept ? { best, reached } : { best: reached, reached: best });
      kept = true;
      return Float64Array.from(await workspace.read(buffers.objectives, 0, count));
    },
  };
}

/**
 * Anneals some rows, whose targets are placed; they end in their best state, and the best objectives of each iteration are
 * added to the trace. Tells whether the time is up.
 *
 * The heat bath cools down in about as many passes as there are columns, again and again, each time from the best state so
 * far; in all the passes there are, where they are fewer.
 */
async function annealBlock(
  rows: Rows,
  buffers: Buffers,
  best: Best,
  placeNoise: (noise: Float64Array, deviation: number) => void,
  trace: number[],
): Promise<boolean> {
  const { stage, stage: { problem: { options: { iterations }, columns, meter }, workspace } } = rows;
  const each = passesOfIteration(columns), cooling = Math.ceil(columns / each), start = hottest(columns);
  const joined = iterationsOfCall(stage), noise = new Float64Array(joined * each * columns);
  let objectives = await best.keep(), timeIsUp = false, iteration = 0;
  while (iteration < iterations && !timeIsUp) {
    const first = iteration, left = iterations - first, end = first + (left < 2 * cooling ? left : cooling);
    const passes = (end - first) * each;
    workspace.write(buffers.amplitudes, (await energies(rows)).map((energy) => Math.sqrt(energy / columns)));
    while (iteration < end) {
      timeIsUp = await meter.checkpoint("anneal", iteration);
      if (timeIsUp) break;
      const done = (iteration - first) * each,
        next = Math.min(end, iteration + joined),
        count = (next - iteration) * each;
      for (let k = 0; k < count; k++) {
        const deviation = Math.sqrt(start + (coldest - start) * (done + k) / (passes - 1));
        placeNoise(noise.subarray(k * columns, (k + 1) * columns), deviation);
      }
      workspace.write(buffers.noise, noise.subarray(0, count * columns));
      await heat(rows, buffers, count);
      for (; iteration < next; iteration++) {
        if (iteration < end - 1) trace[iteration] = (trace[iteration] ?? 0) + sumOf(objectives);
      }
    }
    await descend(rows, settlingPasses);
    objectives = await best.keep();
    if (!timeIsUp) trace[end - 1] = (trace[end - 1] ?? 0) + sumOf(objectives);
  }
  return timeIsUp;
}

/**
 * The energies of the coordinates of each row, `sum_j Sigma_jj (w_j - target_j)^2` with the residual for the difference.
 * A code at the end of its grid is held for half a step from its target, as any other is at most: no noise moves it back.
 */
async function energies(rows: Rows): Promise<Float64Array> {
  const { stage: { problem, workspace, arrays, staging }, begin, end, place, grid: { scales } } = rows;
  const { columns, diagonal, groups, groupIndex } = problem, result = new Float64Array(end - begin);
  const residual = await workspace.read(arrays.residual, place, (end - begin) * columns, staging);
  for (let i = begin, at = 0; i < end; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++, at++) {
      const step = scales.data[i * groups + (groupIndex ? groupIndex[j] : 0)];
      sum += diagonal[j] * Math.min(Math.abs(residual[at]), step / 2) ** 2;
    }
    result[i - begin] = sum;
  }
  return result;
}

/** So many passes, in short calls. */
async function heat(rows: Rows, buffers: Buffers, passes: number): Promise<void> {
  const { stage: { problem, workspace, arrays }, state, begin, end } = rows, { columns, meter } = problem;
  const noise = { array: buffers.noise, rows: passes, columns }, { changes } = arrays;
  for (const [from, to] of ranges(end - begin, rowsOfCall(problem, iterationShare))) {
    if (from > 0) await meter.checkpoint("anneal");
    const amplitudes = { array: buffers.amplitudes, length: to - from, offset: from };
    await workspace.kernels.quantizationAnnealing({ ...partOf(state, from, to), noise, amplitudes, changes });
    spendChanges(rows, await workspace.read(changes, 0, to - from));
  }
}

/**
 * Places standard normal noise over `sqrt(2 Sigma_jj)`, times a deviation; dead inputs get none. Every pass takes it from
 * another place of one pool of normal numbers, which costs little and is as good. Every block of rows gets the same sequence.
 */
function thermalNoise({ columns, diagonal, options: { seed } }: Problem) {
  const random = createRandom(seed),
    pool = Float64Array.from({ length: Math.max(leastPool, 2 * columns) }, random.normal);
  const deviations = diagonal.map((entry) => entry >= negligible ? 1 / Math.sqrt(2 * entry) : 0);
  return (): (noise: Float64Array, deviation: number) => void => {
    const places = createRandom(seed);
    return (noise, deviation) => {
      const place = places.integer(pool.length - columns + 1);
      for (let j = 0; j < columns; j++) noise[j] = deviation * (deviations[j] * pool[place + j]);
    };
  };
}
