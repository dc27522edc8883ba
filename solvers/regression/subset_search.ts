import { inSteps } from "../core/steps.ts";
import { type Fixing, keep, type NodeRelaxation, type NodeRequest, nodeStatus, type Tree } from "../l0/search.ts";
import { boundedLeastSquaresInSteps } from "../l0/bounded_least_squares.ts";
import type { Constraints } from "./data.ts";
import { lossAt, type ReducedLeastSquares } from "../l0/reduced.ts";
import { createSubsetFactor, type SubsetFactor } from "../l0/subset_factor.ts";

/** What supports there are, and what each costs beside its loss. */
export interface SubsetRules {
  /** Price of each feature that is not always there. */
  readonly lambda0: number;
  /** Most features of a support. */
  readonly size: number;
  readonly constraints: Constraints;
}

/** What the search tells and asks. */
export interface SubsetWatch {
  incumbent(): number;
  /**
   * Solves a support that seems better, and makes it the incumbent if it is: the loss of columns that hardly differ may be
   * nothing but rounding.
   */
  improve(support: readonly number[]): Promise<void>;
  /** Called before each node; true once the time is up. */
  pause(): Promise<boolean>;
}

/** Open nodes that are branched on at once: they are small, and solved one after another. */
const batch = 16;

/** Share of the terms of a loss that rounding may move, and share of an objective that is none. */
const rounding = 1e-14, negligible = 1e-12;

/** Terms of the fit that come with a column, in multiples of its own: the others make up for it. */
const termsOfOne = 4;

/** The tree of best subsets, and what rounding leaves open. */
export interface SubsetTree extends Tree<undefined> {
  /**
   * A support that was looked at may be as good as this, whatever its computed loss: columns that hardly differ leave it
   * uncertain, a rounding `E` of theirs moves it by `r^T E b`. Infinity where that is negligible.
   */
  uncertain(): number;
}

/** Multiply-adds between two checkpoints. */
const workTogether = 1e6;

/**
 * Best subsets by the loss of all features that are left (Furnival & Wilson 1974): a support between the kept features `K`
 * and those not dropped, `A`, costs at least `loss(A) + lambda0 |K|`. Of the supports `K` and `K + j` the objectives are
 * known, so the others cost at least two features more than `K`. Needs neither ridge nor bound: what columns do not tell
 * apart only costs nodes. For some tens of features; a node takes O(features^3).
 */
export function createSubsetTree(
  problem: ReducedLeastSquares,
  rules: SubsetRules,
  watch: SubsetWatch,
): SubsetTree {
  const { lambda0, size, constraints } = rules, { incumbent } = watch, { isAlways } = constraints;
  const { features, response, rest } = problem;
  const statuses = new Uint8Array(features);
  const scale = response.reduce((sum, value) => sum + value * value, rest);
  const priceOf = (support: readonly number[]) =>
    lambda0 * support.reduce((count, feature) => count + 1 - isAlways[feature], 0);
  const free = constraints.uniform && constraints.hull === Infinity;
  const relaxParts = free ? createUnboundedRelaxation() : createBoundedRelaxation();

  let uncertain = Infinity;

  /** Makes a support the incumbent if it is better; `terms` is the size of the terms of its fit. */
  async function offer(support: readonly number[], loss: number, terms: number): Promise<void> {
    if (support.length > size) return;
    const objective = loss + priceOf(support), margin = rounding * terms * Math.sqrt(2 * loss);
    if (margin > negligible * objective) uncertain = Math.min(uncertain, objective - margin);
    if (objective < incumbent()) await watch.improve(support);
  }

  /** The losses with one feature more, and the sizes of their terms, some features at a time. */
  async function lossesWith(
    factor: SubsetFactor,
    kept: number,
    free: readonly number[],
    pause: () => Promise<unknown>,
  ): Promise<ReturnType<SubsetFactor["lossesWith"]>> {
    const losses = new Float64Array(free.length), sizes = new Float64Array(free.length);
    const together = Math.ceil(workTogether / ((kept + 1) * features));
    for (let from = 0; from < free.length; from += together) {
      if (from > 0) await pause();
      const some = factor.lossesWith(free.slice(from, from + together));
      losses.set(some.losses, from);
      sizes.set(some.sizes, from);
    }
    return { losses, sizes };
  }

  interface Parts {
    readonly kept: readonly number[];
    readonly free: readonly number[];
    /** Where nothing below can be better. */
    readonly leaf: NodeRelaxation<undefined>;
    /** A bound that is known already. */
    readonly known: number;
  }

  function createUnboundedRelaxation() {
    const factor = createSubsetFactor(problem), goOn = () => watch.pause().then(() => false);
    return async ({ kept, free, leaf, known }: Parts): Promise<NodeRelaxation<undefined>> => {
      const keptLoss = await inSteps(factor.takeInSteps(kept), goOn), keptTerms = factor.termSize();
      await offer(kept, keptLoss, keptTerms);
      if (kept.length >= size || free.length === 0) return leaf;
      const { losses, sizes } = await lossesWith(factor, kept.length, free, goOn),
        order = Array.from(free.keys()).sort((k, l) => losses[k] - losses[l]);
      // Once the best is the incumbent, no other one is offered.
      for (const k of order) await offer([...kept, free[k]], losses[k], keptTerms + termsOfOne * sizes[k]);
      if (kept.length + 1 >= size || free.length === 1) return leaf;

      // Features that are kept in every better support come first, so that dropping one needs no new factor.
      const all = [...kept, ...free], exactLoss = await inSteps(factor.takeInSteps(all), goOn);
      // A rounding `E` of the columns moves the loss by `r^T E b`; so does the choice of those that depend on the others.
      const terms = factor.termSize(), moved = rounding * terms + factor.dependentSize(rounding);
      const margin = rounding * scale + moved * Math.sqrt(2 * exactLoss);
      const bound = Math.max(known, exactLoss - margin + priceOf(kept) + 2 * lambda0);
      await offer(all, exactLoss, terms);
      if (bound >= incumbent()) return { ...leaf, bound };
      const costs = await inSteps(factor.dropCostsInSteps(), goOn), fixings: Fixing[] = [];
      let candidate = -1;
      for (let k = 0; k < free.length; k++) {
        const cost = costs[kept.length + k];
        if (bound + cost > incumbent()) fixings.push(keep(free[k]));
        else if (candidate < 0 || cost > costs[kept.length + candidate]) candidate = k;
      }
      if (candidate >= 0) return { ...leaf, bound, candidates: [free[candidate]], fixings };
      // What is left to keep is kept: this is the one support left.
      return leaf;
    };
  }

  /** The same where coefficients have bounds: the losses are those within them. */
  function createBoundedRelaxation() {
    const lower = new Float64Array(features), upper = new Float64Array(features);
    const zeros = new Float64Array(features), { lengths } = problem;
    const termsOf = (coefficients: Float64Array) =>
      coefficients.reduce((sum, value, j) => sum + Math.abs(value) * lengths[j], 0);
    const solve = (...sets: (readonly number[])[]) => {
      lower.fill(0);
      upper.fill(0);
      for (const j of sets.flat()) {
        lower[j] = constraints.lower[j];
        upper[j] = constraints.upper[j];
      }
      return inSteps(boundedLeastSquaresInSteps(problem, lower, upper, zeros), watch.pause);
    };
    return async ({ kept, free, leaf, known }: Parts): Promise<NodeRelaxation<undefined>> => {
      // Where the least was not reached, the node is closed at what is known.
      const unsolved = { ...leaf, bound: known }, own = await solve(kept);
      await offer(kept, lossAt(problem, own.coefficients), termsOf(own.coefficients));
      // What it costs to keep no more is not known then.
      if (!own.isLeast) return unsolved;
      if (kept.length >= size || free.length === 0) return leaf;
      const { coefficients, isLeast } = await solve(kept, free), exactLoss = lossAt(problem, coefficients);
      if (!isLeast) return unsolved;
      const used = free.filter((j) => coefficients[j] !== 0).sort((i, j) =>
        Math.abs(coefficients[j]) * problem.columns[j][j] - Math.abs(coefficients[i]) * problem.columns[i][i] || i - j
      );
      await offer([...kept, ...used], exactLoss, termsOf(coefficients));
      // An active-set solution is the least to its accuracy.
      const bound = Math.max(known, exactLoss - 1e-11 * scale + priceOf(kept) + lambda0);
      if (bound >= incumbent() || used.length === 0) return { ...leaf, bound: used.length === 0 ? Infinity : bound };
      return { ...leaf, bound, candidates: [used[0]] };
    };
  }

  function relax({ bound, writeStatuses }: NodeRequest<undefined>): Promise<NodeRelaxation<undefined>> {
    writeStatuses(statuses);
    for (const feature of constraints.always) statuses[feature] = nodeStatus.kept;
    const kept: number[] = [], undecided: number[] = [];
    for (let j = 0; j < features; j++) {
      if (statuses[j] === nodeStatus.kept) kept.push(j);
      else if (statuses[j] === nodeStatus.free) undecided.push(j);
    }
    const leaf = { bound: Infinity, candidates: [], complete: true, fixings: [], start: undefined };
    return relaxParts({ kept, free: undecided, leaf, known: Math.max(bound, priceOf(kept)) });
  }

  return {
    batch,
    incumbent,
    uncertain: () => uncertain,
    async relax(requests) {
      const nodes: NodeRelaxation<undefined>[] = [];
      for (const request of requests) {
        const timeIsUp = await watch.pause();
        // Where the time is up, what is known of a node already must do.
        nodes.push(
          timeIsUp
            ? { bound: Math.max(0, request.bound), candidates: [], complete: false, fixings: [], start: undefined }
            : await relax(request),
        );
      }
      return nodes;
    },
  };
}
