// The relaxation of a branch-and-bound node, for any problem: coordinate descent on an active set, in rounds, until the
// bound decides; then screening, and the descent on the penalty itself over the relaxed support. The rules are those
// of kernels/contract/l0/relaxation.ts.

import {
  COUNTED, FREE, JOINING_SHARE, KEPT, LIMIT_FINEST, LIMIT_LEAF, LIMIT_NODE, LIMIT_SLACK, LIMIT_UPPER_BOUND,
  LIMIT_WORK, PREPARING_SHARE, REFINEMENT, ROUND_SWEEPS, ROUNDING_MARGIN, SCREENED_KEPT, SCREENED_ZERO,
  STATE_BOUND, STATE_FIXINGS, STATE_OBJECTIVE, STATE_SWEEPS, STATE_TOLERANCE, SUPPORT_SWEEPS, ZERO,
} from "../../../contract/l0/constants";
import { f64At, u32At } from "./memory";
import { countedAt, keptConjugate, Penalty, relaxedAt, relaxedConjugate } from "./penalty";

/** The words of the limits of a batch. */
@unmanaged
export class Limits {
  @inline
  get upperBound(): f64 {
    return load<f64>(changetype<usize>(this), 8 * LIMIT_UPPER_BOUND);
  }

  @inline
  get node(): f64 {
    return load<f64>(changetype<usize>(this), 8 * LIMIT_NODE);
  }

  @inline
  get leaf(): f64 {
    return load<f64>(changetype<usize>(this), 8 * LIMIT_LEAF);
  }

  @inline
  get slack(): f64 {
    return load<f64>(changetype<usize>(this), 8 * LIMIT_SLACK);
  }

  @inline
  get finest(): f64 {
    return load<f64>(changetype<usize>(this), 8 * LIMIT_FINEST);
  }

  @inline
  get work(): f64 {
    return load<f64>(changetype<usize>(this), 8 * LIMIT_WORK);
  }
}

/**
 * The problem of the nodes of one call; it lies in scratch, as all its arrays do. A problem extends it by
 *
 *     ready(variable)            whether what the variable needs to join is there
 *     place(at, variable)        notes what else belongs to the active variable at place `at`
 *     move(to, from)             moves that to a place before
 *     descend(sweeps, tolerance) on the active variables; returns the sweeps made
 *     loss()                     the data term at the latest point
 *     price()                    sets `dual`, the dual of the data term, `size`, that of the terms summed, and `gradient`
 *     sweepWork()                multiply-adds of a sweep over what is active
 *     roundWork()                those before and after the sweeps of a descent, and of pricing
 *     descendOnSupport(sweeps, tolerance)  the same as `descend`, on what is active, apart from the point of the node
 */
@unmanaged
export class NodeProblem {
  variables: i32;
  /** Number of active variables. */
  count: i32;
  /** Number of each active variable, u32. */
  numbers: usize;
  /** Its kind, u8, and its value, f64. */
  kinds: usize;
  values: usize;
  /** Derivative of the data term along every variable, negated. */
  gradient: usize;
  /** Whether each variable is active, u8. */
  joined: usize;
  dual: f64;
  size: f64;
}

/** Offset of an array of `bytes` placed in scratch after `offset`: 16-byte aligned. */
@inline
export function after(offset: usize, bytes: usize): usize {
  return (offset + bytes + 15) & ~15;
}

@inline
function join<P extends NodeProblem>(problem: P, variable: i32, kind: u8, value: f64): void {
  const at = problem.count++;
  store<u8>(problem.joined + variable, 1);
  store<i32>(problem.numbers + (<usize> at << 2), variable);
  store<u8>(problem.kinds + at, kind);
  store<f64>(f64At(problem.values, at), value);
  problem.place(at, variable);
}

/** Makes the kept variables active and those that are not zero; whether all are ready. */
@inline
function activate<P extends NodeProblem>(problem: P, statuses: usize, values: usize): bool {
  let isReady = true;
  problem.count = 0;
  memory.fill(problem.joined, 0, problem.variables);
  for (let j: i32 = 0, variables = problem.variables; j < variables; j++) {
    const status = load<u8>(statuses + j);
    if (status == ZERO) continue;
    const value = load<f64>(f64At(values, j));
    if (status != KEPT && value == 0) continue;
    if (!problem.ready(j)) isReady = false;
    join(problem, j, status, value);
  }
  return isReady;
}

/** Free variables near the largest excess over the threshold join; whether all of them were ready. */
@inline
function joinNearest<P extends NodeProblem>(problem: P, statuses: usize, threshold: f64, largest: f64): bool {
  let isReady = true;
  const joined = problem.joined, gradient = problem.gradient;
  for (let j: i32 = 0, variables = problem.variables; j < variables; j++) {
    if (load<u8>(joined + j) || load<u8>(statuses + j) != FREE) continue;
    const excess = abs(load<f64>(f64At(gradient, j))) - threshold;
    if (!(excess >= PREPARING_SHARE * largest)) continue;
    const canJoin = problem.ready(j);
    if (!(excess >= JOINING_SHARE * largest)) continue;
    if (canJoin) join(problem, j, <u8> FREE, 0);
    else isReady = false;
  }
  return isReady;
}

/** Fixes what no solution below the upper bound can have otherwise; returns how many variables that were. */
function screen(variables: i32, statuses: usize, gradient: usize, bound: f64, upperBound: f64, penalty: Penalty): i32 {
  let fixed: i32 = 0;
  for (let j: i32 = 0; j < variables; j++) {
    if (load<u8>(statuses + j) != FREE) continue;
    const derivative = load<f64>(f64At(gradient, j));
    const withZero = bound + relaxedConjugate(derivative, penalty);
    if (withZero > upperBound) {
      store<u8>(statuses + j, SCREENED_KEPT);
      fixed++;
    } else if (withZero - keptConjugate(derivative, penalty) > upperBound) {
      store<u8>(statuses + j, SCREENED_ZERO);
      fixed++;
    }
  }
  return fixed;
}

/** Sweeps that some work allows: one at least. */
@inline
function sweepsWithin(work: f64, sweepWork: f64, most: i32): i32 {
  return <i32> max<f64>(1, min<f64>(<f64> most, floor(work / max<f64>(1, sweepWork))));
}

/** Descends on the penalty itself over the nonzeros; returns the sweeps made. */
@inline
function descendOnSupport<P extends NodeProblem>(problem: P, tolerance: f64, work: f64): i32 {
  const kinds = problem.kinds, values = problem.values, numbers = problem.numbers;
  let support: i32 = 0;
  for (let k: i32 = 0, count = problem.count; k < count; k++) {
    const value = load<f64>(f64At(values, k));
    if (value == 0) continue;
    store<i32>(numbers + (<usize> support << 2), u32At(numbers, k));
    store<u8>(kinds + support, COUNTED);
    store<f64>(f64At(values, support), value);
    problem.move(support++, k);
  }
  problem.count = support;
  return problem.descendOnSupport(sweepsWithin(work, problem.sweepWork(), SUPPORT_SWEEPS), tolerance);
}

/** Solves one node from its row of statuses, values and state, which it updates; returns the sweeps made. */
export function relaxNode<P extends NodeProblem>(
  problem: P,
  penalty: Penalty,
  limits: Limits,
  statuses: usize,
  values: usize,
  state: usize,
): i32 {
  let tolerance = load<f64>(state, 8 * STATE_TOLERANCE);
  if (tolerance < 0 || !activate(problem, statuses, values)) return 0;
  const variables = problem.variables, upperBound = limits.upperBound;
  const threshold = penalty.threshold, fullAt = min(penalty.ratio, penalty.bound);
  const active = problem.values, kinds = problem.kinds, joined = problem.joined, gradient = problem.gradient;
  let bound = load<f64>(state, 8 * STATE_BOUND), largest: f64 = 0;
  let left = limits.work, made: i32 = 0, sweeps = <i32> load<f64>(state, 8 * STATE_SWEEPS), isSolved = false;
  while (true) {
    const sweepWork = problem.sweepWork();
    const limit = sweepsWithin(left, sweepWork, ROUND_SWEEPS - sweeps);
    const spent = problem.descend(limit, tolerance);
    made += spent;
    sweeps += spent;
    // A descent that its work has cut short goes on in the next call: it says nothing yet about its tolerance.
    const isCut = spent == limit && sweeps < ROUND_SWEEPS;
    left -= <f64> spent * sweepWork + problem.roundWork();

    let primal: f64 = problem.loss(), isSolution = true;
    for (let k: i32 = 0, count = problem.count; k < count; k++) {
      const value = load<f64>(f64At(active, k));
      if (load<u8>(kinds + k) == KEPT) {
        primal += countedAt(value, penalty);
      } else if (value != 0) {
        primal += relaxedAt(value, penalty);
        if (abs(value) < fullAt) isSolution = false;
      }
    }
    problem.price();
    let conjugates: f64 = 0, excess: f64 = 0;
    largest = 0;
    for (let j: i32 = 0; j < variables; j++) {
      const u = load<f64>(f64At(gradient, j)), status = load<u8>(statuses + j);
      if (status == KEPT) {
        conjugates += keptConjugate(u, penalty);
      } else if (status == FREE && abs(u) > threshold) {
        const conjugate = relaxedConjugate(u, penalty);
        conjugates += conjugate;
        largest = max(largest, conjugate);
        if (!load<u8>(joined + j)) excess = max(excess, abs(u) - threshold);
      }
    }
    // An argument of the dual that is not positive makes the bound -Infinity less Infinity: max would give NaN.
    if (problem.dual > -Infinity) {
      bound = max(bound, problem.dual - conjugates - ROUNDING_MARGIN * (problem.size + abs(conjugates)));
    }
    if (bound >= upperBound) {
      isSolved = true;
      break;
    }
    if (excess > 0) {
      sweeps = 0;
      if (!joinNearest(problem, statuses, threshold, excess)) break;
    } else {
      const allowed = isSolution
        ? limits.leaf * abs(primal)
        : max(limits.node * abs(primal), limits.slack * (upperBound - primal));
      if (primal - bound <= allowed || !isCut && tolerance <= limits.finest) {
        isSolved = true;
        break;
      }
      if (!isCut) {
        tolerance /= REFINEMENT;
        sweeps = 0;
      }
    }
    if (left <= 0) break;
  }

  memory.fill(values, 0, <usize> variables << 3);
  for (let k: i32 = 0, count = problem.count; k < count; k++) {
    let value = load<f64>(f64At(active, k));
    // The next call goes on with what has joined: the least number marks it.
    if (value == 0 && !isSolved && load<u8>(kinds + k) != KEPT) value = f64.MIN_VALUE;
    store<f64>(f64At(values, u32At(problem.numbers, k)), value);
  }
  store<f64>(state, bound, 8 * STATE_BOUND);
  store<f64>(state, isSolved ? -1 : tolerance, 8 * STATE_TOLERANCE);
  store<f64>(state, Infinity, 8 * STATE_OBJECTIVE);
  store<f64>(state, 0, 8 * STATE_FIXINGS);
  store<f64>(state, <f64> sweeps, 8 * STATE_SWEEPS);
  if (!isSolved || bound >= upperBound) return made;

  // The bound of a variable made zero is above the node's by its conjugate, that of a kept one by lambda0 at most.
  if (bound + max(penalty.lambda0, largest) > upperBound) {
    const fixed = screen(variables, statuses, gradient, bound, upperBound, penalty);
    store<f64>(state, <f64> fixed, 8 * STATE_FIXINGS);
  }
  made += descendOnSupport(problem, limits.node, limits.work);
  let objective: f64 = problem.loss();
  for (let k: i32 = 0, count = problem.count; k < count; k++) {
    const value = load<f64>(f64At(active, k));
    if (value != 0) objective += countedAt(value, penalty);
  }
  store<f64>(state, objective, 8 * STATE_OBJECTIVE);
  return made;
}
