import { entryGain, keptConjugate, l0Penalty } from "../l0/penalty.ts";
import { largestPenalty } from "../l0/options.ts";
import { finite } from "../core/certificate.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { createPace } from "../core/steps.ts";
import type { GraphData } from "./data.ts";
import { type GraphSolution, leastDerivatives, presenceOf, roundingGain } from "./descent.ts";
import {
  curvatureAt,
  emptyGraph,
  evaluate,
  graphObjective,
  type GraphPoint,
  haveSameEdges,
  type Pseudolikelihood,
} from "./pseudolikelihood.ts";
import { type GraphCriterion, type PrecisionPathOptions, sparsePrecisionPathOptions } from "./options.ts";
import { type GraphSession, openGraph, type SparsePrecision } from "./precision.ts";
import { logDeterminant } from "./structure.ts";

/** A point of a path. */
export interface PrecisionPathPoint extends SparsePrecision {
  /** Price of each edge at this point. */
  readonly lambda0: number;
  /** Value of the chosen criterion. */
  readonly criterion: number;
}

/**
 * Precision matrices from the empty graph on, each warm-started at the one before, and each with edges of its own. Each
 * `lambda0` lies inside the interval in which its graph is the answer: below the price at which it was found, above the one
 * at which the next edge enters. The path ends when no edge enters any more. Time limit and progress are those of the whole
 * path; `auto` is `approximate` here.
 *
 * @param data One sample a row [samples, variables], or the covariance matrix of samples and their number.
 * @throws as {@linkcode sparsePrecision} does, when the first point is asked for
 *
 * @example
 * ```ts
 * import { fromRows, sparsePrecisionPath } from "@minima/minima";
 * const samples = fromRows([[2, 2, 1], [-2, -2, 1], [1, 1, -1], [-1, -1, -1], [3, 2, 0], [-3, -2, 0]]);
 * let best = { criterion: Infinity, edgeCount: 0 };
 * for await (const point of sparsePrecisionPath(samples, { lambda2: 0.1, count: 5 })) {
 *   if (point.criterion < best.criterion) best = point;
 * }
 * if (best.edgeCount !== 1) throw new Error("0 and 1 go together");
 * ```
 */
export async function* sparsePrecisionPath(
  data: GraphData,
  options: PrecisionPathOptions,
): AsyncGenerator<PrecisionPathPoint, void> {
  const resolved = resolveOptions(sparsePrecisionPathOptions, options, "a sparse precision path");
  const { count, criterion, gamma } = resolved;
  const session = await openGraph(data, resolved, count);
  try {
    const { problem } = session;
    const { maxEdges = 10 * problem.vertices } = resolved;
    let step: PathStep | undefined = await firstStep(session);
    const least = Math.max(roundingGain, negligible * step.lambda0);
    for (let index = 0; index < count && step !== undefined;) {
      const { lambda0, solution, entry }: PathStep = step;
      const penalty = l0Penalty(lambda0, session.lambda2, session.bigM);
      const objective = graphObjective(problem, penalty, solution.estimate);
      const { estimate, covarianceTrace, ...fit } = await session.report(lambda0, { ...solution, objective });
      if (fit.edgeCount > maxEdges) return;
      yield { ...fit, lambda0, criterion: judge(problem, fit, covarianceTrace, criterion, gamma) };
      session.advance(Math.max(++index / count, fit.edgeCount / Math.max(1, maxEdges)));
      if (fit.status === "time-limit") return;
      step = await nextStep(session, { lambda0, solution: { estimate, objective }, entry }, least);
    }
  } finally {
    session.close();
  }
}

/** A graph and a price of edges at which it is the answer. */
interface PathStep {
  readonly lambda0: number;
  readonly solution: GraphSolution;
  /** The price below which an edge would enter. */
  readonly entry: number;
}

/** Share of the first price below which what edges gain is rounding. */
const negligible = 1e-13;

/** The empty graph, at a price at which nothing better is found: edges may pay together where none pays alone. */
async function firstStep(session: GraphSession): Promise<PathStep> {
  const { problem } = session, empty = emptyGraph(problem);
  let lambda0 = Math.max(session.isCertified ? await certainPrice(session) : 0, 1.1 * await bestEntry(session, empty));
  for (;; lambda0 *= 2) {
    const solution = await session.search(lambda0, empty);
    const isEmpty = solution.estimate.values.length === problem.rules.required.length;
    if (!isEmpty && !session.hasEnded() && lambda0 < largestPenalty / 2) continue;
    return { lambda0, solution, entry: await bestEntry(session, solution.estimate) };
  }
}

/**
 * The next graph that differs. It is found where the best absent edge enters, and taken between that price and the one at
 * which the next would: inside the interval in which it is the answer.
 */
async function nextStep(session: GraphSession, last: PathStep, least: number): Promise<PathStep | undefined> {
  let { entry, lambda0 } = last, start: GraphPoint = last.solution.estimate;
  while (entry > least && lambda0 > least) {
    lambda0 = Math.min(0.99 * entry, 0.97 * lambda0);
    const solution = await session.search(lambda0, start);
    start = solution.estimate;
    entry = session.hasEnded() ? 0 : await bestEntry(session, start);
    if (session.hasEnded()) return { lambda0, solution, entry };
    if (haveSameEdges(start, last.solution.estimate)) continue;
    if (!(entry < lambda0)) return { lambda0, solution, entry };
    const inside = Math.sqrt(lambda0 * Math.max(entry, lambda0 / 2));
    return { lambda0: inside, solution, entry };
  }
  return undefined;
}

/**
 * A price from which on the empty graph is optimal for certain: its own dual point has no derivative above the threshold.
 * Once the time is up, that of the largest covariance that the variances allow.
 */
async function certainPrice({ problem, lambda2, bigM }: GraphSession): Promise<number> {
  const { vertices, variances } = problem, free = l0Penalty(0, lambda2, bigM), isDue = createPace();
  let largest = 0;
  for (let i = 0; i < vertices; i++) {
    for (let j = 0; j < i; j++) largest = Math.max(largest, 4 * Math.abs(problem.covariance(i, j)));
    if (!isDue(i * problem.covarianceWork) || !await problem.pause("path")) continue;
    largest = variances.reduce((most, variance) => Math.max(most, 4 * variance), 0);
    break;
  }
  return Math.min(largestPenalty / 4, 1.01 * Math.max(0, keptConjugate(largest, free)));
}

/** The largest `lambda0` at which some absent edge would enter. */
async function bestEntry({ problem, lambda2, bigM }: GraphSession, point: GraphPoint): Promise<number> {
  const free = l0Penalty(0, lambda2, bigM);
  const estimate = await evaluate(problem, point, free);
  const isPresent = presenceOf(estimate);
  let best = 0;
  await problem.derivativesAbove(leastDerivatives(problem, free, estimate, () => best), (derivative, i, j) => {
    if (isPresent(i, j) || problem.rules.isForbidden(i, j)) return;
    best = Math.max(best, entryGain(curvatureAt(problem, estimate, i, j), derivative, free));
  });
  return finite("the largest lambda0 at which an edge enters", best);
}

function judge(
  { samples, vertices }: Pseudolikelihood,
  fit: SparsePrecision,
  covarianceTrace: number,
  criterion: GraphCriterion,
  gamma: number,
): number {
  const complexity = fit.edgeCount * (Math.log(samples) + 4 * gamma * Math.log(vertices));
  // An edge stands in the terms of both its ends: under independence it counts as two parameters.
  if (criterion === "pseudo-ebic") return samples * fit.dataTerm + 2 * complexity;
  const logDet = logDeterminant(fit.precision);
  if (Number.isNaN(logDet)) return Infinity;
  return samples * (covarianceTrace - logDet) + complexity;
}
