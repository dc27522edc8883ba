/** Boundaries between levels: from their frequencies, or by maximum likelihood for latent values that are held fixed. @module */

import { binLoss, type Link } from "../../kernels/contract/completion/link.ts";
import { DataError, OptionError } from "../core/errors.ts";
import type { Vector } from "../core/matrix.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import { endsOf, type Levels, levelWeights } from "./levels.ts";

/** Checks boundaries that were given. @throws {OptionError} unless they rise */
export function givenBoundaries(boundaries: Vector): Float64Array {
  if (boundaries.length === 0) {
    throw new OptionError("boundaries", `Cannot use "boundaries": expected at least one number, received none.`);
  }
  for (let k = 1; k < boundaries.length; k++) {
    if (boundaries[k] > boundaries[k - 1]) continue;
    throw new OptionError(
      "boundaries",
      `Cannot use "boundaries": expected numbers that rise, received ${boundaries[k - 1]} before ${boundaries[k]}.`,
    );
  }
  return Float64Array.from(boundaries);
}

/**
 * The boundaries at which the levels would have their observed frequencies if all latent values were 0.
 *
 * @throws {DataError} for a level that never occurs
 */
export function marginalBoundaries(argument: string, data: Levels, link: Link): Float64Array {
  const totals = levelWeights(data), total = totals.reduce((sum, value) => sum + value, 0);
  const missing = totals.indexOf(0);
  if (missing >= 0) {
    throw new DataError(
      argument,
      `Cannot find boundaries: level ${missing} of ${data.levelCount} never occurs in "${argument}"; give "boundaries", ` +
        "or number the levels without gaps.",
    );
  }
  let below = 0;
  return Float64Array.from(totals.subarray(0, -1), (value) => {
    below += value;
    return link === "logit" ? Math.log(below / (total - below)) : normalQuantile(below / total);
  });
}

/** The inverse of the normal distribution function, by Newton steps on the loss of an open bin. */
function normalQuantile(share: number): number {
  // -log Phi(x) is convex: from below, its Newton steps overshoot once at most.
  const target = -Math.log(share);
  if (share > 0.5) return -normalQuantile(1 - share);
  let x = -Math.sqrt(2 * target);
  for (let step = 0; step < 100; step++) {
    const { loss, gradient } = binLoss("probit", -Infinity, 0, -x), change = (loss - target) / gradient;
    x += change;
    if (Math.abs(change) <= 1e-15 * (1 + Math.abs(x))) break;
  }
  return x;
}

/** Newton steps of one refreshment, and halvings of a step. */
const mostSteps = 20, mostHalvings = 40;

/**
 * Maximum-likelihood boundaries for fixed latent values. The loss is convex in them, its Hessian tridiagonal: each
 * boundary is an end of two levels.
 */
export function* fittedBoundaries(
  { levels, weights }: Pick<Levels, "levels" | "weights">,
  link: Link,
  latent: ArrayLike<number>,
  start: Float64Array,
): Steps<Float64Array> {
  let boundaries = start.slice(), current = yield* derivatives(boundaries);
  for (let step = 0; step < mostSteps; step++) {
    const direction = solveTridiagonal(current.diagonal, current.off, current.gradient);
    const expected = direction.reduce((sum, value, k) => sum + value * current.gradient[k], 0);
    if (!(expected > 1e-12 * (1 + current.loss))) break;
    let share = 1, moved = false;
    for (let halving = 0; halving < mostHalvings && !moved; halving++, share /= 2) {
      const next = boundaries.map((value, k) => value - share * direction[k]);
      if (next.some((value, k) => !(k === 0 || value > next[k - 1]))) continue;
      const there = yield* derivatives(next);
      if (!(there.loss <= current.loss - 1e-4 * share * expected)) continue;
      boundaries = next;
      current = there;
      moved = true;
    }
    if (!moved) break;
  }
  return boundaries;

  function* derivatives(boundaries: Float64Array): Steps<Derivatives> {
    const { lower, upper } = endsOf(boundaries), last = boundaries.length;
    const gradient = new Float64Array(last), diagonal = new Float64Array(last), off = new Float64Array(last);
    let loss = 0;
    yield* inRanges(levels.length, 50, (begin, end) => {
      for (let k = begin; k < end; k++) {
        const level = levels[k], x = latent[k], weight = weights ? weights[k] : 1;
        const own = binLoss(link, lower[level], upper[level], x).loss;
        loss += weight * own;
        const above = level < last ? density(link, upper[level] - x, own) : undefined;
        const below = level > 0 ? density(link, lower[level] - x, own) : undefined;
        if (above) {
          gradient[level] -= weight * above.share;
          diagonal[level] += weight * (above.share * above.share - above.slope);
        }
        if (below) {
          gradient[level - 1] += weight * below.share;
          diagonal[level - 1] += weight * (below.share * below.share + below.slope);
        }
        if (above && below) off[level - 1] -= weight * above.share * below.share;
      }
    });
    return { loss, gradient, diagonal, off };
  }
}

interface Derivatives {
  readonly loss: number;
  readonly gradient: Float64Array;
  /** The Hessian, and what stands beside its diagonal. */
  readonly diagonal: Float64Array;
  readonly off: Float64Array;
}

/** Density of the noise over the probability of the level, and the derivative of the density over it. */
function density(link: Link, t: number, loss: number): { share: number; slope: number } {
  const distance = Math.abs(t);
  const logarithm = link === "logit"
    ? -distance - 2 * Math.log1p(Math.exp(-distance))
    : -t * t / 2 - 0.9189385332046728;
  const share = Math.exp(logarithm + loss);
  return { share, slope: -share * (link === "logit" ? Math.tanh(t / 2) : t) };
}

/** Solves a symmetric positive definite tridiagonal system; a ridge of rounding keeps it definite. */
function solveTridiagonal(diagonal: Float64Array, off: Float64Array, right: Float64Array): Float64Array {
  const size = diagonal.length, pivots = new Float64Array(size), solution = right.slice();
  const ridge = 1e-12 * Math.max(...diagonal) + Number.MIN_VALUE;
  for (let k = 0; k < size; k++) {
    const factor = k > 0 ? off[k - 1] / pivots[k - 1] : 0;
    pivots[k] = Math.max(ridge, diagonal[k] + ridge - (k > 0 ? factor * off[k - 1] : 0));
    if (k > 0) solution[k] -= factor * solution[k - 1];
  }
  for (let k = size - 1; k >= 0; k--) {
    solution[k] = (solution[k] - (k + 1 < size ? off[k] * solution[k + 1] : 0)) / pivots[k];
  }
  return solution;
}
