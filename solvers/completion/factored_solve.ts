/**
 * Quantized completion by two factors: `min f(U V^T + r 1^T + 1 c^T) + lambda (||U||^2 + ||V||^2) / 2 + ...`.
 *
 * `alternating`: parabolas above the losses at the latent values make each row, and then each column, a ridge regression;
 * the objective falls with every step. Sweeps start from points extrapolated along the last change (Nesterov 1983), and
 * from the last point itself where the objective rose.
 *
 * `alm`: latent values `z` of the entries are held to the product by multipliers `y` and a penalty; ridge regressions for
 * rows and columns, the proximal points of the losses for `z`, `y += z - x`. Entries that were not observed have no part
 * in it: their `z` is the product itself, and their multipliers stay zero.
 *
 * @module
 */

import { throughSteps } from "../core/steps.ts";
import { fittedBoundaries } from "./boundaries.ts";
import { type FactoredLikelihood, type Factors, loadLikelihood } from "./factored_likelihood.ts";
import type { Levels } from "./levels.ts";
import { type Course, createSchedule, firstCertificate, type Judgement, type Outcome } from "./quantized_course.ts";
import { timeIsUp } from "./time_limit.ts";
import { balanced, grown, initialFactors } from "./rank_growth.ts";

/** What the methods over factors take beside the course. */
export interface FactoredOptions {
  readonly method: "alternating" | "alm";
  readonly rank: number;
  readonly rankLimit: number;
  /** Boundaries are fitted along with the factors. */
  readonly estimate: boolean;
  /** Penalty of the augmented Lagrangian, and its growth from sweep to sweep. */
  readonly penalty: number;
  readonly penaltyGrowth: number;
}

/**
 * Sweeps between two refreshments of the boundaries; most of these; the change, in units of the noise, that ends them where
 * no larger gap is tolerated.
 */
const refreshEvery = 4, mostRefreshments = 80, refreshed = 1e-4;

/** The rank grows where the last sweeps took off less than this share of the gap each. */
const stalling = 0.02;

/**
 * Share of the largest singular value below which one is vanishing: factors that need not all their columns are at the
 * optimum where they are stationary (Burer & Monteiro 2005), and more columns are of use only where the certificate does
 * not improve either.
 */
const vanishing = 0.02;

/** Columns that earlier factors are given beside their own. */
const moreColumns = 2;

/** One way to improve factors. */
interface Method {
  /** One sweep; gives the objective where it began. */
  sweep(): Promise<number>;
  /** The factors after the last sweep. */
  current(): Factors;
  /** Goes on from the same factors up to a shift, under other boundaries. */
  proceed(factors: Factors): Promise<void>;
  /** Begins anew from other factors. */
  restart(factors: Factors): Promise<void>;
}

/** Solves from small random factors, or earlier ones beside them; ends at a certificate or a limit. */
export async function solveFactored(
  course: Course,
  start: Float64Array,
  options: FactoredOptions,
  earlier?: Factors,
): Promise<Outcome> {
  const { workspace, data, link, penalties, tolerance, maxIterations, trace, pause, seed } = course;
  const likelihood = loadLikelihood(workspace, data, link, penalties, pause);
  const method = options.method === "alm" ? alm(course, likelihood, options) : alternating(likelihood);
  let boundaries = start, refreshments = options.estimate ? mostRefreshments : 0, best: Judgement | undefined;
  likelihood.setBoundaries(boundaries);
  const rank = Math.min(options.rankLimit, Math.max(options.rank, earlier ? earlier.rank + moreColumns : 0));
  const random = initialFactors(data.shape, rank, seed), first = earlier ? beside(earlier, random) : random;
  let due = createSchedule(), grownAt = 0;
  let last = { objective: Infinity, iteration: 0, excess: Infinity };
  const keep = (judgement: Judgement) => {
    if (best === undefined || judgement.objective < best.objective) best = judgement;
  };
  try {
    await method.restart(first);
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      await pause();
      trace.push(await method.sweep());
      if (refreshments > 0 && (iteration + 1) % refreshEvery === 0) {
        const { factors, shift } = centred(method.current(), data);
        likelihood.load(factors);
        await likelihood.products();
        const moved = boundaries.map((value) => value - shift);
        const next = await throughSteps(fittedBoundaries(data, link, likelihood.latent, moved), pause);
        const change = next.reduce((most, value, k) => Math.max(most, Math.abs(value - boundaries[k])), 0);
        refreshments = change <= Math.max(refreshed, tolerance) ? 0 : refreshments - 1;
        boundaries = next;
        likelihood.setBoundaries(boundaries);
        await method.proceed(factors);
        // Certificates begin anew: the first at once.
        if (refreshments === 0) [due, grownAt] = [createSchedule(), iteration - firstCertificate];
      }
      if (refreshments > 0 || !due(iteration - grownAt)) continue;
      const current = method.current();
      if (course.losing?.(current, boundaries)) return { status: "iteration-limit", factors: current, boundaries };
      let judgement = await course.judge(current, boundaries, "estimate");
      keep(judgement);
      if (judgement.gap <= tolerance) {
        judgement = await course.judge(judgement.factors, boundaries, "proved");
        if (judgement.gap <= tolerance) return { status: "converged", factors: judgement.factors, boundaries };
      }
      // What the gradient is steeper by than the trace norm, and how the objective and this have changed.
      const excess = judgement.triples!.values[0] / penalties.lambda - 1, sweeps = iteration - last.iteration;
      const stalls =
        last.objective - judgement.objective <= stalling * sweeps * (judgement.objective - judgement.bound);
      const room = options.rankLimit - judgement.factors.rank;
      if (room > 0 && stalls && excess > tolerance / 4) {
        const { gradient, triples, factors } = judgement, even = await balanced(workspace, factors);
        const deficient = even.values[even.rank - 1] < vanishing * even.values[0];
        if (!deficient || excess > 0.9 * last.excess) {
          await method.restart(even);
          await likelihood.products();
          await likelihood.terms();
          const most = Math.min(room, Math.max(2, even.rank >> 1));
          await method.restart(grown(even, gradient, triples!, likelihood.curvatures, penalties.lambda, most));
          last = { objective: Infinity, iteration, excess: Infinity };
          due = createSchedule();
          grownAt = iteration;
          continue;
        }
      }
      last = { objective: judgement.objective, iteration, excess };
    }
  } catch (error) {
    if (error !== timeIsUp) throw error;
    return { status: "time-limit", ...chosen() };
  }
  return { status: "iteration-limit", ...chosen() };

  /** The better of the best that was judged and the last. */
  function chosen(): Pick<Outcome, "factors" | "boundaries"> {
    // Before the first sweep small random numbers are worse than none.
    if (trace.length === 0) return { factors: earlier ?? initialFactors(data.shape, 0, seed), boundaries };
    const factors = method.current();
    if (best === undefined) return { factors, boundaries };
    return { factors: best.objective < (trace.at(-1) ?? Infinity) ? best.factors : factors, boundaries };
  }
}

/**
 * Offsets of mean 0, and what was taken off them: boundaries that are moved along leave every probability as it was, so
 * that this is the best of all shifts that boundaries and offsets have together. Lines without entries stay 0.
 */
function centred(factors: Factors, { indptr, byColumn }: Pick<Levels, "indptr" | "byColumn">) {
  let shift = 0;
  const centre = (offsets: Float64Array, starts: Uint32Array) => {
    let sum = 0, count = 0;
    for (let i = 0; i < offsets.length; i++) {
      if (starts[i] === starts[i + 1]) continue;
      sum += offsets[i];
      count++;
    }
    const mean = sum / Math.max(1, count);
    shift += mean;
    return offsets.map((value, i) => starts[i] === starts[i + 1] ? value : value - mean);
  };
  const rowOffsets = centre(factors.rowOffsets, indptr), columnOffsets = centre(factors.columnOffsets, byColumn.indptr);
  return { factors: { ...factors, rowOffsets, columnOffsets }, shift };
}

function alternating(likelihood: FactoredLikelihood): Method {
  let settled: Factors | undefined, momentum = 1, objective = Infinity;
  const evaluate = async () => {
    await likelihood.products();
    return await likelihood.terms();
  };
  const proceed = (factors: Factors) => {
    likelihood.load(factors);
    settled = factors;
    objective = Infinity;
    return Promise.resolve();
  };
  return {
    async sweep() {
      let found = await evaluate();
      if (found > objective && momentum > 1) {
        likelihood.load(settled!);
        momentum = 1;
        found = await evaluate();
      }
      objective = found;
      await likelihood.step("rows");
      await evaluate();
      await likelihood.step("columns");
      const next = likelihood.factors(), following = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
      if (settled?.rank === next.rank && momentum > 1) {
        likelihood.load(extrapolated(settled, next, (momentum - 1) / following));
      }
      settled = next;
      momentum = following;
      return objective;
    },
    current: () => settled!,
    proceed,
    restart(factors) {
      momentum = 1;
      return proceed(factors);
    },
  };
}

/** `to + share (to - from)`. */
function extrapolated(from: Factors, to: Factors, share: number): Factors {
  const along = (a: Float64Array, b: Float64Array) => b.map((value, k) => value + share * (value - a[k]));
  return {
    rank: to.rank,
    left: along(from.left, to.left),
    right: along(from.right, to.right),
    rowOffsets: along(from.rowOffsets, to.rowOffsets),
    columnOffsets: along(from.columnOffsets, to.columnOffsets),
  };
}

function alm({ data }: Course, likelihood: FactoredLikelihood, options: FactoredOptions): Method {
  const count = data.levels.length, { weights } = data, { latent, gradients, curvatures } = likelihood;
  const z = new Float64Array(count), y = new Float64Array(count), centers = new Float64Array(count);
  let penalty = options.penalty;
  /** The quadratic of the augmented Lagrangian at the product; `y` is in units of the penalty and the weight. */
  const aim = async () => {
    await likelihood.products();
    for (let k = 0; k < count; k++) {
      const weight = penalty * (weights ? weights[k] : 1);
      curvatures[k] = weight;
      gradients[k] = weight * (latent[k] - z[k] - y[k]);
    }
  };
  const restart = async (factors: Factors) => {
    likelihood.load(factors);
    await likelihood.products();
    await likelihood.terms();
    // The multipliers of a stationary point: y = -f'(x), with z at the product.
    for (let k = 0; k < count; k++) {
      z[k] = latent[k];
      y[k] = -gradients[k] / (penalty * (weights ? weights[k] : 1));
    }
  };
  return {
    async sweep() {
      await likelihood.products();
      const objective = await likelihood.terms();
      await aim();
      await likelihood.step("rows");
      await aim();
      await likelihood.step("columns");
      await likelihood.products();
      for (let k = 0; k < count; k++) centers[k] = latent[k] - y[k];
      await likelihood.proximal(penalty, centers, z);
      for (let k = 0; k < count; k++) y[k] += z[k] - latent[k];
      penalty *= options.penaltyGrowth;
      for (let k = 0; k < count && options.penaltyGrowth > 1; k++) y[k] /= options.penaltyGrowth;
      return objective;
    },
    current: () => likelihood.factors(),
    proceed: restart,
    restart,
  };
}

/** Earlier factors, with the last columns of others. */
function beside(earlier: Factors, { rank, left, right }: Factors): Factors {
  const own = Math.min(rank, earlier.rank);
  const put = (target: Float64Array, source: Float64Array) => {
    const result = target.slice();
    for (let i = 0; i * rank < result.length; i++) {
      for (let k = 0; k < own; k++) result[i * rank + k] = source[i * earlier.rank + k];
    }
    return result;
  };
  return { ...earlier, rank, left: put(left, earlier.left), right: put(right, earlier.right) };
}
