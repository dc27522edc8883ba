// Nodes of best-subset regression, as the relaxation sees them.
//
//     loss = ||y||^2/2 - sum (c_j + u_j) b_j / 2,   dual = ||y||^2/2 - sum (c_j - u_j) b_j / 2
//
// with c = X^T y and u = X^T (y - X b); any b gives a valid bound. Scratch of one thread, for p variables: the problem,
// u32 numbers, u32 rows, f64 values, f64 gradient, u8 kinds, u8 joined [p].

import { GATHER_COST, PROBLEM_BYTES, STATE_WORDS } from "../../../contract/l0/constants";
import { leastSquaresDescent_f64 } from "./least_squares";
import { f64At, u32At } from "./memory";
import { Penalty } from "./penalty";
import { after, Limits, NodeProblem, relaxNode } from "./relaxation";

@unmanaged
class RegressionProblem extends NodeProblem {
  penalty: Penalty;
  nullLoss: f64;
  linear: usize;
  gram: usize;
  gramStride: i32;
  rowOf: usize;
  wanted: usize;
  /** Gram row of each active variable, u32. */
  rows: usize;

  @inline
  ready(variable: i32): bool {
    if (u32At(this.rowOf, variable) >= 0) return true;
    store<u8>(this.wanted + variable, 1);
    return false;
  }

  @inline
  place(at: i32, variable: i32): void {
    store<i32>(this.rows + (<usize> at << 2), u32At(this.rowOf, variable));
  }

  @inline
  move(to: i32, from: i32): void {
    store<i32>(this.rows + (<usize> to << 2), u32At(this.rows, from));
  }

  @inline
  descend(sweeps: i32, tolerance: f64): i32 {
    return leastSquaresDescent_f64(
      this.count, this.variables, this.gram, this.gramStride, this.numbers, this.rows, this.kinds, this.values,
      this.linear, this.gradient, this.penalty, sweeps, tolerance,
    );
  }

  @inline
  sweepWork(): f64 {
    return <f64> this.count * <f64> min<i32>(this.variables, GATHER_COST * this.count);
  }

  @inline
  roundWork(): f64 {
    return this.sweepWork() + (<f64> this.count + 4) * <f64> this.variables;
  }

  @inline
  descendOnSupport(sweeps: i32, tolerance: f64): i32 {
    return this.descend(sweeps, tolerance * this.nullLoss);
  }

  @inline
  loss(): f64 {
    return this.lossWith(1);
  }

  @inline
  price(): void {
    this.dual = this.lossWith(-1);
    this.size = this.nullLoss;
  }

  /** `||y||^2/2 - sum (c_j + sign u_j) b_j / 2`. */
  @inline
  private lossWith(sign: f64): f64 {
    const linear = this.linear, gradient = this.gradient, numbers = this.numbers, values = this.values;
    let sum = this.nullLoss;
    for (let k: i32 = 0, count = this.count; k < count; k++) {
      const feature = u32At(numbers, k);
      const correlations = load<f64>(f64At(linear, feature)) + sign * load<f64>(f64At(gradient, feature));
      sum -= correlations * load<f64>(f64At(values, k)) / 2;
    }
    return sum;
  }
}

export function regressionNodes_f64(
  variables: i32, statuses: usize, values: usize, states: usize,
  nullLoss: f64, linear: usize, gram: usize, gramStride: i32, rowOf: usize, wanted: usize,
  penalty: Penalty, limits: Limits,
  begin: i32, end: i32, scratch: usize,
): i32 {
  if (offsetof<RegressionProblem>() > <usize> PROBLEM_BYTES) ERROR("The problem does not fit in its part of the scratch.");
  const problem = changetype<RegressionProblem>(scratch);
  const doubles = <usize> variables << 3, words = <usize> variables << 2;
  problem.variables = variables;
  problem.penalty = penalty;
  problem.nullLoss = nullLoss;
  problem.linear = linear;
  problem.gram = gram;
  problem.gramStride = gramStride;
  problem.rowOf = rowOf;
  problem.wanted = wanted;
  problem.numbers = after(scratch, PROBLEM_BYTES);
  problem.rows = after(problem.numbers, words);
  problem.values = after(problem.rows, words);
  problem.gradient = after(problem.values, doubles);
  problem.kinds = after(problem.gradient, doubles);
  problem.joined = after(problem.kinds, variables);
  let made: i32 = 0;
  for (let node = begin; node < end; node++) {
    made += relaxNode(
      problem, penalty, limits, statuses + <usize> node * <usize> variables, values + <usize> node * doubles,
      f64At(states, node * STATE_WORDS),
    );
  }
  return made;
}
