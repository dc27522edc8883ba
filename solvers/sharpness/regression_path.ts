/** What linear and kernel regression share: checks, the report of a path, and paths taken step by step. @module */

import type { Plan } from "../../kernels/engine/mod.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Resolved } from "../core/options.ts";
import { plainDot } from "../core/plain_sums.ts";
import { createRandom } from "../core/random.ts";
import type { Result, Status } from "../core/result.ts";
import type { Run } from "../core/run.ts";
import { checkClose, type Moments } from "./closed_path.ts";
import { batchSchedule, type Descent } from "./iterated_path.ts";
import type { OpenSamRegressionOptions, SamRegressionOptions } from "./regression_options.ts";
import { counted } from "../core/shown.ts";

/** Options with their defaults. */
export type ResolvedRegression = Resolved<SamRegressionOptions, OpenSamRegressionOptions>;

/** A path of sharpness-aware steps. */
export interface SamRegressionPath extends Result {
  /** The steps that are reported; fewer than were asked for at a time limit. */
  readonly steps: Uint32Array;
  /** Coefficients after each of them [steps, features], of a kernel [steps, rows]. */
  readonly coefficients: Matrix;
  /** `||y - fitted||^2 / (2 rows)` after each of them. */
  readonly loss: Float64Array;
  /** With `truth`: the squared distance of the mean fit from the truth, as a mean over the rows. */
  readonly bias2?: Float64Array;
  /** With `truth`: the variance of the fit under the noise, as a mean over the rows. */
  readonly variance?: Float64Array;
  /** With `truth`: the mean squared distance of the fit from the truth, `bias2 + variance`. */
  readonly risk?: Float64Array;
  /** Standard error of the risk, where it was found by draws of the noise. */
  readonly riskStandardError?: Float64Array;
  /** With `truth`: the reported step of least risk. */
  readonly bestStep?: number;
  /** Whether the path was computed without taking its steps. */
  readonly closedForm: boolean;
  /** The length of steps that was used. */
  readonly learningRate: number;
  /**
   * Steps of this length and longer do not converge: twice one over the largest curvature that the steps see. For batches
   * and normalised perturbations it is that of whole, unnormalised steps.
   */
  readonly largestLearningRate: number;
  /** Eigenvalues of the curvature `X^T X / rows` or `K / rows`, from the largest to the smallest. */
  readonly eigenvalues: Float64Array;
}

const action = "follow the path";

/** Operations of steps between two checkpoints. */
const workTogether = 2e7;

/** The steps to report, in rising order. @throws {OptionError} for what is no such list, and too long a path */
export function reportedSteps({ steps, at }: ResolvedRegression, width: number): Uint32Array {
  if (at === undefined) {
    if ((steps + 1) * Math.max(1, width) > 2 ** 28) {
      throw new OptionError(
        "at",
        `Cannot ${action}: ${steps + 1} steps of ${width} coefficients are too many to report; name some by "at".`,
      );
    }
    return Uint32Array.from({ length: steps + 1 }, (_, k) => k);
  }
  at.forEach((step, i) => {
    if (Number.isInteger(step) && step <= steps && !(i > 0 && step <= at[i - 1])) return;
    throw new OptionError(
      "at",
      `Cannot use "at": expected whole numbers up to ${steps} in rising order, received ${step} at ${i}.`,
    );
  });
  if (at.length === 0) throw new OptionError("at", `Cannot use "at": expected a step or more, received none.`);
  return Uint32Array.from(at);
}

/** Refuses vectors that do not fit. @throws {ShapeError} naming the argument */
export function checkLength(argument: string, values: ArrayLike<number>, length: number, like: string): void {
  if (values.length === length) return;
  throw new ShapeError(
    argument,
    `Cannot ${action}: "${argument}" has ${counted(values.length, "element")}, expected ${length}, as many as ${like}.`,
  );
}

/** The paths to take together: the answers as given, then draws around the truth [paths, rows]. */
export function drawnAnswers(
  y: ArrayLike<number>,
  truth: ArrayLike<number> | undefined,
  { draws, noise, seed }: ResolvedRegression,
): Float64Array {
  const rows = y.length, paths = truth ? 1 + draws : 1, answers = new Float64Array(paths * rows);
  answers.set(Float64Array.from(y));
  if (!truth) return answers;
  const random = createRandom(seed ^ 0x5bd1e995);
  for (let at = rows; at < answers.length; at++) answers[at] = truth[at % rows] + noise * random.normal();
  return answers;
}

/** Bias, variance and risk of drawn paths, each without bias of its own, and the standard error of the risk. */
function drawnMoments(
  fitted: (path: number) => Float64Array,
  truth: ArrayLike<number>,
  draws: number,
): Moments & { readonly standardError: number } {
  const rows = truth.length, mean = new Float64Array(rows), risks = new Float64Array(draws);
  const squares = new Float64Array(rows);
  for (let r = 0; r < draws; r++) {
    const values = fitted(1 + r);
    for (let i = 0; i < rows; i++) {
      const error = values[i] - truth[i], change = error - mean[i];
      risks[r] += error * error / rows;
      mean[i] += change / (r + 1);
      squares[i] += change * (error - mean[i]);
    }
  }
  let variance = 0, distance = 0;
  for (let i = 0; i < rows; i++) {
    variance += squares[i] / (draws - 1) / rows;
    distance += mean[i] ** 2 / rows;
  }
  const risk = risks.reduce((sum, value) => sum + value, 0) / draws;
  const spread = risks.reduce((sum, value) => sum + (value - risk) ** 2, 0) / (draws - 1);
  return { bias2: Math.max(0, distance - variance / draws), variance, standardError: Math.sqrt(spread / draws) };
}

/** What a path taken step by step has at the steps that are reported. */
export interface TakenPath {
  readonly steps: Uint32Array;
  readonly coefficients: Float64Array;
  readonly moments: (Moments & { readonly standardError: number })[];
  readonly status: Status;
}

/**
 * Takes the steps. The last one is taken again by plain sums.
 *
 * @param replay The step over these rows from these parameters, by plain sums.
 */
export async function takeSteps(
  run: Run,
  descent: Descent,
  reported: Uint32Array,
  { rows, width, flops }: { rows: number; width: number; flops: number },
  { batchSize, seed, draws, learningRate }: ResolvedRegression & { learningRate: number },
  truth: { readonly values: ArrayLike<number>; fitted(parameters: Float64Array): Float64Array } | undefined,
  replay: (from: Float64Array, order: Uint32Array, begin: number, end: number) => Float64Array,
): Promise<TakenPath> {
  const last = reported[reported.length - 1], schedule = batchSchedule(rows, batchSize, seed);
  const steps: number[] = [], kept: Float64Array[] = [], moments: TakenPath["moments"] = [];
  const path = (r: number) => descent.parameters.subarray(r * width, (r + 1) * width);
  const report = (k: number) => {
    if (!path(0).every(Number.isFinite)) throw diverged(learningRate, k);
    steps.push(k);
    kept.push(path(0).slice());
    if (truth) moments.push(drawnMoments((r) => truth.fitted(path(r)), truth.values, draws));
  };
  let work = Infinity, status: Status = "converged";
  const before = new Float64Array(width);
  let lastRows: readonly [Uint32Array, number, number] | undefined;
  for (let k = 0;; k++) {
    if (reported[steps.length] === k) report(k);
    if (k === last) break;
    if (work > workTogether) {
      work = 0;
      if (await run.checkpoint({ stage: "steps", fraction: k / last, iteration: k })) {
        status = "time-limit";
        // Something is always reported.
        if (steps.length === 0) report(k);
        break;
      }
    }
    work += flops;
    const [begin, end] = schedule.next(descent);
    before.set(path(0));
    lastRows = [schedule.order, begin, end];
    await descent.step(begin, end);
  }
  if (lastRows) {
    const again = replay(before, ...lastRows), size = Math.sqrt(plainDot(again, again));
    checkClose("the last step", path(0), again, 1e-9 * (size + Math.sqrt(plainDot(before, before))));
  }
  const coefficients = new Float64Array(steps.length * width);
  kept.forEach((row, at) => coefficients.set(row, at * width));
  return { steps: Uint32Array.from(steps), coefficients, moments, status };
}

/** What a path that leaves the numbers of f64 is answered with. */
export function diverged(learningRate: number, step: number): OptionError {
  return new OptionError(
    "learningRate",
    `Cannot ${action}: with "learningRate" ${learningRate} it has left the range of numbers by step ${step}.`,
  );
}

/** The time was up before there was a path. */
class TimeUp extends Error {}

/** What `compute` gives; nothing once the time is up, which its pauses tell. */
export async function untilTimeUp<T>(run: Run, compute: (pause: () => Promise<void>) => Promise<T>) {
  const pause = async () => {
    if (await run.checkpoint({ stage: "decomposition", fraction: 0, iteration: 0 })) throw new TimeUp();
  };
  try {
    return await compute(pause);
  } catch (error) {
    if (error instanceof TimeUp) return undefined;
    throw error;
  }
}

/** The report of a path. */
export async function reportPath(
  run: Run,
  plan: Plan,
  { steps, coefficients, width, moments, status, lossOf, ...rest }:
    & Pick<SamRegressionPath, "closedForm" | "learningRate" | "largestLearningRate" | "eigenvalues" | "steps">
    & {
      coefficients: Float64Array;
      width: number;
      status: Status;
      moments?: readonly (Moments & { readonly standardError?: number })[];
      lossOf(coefficients: Float64Array): number;
    },
): Promise<SamRegressionPath> {
  const loss = new Float64Array(steps.length);
  for (let row = 0; row < steps.length; row++) {
    loss[row] = lossOf(coefficients.subarray(row * width, (row + 1) * width));
    if (!Number.isFinite(loss[row])) throw diverged(rest.learningRate, steps[row]);
    if (row % 16 === 15) await run.checkpoint({ stage: "losses", fraction: 1, iteration: steps[row] });
  }
  const risk = moments && Float64Array.from(moments, ({ bias2, variance }) => bias2 + variance);
  const best = risk?.reduce((least, value, row) => value < risk[least] ? row : least, 0);
  return {
    status,
    objective: loss[loss.length - 1],
    trace: loss.slice(),
    iterations: steps[steps.length - 1],
    steps,
    coefficients: matrix(steps.length, width, coefficients),
    loss,
    ...(moments && {
      bias2: Float64Array.from(moments, ({ bias2 }) => bias2),
      variance: Float64Array.from(moments, ({ variance }) => variance),
      risk,
      bestStep: steps[best!],
      ...(moments[0]?.standardError !== undefined && {
        riskStandardError: Float64Array.from(moments, ({ standardError }) => standardError!),
      }),
    }),
    ...rest,
    elapsedMs: run.elapsedMs(),
    plan,
  };
}
