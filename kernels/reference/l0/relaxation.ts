/** The relaxation of a branch-and-bound node, for any problem. @module */

import type { NodeBatchArguments } from "../../contract.ts";
import {
  COUNTED,
  FREE,
  JOINING_SHARE,
  KEPT,
  PREPARING_SHARE,
  ROUND_SWEEPS,
  ROUNDING_MARGIN,
  STATE_BOUND,
  STATE_FIXINGS,
  STATE_OBJECTIVE,
  STATE_SWEEPS,
  STATE_TOLERANCE,
  STATE_WORDS,
  SUPPORT_SWEEPS,
} from "../../contract/l0/constants.ts";
import { indicatorAt, keptConjugate, type L0Penalty, relaxedConjugate } from "../../contract/l0/penalty.ts";
import { canScreen, finer, isRelaxed, nodePenaltyAt, screened } from "../../contract/l0/relaxation.ts";
import { hostView, matrixView } from "../operands.ts";

/** A point of one node, over its active variables. */
export interface NodePoint {
  readonly variables: readonly number[];
  readonly kinds: readonly number[];
  readonly values: Float64Array;
}

/** The problem of a node. */
export interface NodeProblem {
  /** Whether what a variable needs to join is there. */
  ready(variable: number): boolean;
  /** Descends from a point, whose values it updates; returns the sweeps made. */
  descend(point: NodePoint, sweeps: number, tolerance: number): number;
  /** Multiply-adds of a sweep over so many active variables. */
  sweepWork(active: number): number;
  /** Those before and after the sweeps of a descent, and of pricing. */
  roundWork(active: number): number;
  /** The data term at the latest point. */
  loss(point: NodePoint): number;
  /** The dual of the data term at the latest point, the size of the terms summed, and the negative gradient. */
  price(point: NodePoint): { dual: number; size: number; gradient: Float64Array };
  /**
   * The same as `descend`, to a tolerance of the size of the problem, apart from what the node keeps beside its values.
   */
  descendOnSupport(point: NodePoint, sweeps: number, tolerance: number): number;
}

/**
 * Solves one node: rounds of descent and pricing, then screening and the descent on the support. Returns the sweeps
 * made.
 */
export function relaxNode(
  { variables, penalty, upperBound, precision, ...operands }: NodeBatchArguments,
  node: number,
  problem: NodeProblem,
): number {
  const statuses = hostView(operands.statuses).subarray(node * variables, (node + 1) * variables);
  const row = matrixView(operands.values);
  const values = row.values.subarray(node * row.stride, node * row.stride + variables);
  const state = matrixView(operands.states).values.subarray(node * STATE_WORDS, (node + 1) * STATE_WORDS);
  let tolerance = state[STATE_TOLERANCE], bound = state[STATE_BOUND], sweeps = state[STATE_SWEEPS];
  if (tolerance < 0) return 0;
  const isActive = (status: number, j: number) => status === KEPT || (status === FREE && values[j] !== 0);
  let point = pointOf(
    Array.from(statuses.keys()).filter((j) => isActive(statuses[j], j)),
    (j) => statuses[j],
    (j) => values[j],
  );
  if (point.variables.filter((j) => !problem.ready(j)).length > 0) return 0;

  let left = operands.work, made = 0, isSolved = false, canGoOn = true, largest = 0;
  let gradient: Float64Array = new Float64Array(variables);
  while (!isSolved && canGoOn) {
    const active = point.variables.length, sweepWork = problem.sweepWork(active);
    const limit = sweepsWithin(left, sweepWork, ROUND_SWEEPS - sweeps);
    const spent = problem.descend(point, limit, tolerance);
    made += spent;
    sweeps += spent;
    // A descent that its work has cut short goes on in the next call: it says nothing yet about its tolerance.
    const isCut = spent === limit && sweeps < ROUND_SWEEPS;
    left -= spent * sweepWork + problem.roundWork(active);
    const { primal, isSolution } = relaxedObjective(point, problem.loss(point), penalty);
    const prices = problem.price(point);
    gradient = prices.gradient;
    const sums = conjugatesOf(statuses, gradient, penalty);
    largest = sums.largest;
    const margin = ROUNDING_MARGIN * (prices.size + Math.abs(sums.all));
    if (prices.dual > -Infinity) bound = Math.max(bound, prices.dual - sums.all - margin);
    const excesses = excessesOf(statuses, gradient, penalty, point);
    if (bound >= upperBound) {
      isSolved = true;
    } else if (excesses.length > 0) {
      const joining = joiningOf(excesses, problem);
      point = joined(point, joining.ready);
      sweeps = 0;
      canGoOn = joining.ready.length === joining.wanted;
    } else if (
      isRelaxed({ primal, bound, upperBound, isSolution, tolerance: isCut ? Infinity : tolerance }, precision)
    ) {
      isSolved = true;
    } else if (!isCut) {
      tolerance = finer(tolerance);
      sweeps = 0;
    }
    if (left <= 0) break;
  }
  values.fill(0);
  point.variables.forEach((j, k) => {
    // The next call goes on with what has joined: the least number marks it.
    const isMarked = point.values[k] === 0 && !isSolved && point.kinds[k] !== KEPT;
    values[j] = isMarked ? Number.MIN_VALUE : point.values[k];
  });
  state[STATE_BOUND] = bound;
  state[STATE_TOLERANCE] = isSolved ? -1 : tolerance;
  state[STATE_OBJECTIVE] = Infinity;
  state[STATE_FIXINGS] = 0;
  state[STATE_SWEEPS] = sweeps;
  if (!isSolved || bound >= upperBound) return made;
  if (canScreen(bound, upperBound, largest, penalty)) {
    state[STATE_FIXINGS] = screen(statuses, gradient, bound, upperBound, penalty);
  }
  const support = pointOf(
    point.variables.filter((_, k) => point.values[k] !== 0),
    () => COUNTED,
    (j) => values[j],
  );
  const supportSweeps = sweepsWithin(operands.work, problem.sweepWork(support.variables.length), SUPPORT_SWEEPS);
  made += problem.descendOnSupport(support, supportSweeps, precision.node);
  state[STATE_OBJECTIVE] = support.values.reduce(
    (sum, x) => sum + (x === 0 ? 0 : nodePenaltyAt(KEPT, x, penalty)),
    problem.loss(support),
  );
  return made;
}

/** Sweeps that some work allows: one at least. */
function sweepsWithin(work: number, sweepWork: number, most: number): number {
  return Math.max(1, Math.min(most, Math.floor(work / Math.max(1, sweepWork))));
}

function pointOf(variables: number[], kind: (j: number) => number, value: (j: number) => number): NodePoint {
  return { variables, kinds: variables.map(kind), values: Float64Array.from(variables, value) };
}

function relaxedObjective({ kinds, values }: NodePoint, loss: number, penalty: L0Penalty) {
  let primal = loss, isSolution = true;
  values.forEach((x, k) => {
    primal += nodePenaltyAt(kinds[k], x, penalty);
    if (kinds[k] !== KEPT && x !== 0 && indicatorAt(x, penalty) < 1) isSolution = false;
  });
  return { primal, isSolution };
}

/** The sum of the conjugates of all variables, and the largest of a free one. */
function conjugatesOf(statuses: Uint8Array, gradient: Float64Array, penalty: L0Penalty) {
  let all = 0, largest = 0;
  statuses.forEach((status, j) => {
    if (status === KEPT) all += keptConjugate(gradient[j], penalty);
    if (status !== FREE) return;
    const conjugate = relaxedConjugate(gradient[j], penalty);
    all += conjugate;
    largest = Math.max(largest, conjugate);
  });
  return { all, largest };
}

type Excess = readonly [variable: number, excess: number];

/** The free variables above the threshold that are not active, and by how much. */
function excessesOf(
  statuses: Uint8Array,
  gradient: Float64Array,
  { threshold }: L0Penalty,
  { variables }: NodePoint,
): Excess[] {
  const active = new Set(variables);
  return Array.from(gradient, (u, j): Excess => [j, Math.abs(u) - threshold])
    .filter(([j, excess]) => excess > 0 && statuses[j] === FREE && !active.has(j));
}

/** Those nearest the largest excess that are ready, and how many should have been. */
function joiningOf(excesses: readonly Excess[], problem: NodeProblem): { ready: number[]; wanted: number } {
  const largest = excesses.reduce((most, [, excess]) => Math.max(most, excess), 0);
  excesses.forEach(([j, excess]) => excess >= PREPARING_SHARE * largest && problem.ready(j));
  const near = excesses.filter(([, excess]) => excess >= JOINING_SHARE * largest).map(([j]) => j);
  return { ready: near.filter((j) => problem.ready(j)), wanted: near.length };
}

function joined({ variables, kinds, values }: NodePoint, joining: readonly number[]): NodePoint {
  return {
    variables: [...variables, ...joining],
    kinds: [...kinds, ...joining.map(() => FREE)],
    values: Float64Array.from([...values, ...joining.map(() => 0)]),
  };
}

/** Fixes the free variables that no solution below `upperBound` can have otherwise; returns their number. */
function screen(
  statuses: Uint8Array,
  gradient: Float64Array,
  bound: number,
  upperBound: number,
  penalty: L0Penalty,
): number {
  let fixed = 0;
  statuses.forEach((status, j) => {
    if (status !== FREE) return;
    statuses[j] = screened(gradient[j], bound, upperBound, penalty);
    if (statuses[j] !== FREE) fixed++;
  });
  return fixed;
}
