import { inSteps } from "../core/steps.ts";
import { normalInverse } from "../l0/subset_factor.ts";
import { reduceSupport } from "../l0/support_solution.ts";
import type { Estimate, LeastSquares } from "./least_squares.ts";
import { createView, type MovingView, type SupportView } from "./support_view.ts";
import { priceOf, type Solution, type Task } from "./task.ts";

/** The latest views of each problem, the last used first: a search goes on from where the one before has ended. */
const latest = new WeakMap<LeastSquares, MovingView[]>(), mostKept = 2;

/** Changes of a support, as a share of its features, up to which it is cheaper to follow them than to begin afresh. */
const shareFollowed = 1 / 4, fewFollowed = 2;

/**
 * Looks at all features from a support: O(support features) for each feature by which it differs from one that was looked at
 * lately, O(support^2 features) afresh. What it gives holds until another support is looked at.
 */
export async function viewFrom(task: Task, estimate: Estimate): Promise<SupportView> {
  const view = await viewOf(task, estimate.features);
  if (isFree(task) && view.isSound) return view;
  // Bounds, or features that nearly depend on others: the coefficients are those of the direct solve.
  const { support, inside, products, variances, curvatures } = view, { correlations } = estimate;
  const coefficients = inOrder(support, estimate.features, estimate.coefficients);
  return { support, inside, products, variances, curvatures, coefficients, correlations, swapsMayPay: true };
}

/** The least-squares solution on a support by its view; nothing where bounds or nearly dependent features forbid it. */
export async function solveByView(task: Task, support: readonly number[]): Promise<Solution | undefined> {
  return isFree(task) ? await solutionOf(task, await viewOf(task, support), support) : undefined;
}

/** The same where the support was looked at lately; nothing where it was not. */
export async function solutionInView(task: Task, support: readonly number[]): Promise<Solution | undefined> {
  const { problem, penalty: { lambda2 } } = task, views = isFree(task) ? latest.get(problem) : undefined;
  const view = views?.find((view) => view.lambda2 === lambda2 && changesTo(view, support) === 0);
  return view && await solutionOf(task, view, support);
}

async function solutionOf(task: Task, view: MovingView, support: readonly number[]): Promise<Solution | undefined> {
  const loss = await inSteps(view.loss(), () => pauseIn(task));
  if (loss === undefined) return undefined;
  // In the order that was asked for: what was looked at before has no say in the answer.
  const coefficients = inOrder(support, view.support, view.coefficients);
  const estimate = { features: support, coefficients, correlations: new Float64Array(view.correlations) };
  return { estimate, objective: loss + priceOf(task, estimate) };
}

/** A checkpoint that goes on whatever the time: a view is begun to be used. */
async function pauseIn({ budget }: Task): Promise<false> {
  await budget.run.checkpoint({ stage: "moves", fraction: 0, iteration: budget.sweeps });
  return false;
}

/** One number a feature, as `wanted` has them. */
function inOrder(wanted: readonly number[], features: readonly number[], values: Float64Array): Float64Array {
  const places = new Map(features.map((feature, i) => [feature, i]));
  return Float64Array.from(wanted, (feature) => values[places.get(feature)!]);
}

function isFree({ problem: { constraints } }: Task): boolean {
  return constraints.uniform && constraints.hull === Infinity;
}

async function viewOf(task: Task, support: readonly number[]): Promise<MovingView> {
  const { problem, penalty: { lambda2 } } = task;
  let views = latest.get(problem);
  if (views === undefined) latest.set(problem, views = []);
  let nearest = 0, least = Infinity;
  views.forEach((view, i) => {
    const changes = view.lambda2 === lambda2 ? changesTo(view, support) : Infinity;
    if (changes < least) {
      least = changes;
      nearest = i;
    }
  });
  const follows = least === 0 || views[nearest]?.isSound && least <= fewFollowed + shareFollowed * support.length;
  // Out of the list while it changes: an abort leaves it half done.
  let [view] = views.splice(follows ? nearest : mostKept - 1, 1);
  const pause = () => pauseIn(task);
  if (follows && least > 0) {
    const wanted = new Set(support);
    for (let i = view.support.length - 1; i >= 0; i--) {
      if (!wanted.has(view.support[i])) await view.leave(i, pause);
    }
    for (const feature of support) {
      if (view.inside[feature]) continue;
      await view.enter(feature, await problem.gramRow(feature, () => fallsOf(view)), pause);
    }
  }
  if (!follows || !view.isSound && !view.isFresh) {
    if (view?.lambda2 !== lambda2) {
      view?.release();
      view = createView(problem, lambda2);
    }
    const data = await problem.supportData(support);
    const inverse = await inSteps(normalInverse(await reduceSupport({ ...data, lambda2 }, pause)), pause);
    await view.take(support, { gram: data.gram, inverse, rows: await problem.rowsOf(support) }, pause);
  }
  views.unshift(view);
  return view;
}

/** What the loss falls as each feature enters, all fitted again. */
function fallsOf({ inside, correlations, curvatures }: SupportView): Float64Array {
  return correlations.map((value, j) => inside[j] || curvatures[j] === 0 ? 0 : value * value / (2 * curvatures[j]));
}

/** Features by which a support differs from that of a view. */
function changesTo({ support, inside }: SupportView, wanted: readonly number[]): number {
  const common = wanted.reduce((sum, feature) => sum + inside[feature], 0);
  return support.length + wanted.length - 2 * common;
}
