import type { DeviceArray, FloatDtype, QuantizationCandidate } from "../../kernels/contract.ts";
import { matrix } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";
import { descentCoupling } from "./coupling.ts";
import type { Status } from "../core/result.ts";
import { computeObjectives, descend, refreshResidual, settlingPasses, sweep } from "./passes.ts";
import { type Approximation, negligible, type Outcome, type Problem } from "./problem.ts";
import { placeTargets, startFromCodes, startFromWeights, storeCodes } from "./rows.ts";
import { refitScales } from "./refit.ts";
import { blocksOf, placeRows, type Rows, type Stage, withStage } from "./stage.ts";

/** Level changes of a round: a tenth of the columns, a tenth of a dense pass, but enough to leave a minimum of few columns. */
const changesPerRound = (columns: number) => Math.max(0.1 * columns, 4);

/** Refits of the scales before the rounds, and after them: what more of them gain is within 0.3 %. */
export const refitsBefore = 1, refitsAfter = 1;

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
 */
export async function anneal(problem: Problem, start: Approximation): Promise<Outcome> {
  const coupling = await descentCoupling(problem, problem.dtype);
  return await withStage(problem, coupling, {}, async (stage) => {
    const rounds = openRounds(stage);
    try {
      return await annealLayer(stage, rounds, start);
    } finally {
      for (const array of Object.values(rounds)) stage.workspace.free(array);
    }
  });
}

/** Descent and all rounds, block by block. */
async function annealLayer(stage: Stage, rounds: Rounds, start: Approximation): Promise<Outcome> {
  const { problem, problem: { meter, options } } = stage, { outliers, codes, alternatives = [] } = start;
  const fitted = options.grid === "search", { scales } = start.grid;
  const grid = fitted ? { ...start.grid, scales: matrix(...scales.shape, scales.data.slice()) } : start.grid;
  const noiseOfBlock = thermalNoise(problem, stage.blockRows), trace: number[] = [];
  let { codedRows } = start;
  const outcome = (status: Status): Outcome => ({
    reached: { grid, outliers, codes, codedRows },
    status,
    // The trace sums over blocks: before the last is done, it is not that of the layer.
    ...status === "time-limit" ? {} : { trace },
  });
  for (const [begin, end] of blocksOf(stage)) {
    if (await meter.checkpoint("descend", 0)) return outcome("time-limit");
    const rows = placeRows(stage, grid, begin, end), best = bestOf(rows, rounds);
    const refit = async (times: number) => {
      for (let time = 0; fitted && time < times; time++) {
        await refitScales(rows, grid, { directions: rounds.levels, products: rounds.residual });
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
    const timeIsUp = await annealBlock(rows, rounds, best, noiseOfBlock(), trace);
    if (!timeIsUp) await refit(refitsAfter);
    await storeCodes(rows, codes);
    codedRows = Math.max(codedRows, end);
    if (timeIsUp) return outcome("time-limit");
  }
  return outcome("iteration-limit");
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

function openRounds({ problem: { columns }, workspace, dtype, blockRows }: Stage): Rounds {
  return {
    noise: workspace.allocate(dtype, columns, "noise"),
    amplitudes: workspace.allocate(dtype, blockRows, "amplitudes"),
    levels: workspace.allocate(dtype, blockRows * columns, "best levels"),
    residual: workspace.allocate(dtype, blockRows * columns, "best residual"),
    objectives: workspace.allocate(workspace.widest, blockRows, "best objectives"),
  };
}

/** The best state of some rows, in the buffers of the rounds. */
interface Best {
  /** Lets the next state be the best, whatever it is. */
  forget(): void;
  /** Keeps the better of the best state and the one reached, row by row: both become it. Tells its objectives. */
  keep(): Promise<Float64Array>;
}

/** The best state of some rows, whose targets are placed whenever one is to be kept. */
function bestOf(rows: Rows, rounds: Rounds): Best {
  const { stage: { problem: { columns }, workspace }, state: { levels, residual }, objectives, begin, end } = rows;
  const count = end - begin, reached: QuantizationCandidate = { levels, residual, objectives };
  const best: QuantizationCandidate = {
    levels: { array: rounds.levels, rows: count, columns },
    residual: { array: rounds.residual, rows: count, columns },
    objectives: { array: rounds.objectives, length: count },
  };
  let kept = false;
  return {
    forget: () => void (kept = false),
    async keep() {
      await computeObjectives(rows);
      if (!kept) workspace.write(rounds.objectives, new Float64Array(count).fill(Infinity));
      // No objective is above Infinity: both become the first state.
      await workspace.kernels.quantizationChoice(kept ? { best, reached } : { best: reached, reached: best });
      kept = true;
      return Float64Array.from(await workspace.read(rounds.objectives, 0, count));
    },
  };
}

/**
 * All rounds of some rows, whose targets are placed; they end in their best state, and their objectives are added to the
 * trace. Tells whether the time is up.
 */
async function annealBlock(
  rows: Rows,
  rounds: Rounds,
  best: Best,
  nextNoise: () => Float64Array,
  trace: number[],
): Promise<boolean> {
  const { stage: { problem, workspace }, state: { residual }, begin, end } = rows;
  const { options: { iterations }, columns, meter } = problem, { kernels } = workspace, count = end - begin;
  let bestObjectives = await best.keep();
  const temperatures = new Float64Array(count).fill(firstTemperature);

  for (let round = 0; round < iterations; round++) {
    if (await meter.checkpoint("anneal", round)) return true;
    workspace.write(rounds.noise, nextNoise());
    const amplitudeOf = (objective: number, i: number) => Math.sqrt(Math.max(objective, 0) * temperatures[i] / columns);
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
    const repaired = await descend(rows, settlingPasses);

    bestObjectives = await best.keep();
    for (let i = 0; i < count; i++) {
      const share = (kicked[i] + repaired[i] + 1) / (changesPerRound(columns) + 1);
      temperatures[i] *= Math.min(Math.max(1 / share, 0.5), 2) ** 0.7;
    }
    trace[round] = (trace[round] ?? 0) + bestObjectives.reduce((sum, objective) => sum + objective, 0);
  }
  return false;
}

/**
 * Standard normal noise over `sqrt(2 Sigma_jj)`, one row a call; dead inputs get none. Every block of rows gets the same
 * sequence: `most` rounds are drawn once and kept, more of them anew for each block, for memory does not grow with them.
 */
function thermalNoise({ diagonal, options: { iterations, seed } }: Problem, most: number) {
  const draw = (): () => Float64Array => {
    const random = createRandom(seed);
    return () => diagonal.map((entry) => entry >= negligible ? random.normal() / Math.sqrt(2 * entry) : 0);
  };
  if (iterations > most) return draw;
  const kept = Array.from({ length: iterations }, draw());
  return (): () => Float64Array => {
    let round = 0;
    return () => kept[round++];
  };
}
