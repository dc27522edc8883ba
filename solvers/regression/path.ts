import type { Matrix, SparseMatrix, VectorLike } from "../core/matrix.ts";
import { finite } from "../core/certificate.ts";
import { OptionError } from "../core/errors.ts";
import type { Resolved } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { type Run, startRun } from "../core/run.ts";
import type { Samples } from "../core/matrix.ts";
import type { SparseStart } from "./least_squares.ts";
import { bestEntry, lossWithout } from "./moves.ts";
import { type OpenRegressionOptions, type RegressionPathOptions, sparseRegressionPathOptions } from "./options.ts";
import { leastGain, type Solution } from "./task.ts";
import { counted } from "../core/shown.ts";
import type { SparseRegression } from "./answer.ts";
import { openRegression, type RegressionSession, type SessionFit } from "./session.ts";
import { viewFrom } from "./views.ts";

/** A point of a path. */
export type RegressionPathPoint = SparseRegression & { readonly lambda0: number };

/** Options of a path, checked. */
export type ResolvedPathOptions = Resolved<RegressionPathOptions, OpenRegressionOptions | "lambdas">;

/**
 * Sparse regressions from the empty model on, each warm-started at the one before, until nothing is left to explain.
 *
 * The grid follows the data: each `lambda0` lies inside the interval of prices at which its model is the answer, in the
 * geometric middle between the price at which the next feature would enter, all others fitted again, and that at which the
 * model took over from the one before or loses its cheapest feature. `exact` begins at a price at which the empty model is
 * certainly the best. The time limit is that of the whole path.
 *
 * @param X Samples as rows [samples, features], dense or sparse.
 * @param y One response a sample.
 * @throws as {@linkcode sparseRegression} does, and {@linkcode OptionError} where the first point has more features than
 *   `maxSupport`; when the first point is asked for
 *
 * @example
 * ```ts
 * import { fromRows, sparseRegressionPath } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1]]);
 * const sizes: number[] = [];
 * for await (const point of sparseRegressionPath(X, [2, 0.1, 2, 4], { maxSupport: 2 })) {
 *   sizes.push(point.support.length);
 * }
 * if (sizes[0] !== 0 || sizes[1] !== 1 || Math.max(...sizes) > 2) throw new Error("none, then one, two at most");
 * ```
 */
export async function* sparseRegressionPath(
  X: Matrix | SparseMatrix,
  y: VectorLike,
  options: RegressionPathOptions = {},
): AsyncGenerator<RegressionPathPoint, void> {
  const resolved = resolveOptions(sparseRegressionPathOptions, options, "a sparse regression path");
  yield* followPath(X, y, resolved, startRun(resolved));
}

/** The path under checked options, as a part of some run. */
export async function* followPath(
  X: Samples,
  y: VectorLike,
  options: ResolvedPathOptions,
  run: Run,
  paths = 1,
): AsyncGenerator<RegressionPathPoint, void> {
  const { maxSupport, count, lambdas } = options;
  let index = 0;
  // A path is a part of a run, and its share done is that of its points.
  const points = lambdas?.length ?? count;
  const part: Run = {
    elapsedMs: run.elapsedMs,
    checkpoint: (state) => run.checkpoint({ ...state, fraction: Math.min(1, index / points) }),
  };
  const session = await openRegression(X, y, options, { points, paths, run: part });
  try {
    const { always } = session.data.constraints;
    if (always.length > maxSupport) {
      throw new OptionError(
        "maxSupport",
        `Cannot use "maxSupport": expected at least the ${always.length} features of "always", received ${maxSupport}.`,
      );
    }
    const found = lambdas ? visit(session, lambdas) : follow(session, options.method === "exact");
    for await (const { lambda0, at } of found) {
      if (at.support.length > maxSupport) {
        if (index > 0) return;
        throw new OptionError(
          "maxSupport",
          `Cannot use "maxSupport": expected at least the ${
            counted(at.support.length, "feature")
          } of the first point of the path, "lambda0" ${lambda0}, received ${maxSupport}.`,
        );
      }
      const fit = await at.present();
      yield { ...fit, lambda0 };
      index++;
      if (index >= points || fit.status === "time-limit") return;
    }
  } finally {
    session.close();
  }
}

/** A model and a price inside its interval. */
interface PathStep {
  readonly lambda0: number;
  readonly at: SessionFit;
}

/** The models at given prices, the largest first. */
async function* visit(session: RegressionSession, lambdas: readonly number[]): AsyncGenerator<PathStep, void> {
  let start: SparseStart | undefined;
  for (const lambda0 of lambdas.toSorted((a, b) => b - a)) {
    const at = await session.fit({ lambda0 }, start);
    yield { lambda0, at };
    start = at.solution.estimate;
  }
}

/** Share of the price at which a feature enters, just below which it is looked for. */
const justBelow = 0.999;

/** Share by which the price falls at least from one point to the next. */
const leastFall = 0.999;

/** Factor above the price of the first entry at which the path begins. */
const wellAbove = 1.5;

/** The models in the order of their prices, each at a price inside its interval. */
async function* follow(session: RegressionSession, certain: boolean): AsyncGenerator<PathStep, void> {
  const { problem, data: { responseScale, constraints: { always } } } = session;
  const square = responseScale ** 2, whole = problem.nullLoss * square;
  // At this price no support pays, whatever it explains.
  const most = 1.01 * whole;
  let current = await session.fit({ lambda0: most });
  let { entry } = await interval(session, current.solution);
  let lambda0 = certain ? most : Math.min(most, wellAbove * entry);
  if (!(whole > 0) || !(entry > leastGain * whole)) {
    // Nothing to explain: the one model there is.
    yield { lambda0: most, at: current };
    return;
  }
  // Two features may pay where none pays alone.
  for (;;) {
    const next = await session.fit({ lambda0 }, current.solution.estimate);
    if (next.support.length <= always.length || lambda0 >= most || next.isLate) {
      current = next;
      break;
    }
    lambda0 = Math.min(most, 2 * lambda0);
  }
  yield { lambda0, at: current };
  for (let last = current, lastPrice = lambda0;;) {
    // Just below the price at which a feature enters, the next model is the answer.
    let price = Math.min(justBelow * entry, leastFall * lastPrice);
    if (!(price > leastGain * whole)) return;
    let next = await session.fit({ lambda0: price }, last.solution.estimate);
    while (sameSupport(next, last) && !next.isLate) {
      price *= 0.9;
      if (!(price > leastGain * whole)) return;
      next = await session.fit({ lambda0: price }, last.solution.estimate);
    }
    let at = await interval(session, next.solution);
    const upper = Math.min(at.leaving, crossing(last, lastPrice, next, price, always.length), leastFall * lastPrice);
    // Products of prices may leave the range of numbers.
    const middle = Math.sqrt(Math.max(at.entry, 1e-3 * upper)) * Math.sqrt(upper);
    if (middle < upper && middle > at.entry && !next.isLate) {
      const inside = await session.fit({ lambda0: middle }, next.solution.estimate);
      if (sameSupport(inside, next)) {
        price = middle;
        next = inside;
      } else if (middle > price && !sameSupport(inside, last)) {
        // Another model is better there; the one that was found comes after it.
        price = middle;
        next = inside;
        at = await interval(session, next.solution);
      }
    }
    yield { lambda0: price, at: next };
    last = next;
    lastPrice = price;
    entry = at.entry;
  }
}

/** The prices at which another feature enters a model, and at which its cheapest leaves; the caller's units. */
async function interval(
  session: RegressionSession,
  { estimate }: Solution,
): Promise<{ entry: number; leaving: number }> {
  const task = session.taskAt(0), view = await viewFrom(task, estimate);
  const { isAlways } = session.problem.constraints, square = session.data.responseScale ** 2;
  let leaving = Infinity;
  view.support.forEach((feature, i) => {
    if (!isAlways[feature]) leaving = Math.min(leaving, lossWithout(view, i));
  });
  const { fall } = bestEntry(view, task);
  return { entry: finite("the price at which a feature enters", fall * square), leaving: leaving * square };
}

/** The price at which one model takes over from another. */
function crossing(
  before: SessionFit,
  beforePrice: number,
  after: SessionFit,
  afterPrice: number,
  unpriced: number,
): number {
  const features = after.support.length - before.support.length;
  if (features <= 0) return Infinity;
  const loss = ({ objective, support }: SessionFit, price: number) => objective - price * (support.length - unpriced);
  return (loss(before, beforePrice) - loss(after, afterPrice)) / features;
}

function sameSupport(a: SessionFit, b: SessionFit): boolean {
  return a.support.length === b.support.length && a.support.every((feature, k) => feature === b.support[k]);
}
