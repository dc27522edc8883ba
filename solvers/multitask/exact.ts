/** Branch and bound over the supports of several tasks. @module */

import { inSteps, type Steps } from "../core/steps.ts";
import type { ReducedLeastSquares } from "../l0/reduced.ts";
import { createSubsetFactor } from "../l0/subset_factor.ts";
import { reduceSupport } from "../l0/support_solution.ts";
import {
  branchAndBound,
  type Fixing,
  keep,
  type NodeRelaxation,
  type NodeRequest,
  nodeStatus,
  type SearchOptions,
  type SearchOutcome,
} from "../l0/search.ts";
import { disagreement, type Penalties } from "./objective.ts";
import type { ScaledTask } from "./scaled_tasks.ts";
import { type MultiTaskSolution, solveSupports, supportColumns } from "./solution.ts";

/** The best solution known and the proof of how good it is. */
export interface ExactMultiTask extends SearchOutcome {
  readonly solution: MultiTaskSolution;
}

/** Open nodes that are branched on at once: they are small, and solved one after another. */
const batch = 16;

/** Share of the terms of a bound that rounding may move. */
const rounding = 1e-12;

/** Subsets whose losses are kept. */
const mostKept = 1e5;

/** What the coefficients that are left cost at least. */
interface Loss {
  /** The loss, ridge and shared values of all that is left. */
  readonly loss: number;
  /** What it gains at least without each column; 0 where columns depend on each other. */
  readonly costs: Float64Array;
}

/** Columns whose loss is one problem: those of one task, or of all where values are shared. */
interface Block {
  /** First of its columns among `tasks x features`. */
  readonly first: number;
  /** In steps, to the end whatever the time. */
  lossOf(columns: readonly number[]): Steps<Loss>;
}

/**
 * Best-first branch and bound on whether each task has each feature; in a common support, on whether all have it. A node is
 * bounded by the loss of all features that are left (Furnival & Wilson 1974), by what the least dear of those that are too
 * many costs, and by the least price that the supports can have: concave in the number of tasks that have a feature, it is
 * least at an end of what is still possible. The bound needs neither ridge nor a bound on coefficients. Every bound is plain
 * f64.
 *
 * O(features^3) a node and task, O((tasks features)^3) where values are shared.
 */
export async function searchExactly(
  scaled: readonly ScaledTask[],
  penalties: Penalties,
  start: MultiTaskSolution,
  options: SearchOptions,
  trace: number[],
): Promise<ExactMultiTask> {
  const { support: size, supportSharing, common } = penalties, tasks = scaled.length;
  const features = scaled[0].linear.length, scale = scaled.reduce((sum, { nullLoss }) => sum + nullLoss, 0);
  let best = start;
  const pause = () =>
    options.run.checkpoint({ stage: "subsets", fraction: 0, iteration: 0, objective: best.objective });
  const blocks = await blocksOf(scaled, penalties, pause);
  if (blocks === undefined) return { solution: best, status: "time-limit", lowerBound: 0, nodes: 0 };
  // What is branched on: a feature of a task, or one of all tasks.
  const units = common ? features : tasks * features;
  const statuses = new Uint8Array(units), columnStatuses = new Uint8Array(tasks * features);
  const isEmpty = Uint8Array.from({ length: tasks * features }, (_, at) => {
    const own = !common && (penalties.valueSharing === 0 || tasks === 1);
    return own && scaled[Math.floor(at / features)].squares[at % features] === 0 ? 1 : 0;
  });
  const prices = Array.from({ length: tasks + 1 }, (_, count) => supportSharing / 2 * disagreement(count, tasks));

  async function offer(supports: readonly (readonly number[])[]): Promise<void> {
    const solved = await solveSupports(scaled, supports, penalties, pause);
    if (!(solved.objective < best.objective)) return;
    best = solved;
    trace.push(best.objective);
  }

  async function relax(request: NodeRequest<undefined>): Promise<NodeRelaxation<undefined>> {
    const leaf = { bound: Infinity, candidates: [], complete: true, fixings: [], start: undefined };
    request.writeStatuses(statuses);
    for (let k = 0; k < tasks; k++) {
      for (let j = 0; j < features; j++) {
        const status = statuses[common ? j : k * features + j];
        // A task has no feature of which it knows nothing, and which no other task tells it of.
        columnStatuses[k * features + j] = isEmpty[k * features + j] ? nodeStatus.zero : status;
      }
    }
    const kept = new Uint32Array(tasks), left = new Uint32Array(tasks);
    for (let k = 0; k < tasks; k++) {
      for (let pass = 0; pass < 2; pass++) {
        for (let at = k * features; at < (k + 1) * features; at++) {
          const status = columnStatuses[at];
          if (pass === 0 && status === nodeStatus.kept) kept[k]++;
          if (pass === 0 || status !== nodeStatus.free) continue;
          // A full support has no room for what is undecided.
          if (kept[k] >= size) columnStatuses[at] = nodeStatus.zero;
          else left[k]++;
        }
      }
      if (kept[k] > size) return leaf;
    }
    let price = 0;
    if (!common && supportSharing > 0) {
      for (let j = 0; j < features; j++) {
        let least = 0, most = 0;
        for (let k = 0; k < tasks; k++) {
          const status = columnStatuses[k * features + j];
          if (status === nodeStatus.zero) continue;
          most++;
          if (status === nodeStatus.kept) least++;
        }
        price += Math.min(prices[least], prices[most]);
      }
    }
    let loss = 0;
    const costs = new Float64Array(tasks * features);
    for (const { first, lossOf } of blocks!) {
      const last = blocks!.length === 1 ? tasks * features : first + features, columns: number[] = [];
      for (let at = first; at < last; at++) if (columnStatuses[at] !== nodeStatus.zero) columns.push(at - first);
      const found = await inSteps(lossOf(columns), pause);
      loss += found.loss;
      columns.forEach((column, i) => costs[first + column] = found.costs[i]);
    }
    const unitCost = (unit: number) => {
      if (!common) return costs[unit];
      let sum = 0, most = 0;
      for (let k = 0; k < tasks; k++) {
        sum += costs[k * features + unit];
        most = Math.max(most, costs[k * features + unit]);
      }
      return blocks!.length > 1 ? sum : most;
    };
    const free: number[] = [];
    for (let unit = 0; unit < units; unit++) if (columnStatuses[unit] === nodeStatus.free) free.push(unit);
    const unitCosts = Float64Array.from(free, unitCost);

    // Of those that are too many, some must go: the dearest costs at least as much as the least dear of as many.
    let excess = 0, tooMany = 0;
    for (let k = 0; k < (common ? 1 : tasks); k++) {
      const many = kept[k] + left[k] - size;
      if (many <= 0) continue;
      tooMany += many;
      const own = unitCosts.filter((_, i) => common || Math.floor(free[i] / features) === k).sort();
      const cost = own[Math.min(many, own.length) - 1];
      excess = blocks!.length > 1 && !common ? excess + cost : Math.max(excess, cost);
    }
    const margin = rounding * (scale + loss + price);
    const bound = Math.max(request.bound, loss + price + excess - margin);
    if (bound >= best.objective) return { ...leaf, bound };

    const order = Array.from(free.keys()).sort((a, b) => unitCosts[b] - unitCosts[a] || free[a] - free[b]);
    const supports = Array.from({ length: tasks }, (_, k) => {
      const own: number[] = [];
      for (let j = 0; j < features; j++) if (columnStatuses[k * features + j] === nodeStatus.kept) own.push(j);
      return own;
    });
    for (const i of order) {
      const unit = free[i], feature = common ? unit : unit % features;
      for (let k = common ? 0 : Math.floor(unit / features), end = common ? tasks : k + 1; k < end; k++) {
        if (supports[k].length < size) supports[k].push(feature);
      }
    }
    await offer(supports);
    // All that is left is one support, whose price is known.
    if (free.length === 0 || tooMany === 0 && (common || supportSharing === 0)) return { ...leaf, bound };
    const fixings: Fixing[] = [];
    let candidate = -1;
    for (const i of order) {
      if (loss + price + unitCosts[i] - margin > best.objective) fixings.push(keep(free[i]));
      else if (candidate < 0) candidate = free[i];
    }
    // What all better solutions keep is kept in a node of its own.
    if (candidate < 0) candidate = free[order[0]];
    return {
      ...leaf,
      bound,
      candidates: [candidate],
      fixings: fixings.filter((fixing) => fixing >>> 1 !== candidate),
    };
  }

  const outcome = await branchAndBound({
    batch,
    incumbent: () => best.objective,
    async relax(requests: readonly NodeRequest<undefined>[]) {
      const nodes: NodeRelaxation<undefined>[] = [];
      for (const request of requests) {
        // Where the time is up, what is known of a node already must do.
        const unsolved = {
          bound: Math.max(0, request.bound),
          candidates: [],
          complete: false,
          fixings: [],
          start: undefined,
        };
        nodes.push(await pause() ? unsolved : await relax(request));
      }
      return nodes;
    },
  }, options);
  return { ...outcome, solution: best };
}

async function blocksOf(
  scaled: readonly ScaledTask[],
  penalties: Penalties,
  pause: () => Promise<boolean>,
): Promise<Block[] | undefined> {
  const features = scaled[0].linear.length, everything = Array.from({ length: features }, (_, j) => j);
  const blocks: Block[] = [];
  if (await pause()) return undefined;
  const together = await inSteps(supportColumns(scaled, scaled.map(() => everything), penalties), pause);
  if (!together) return undefined;
  for (const { tasks, data } of together) {
    const reduced = await reduceSupport(data, pause);
    if (reduced === undefined) return undefined;
    blocks.push(blockOf(reduced, tasks[0] * features));
  }
  return blocks;
}

function blockOf(reduced: ReducedLeastSquares, first: number): Block {
  const factor = createSubsetFactor(reduced);
  let known = new Map<string, Loss>();
  return {
    first,
    *lossOf(columns) {
      const name = columns.join(), before = known.get(name);
      if (before) return before;
      const found = { loss: yield* factor.takeInSteps(columns), costs: yield* factor.dropCostsInSteps() };
      if (known.size > mostKept) known = new Map();
      known.set(name, found);
      return found;
    },
  };
}
