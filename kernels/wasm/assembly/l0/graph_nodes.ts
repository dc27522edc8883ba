// Nodes of the l0-penalised pseudolikelihood, as the relaxation sees them; the variables are the edges, row by row.
//
//     loss = sum_i (-log t_ii + ||r_i||^2 / t_ii),   dual = p + sum_i log(2 y_i.r_i / t_ii - ||r_i||^2 / t_ii^2),
//     u_ij = 2 y_j.r_i / t_ii + 2 y_i.r_j / t_jj;    any T with positive arguments gives a valid bound.
//
// Scratch of one thread, for v vertices and e edges: the problem, f64 products [v, v], f64 norms [v], f64 gradient
// [max(e, v)], f64 values, u32 numbers [e], u32 ends [2 e], u8 kinds, u8 joined [e].

import { PROBLEM_BYTES, STATE_WORDS } from "../../../contract/l0/constants";
import { logarithm } from "../elementary";
import { f64At, u32At } from "./memory";
import { Penalty } from "./penalty";
import { descendGraph } from "./pseudolikelihood_products";
import { after, Limits, NodeProblem, relaxNode } from "./relaxation";

@unmanaged
class GraphProblem extends NodeProblem {
  penalty: Penalty;
  vertices: i32;
  gram: usize;
  gramStride: i32;
  /** Diagonal of T at the latest point. */
  diagonal: usize;
  products: usize;
  norms: usize;
  /** Both ends of each active edge, u32. */
  ends: usize;

  @inline
  ready(_edge: i32): bool {
    return true;
  }

  /** Row i begins with the edge i v - i (i + 1) / 2: the lower end is the root of that quadratic, rounded. */
  place(at: i32, edge: i32): void {
    const v = this.vertices, half = <f64> v - 0.5;
    let i = <i32> (half - sqrt(half * half - 2 * <f64> edge));
    while (edge < i * v - ((i * (i + 1)) >> 1)) i--;
    while (edge >= (i + 1) * v - (((i + 1) * (i + 2)) >> 1)) i++;
    const ends = this.ends + (<usize> at << 3);
    store<i32>(ends, i);
    store<i32>(ends, edge - i * v + ((i * (i + 1)) >> 1) + i + 1, 4);
  }

  @inline
  move(to: i32, from: i32): void {
    store<u64>(this.ends + (<usize> to << 3), load<u64>(this.ends + (<usize> from << 3)));
  }

  @inline
  descend(sweeps: i32, tolerance: f64): i32 {
    return descendGraph(
      this.vertices, this.count, this.gram, this.gramStride, this.ends, this.kinds, this.values, this.diagonal,
      this.products, this.vertices, this.norms, this.penalty, sweeps, tolerance, 0,
    );
  }

  @inline
  sweepWork(): f64 {
    return (2 * <f64> this.count + 1) * <f64> this.vertices;
  }

  @inline
  roundWork(): f64 {
    return this.sweepWork() + <f64> this.vertices * <f64> this.vertices + 4 * <f64> this.variables;
  }

  /** The gradient is no longer needed: the diagonal of this descent goes there, and that of the node stays as it is. */
  @inline
  descendOnSupport(sweeps: i32, tolerance: f64): i32 {
    memory.copy(this.gradient, this.diagonal, <usize> this.vertices << 3);
    this.diagonal = this.gradient;
    return this.descend(sweeps, tolerance);
  }

  loss(): f64 {
    const diagonal = this.diagonal, norms = this.norms;
    let sum: f64 = 0;
    for (let i: i32 = 0, vertices = this.vertices; i < vertices; i++) {
      const t = load<f64>(f64At(diagonal, i));
      sum += load<f64>(f64At(norms, i)) / t - logarithm(t);
    }
    return sum;
  }

  @inline
  price(): void {
    const vertices = this.vertices, diagonal = this.diagonal, products = this.products, norms = this.norms;
    let dual = <f64> vertices, size = dual, place = this.gradient;
    for (let i: i32 = 0; i < vertices; i++) {
      const t = load<f64>(f64At(diagonal, i)), row = f64At(products, i * vertices);
      const argument = 2 * load<f64>(f64At(row, i)) / t - load<f64>(f64At(norms, i)) / (t * t);
      const term = argument > 0 ? logarithm(argument) : -Infinity;
      dual += term;
      size += abs(term);
      const factor = 2 / t;
      for (let j = i + 1; j < vertices; j++) {
        const u = factor * load<f64>(f64At(row, j)) +
          2 / load<f64>(f64At(diagonal, j)) * load<f64>(f64At(products, j * vertices + i));
        store<f64>(place, u);
        place += 8;
      }
    }
    this.dual = dual;
    this.size = size;
  }
}

export function graphNodes_f64(
  vertices: i32, edges: i32, statuses: usize, values: usize, states: usize,
  gram: usize, gramStride: i32, diagonals: usize, diagonalStride: i32,
  penalty: Penalty, limits: Limits,
  begin: i32, end: i32, scratch: usize,
): i32 {
  if (offsetof<GraphProblem>() > <usize> PROBLEM_BYTES) ERROR("The problem does not fit in its part of the scratch.");
  const problem = changetype<GraphProblem>(scratch);
  const doubles = <usize> edges << 3, words = <usize> edges << 2;
  problem.variables = edges;
  problem.penalty = penalty;
  problem.vertices = vertices;
  problem.gram = gram;
  problem.gramStride = gramStride;
  problem.products = after(scratch, PROBLEM_BYTES);
  problem.norms = after(problem.products, <usize> vertices * <usize> vertices << 3);
  problem.gradient = after(problem.norms, <usize> vertices << 3);
  problem.values = after(problem.gradient, max(doubles, <usize> vertices << 3));
  problem.numbers = after(problem.values, doubles);
  problem.ends = after(problem.numbers, words);
  problem.kinds = after(problem.ends, 2 * words);
  problem.joined = after(problem.kinds, edges);
  let made: i32 = 0;
  for (let node = begin; node < end; node++) {
    problem.diagonal = diagonals + (<usize> node * <usize> diagonalStride << 3);
    made += relaxNode(
      problem, penalty, limits, statuses + <usize> node * <usize> edges, values + <usize> node * doubles,
      f64At(states, node * STATE_WORDS),
    );
  }
  return made;
}
