// Relaxations of sparse precision nodes: per node, coordinate descent on an active set until the dual bound tells enough.
//
//     bound = p + sum_i log(2 y_i.r_i / t_ii - ||r_i||^2 / t_ii^2) - sum_{i<j} g*(u_ij),
//     u_ij = 2 y_j.r_i / t_ii + 2 y_i.r_j / t_jj;   any T with positive arguments gives a valid bound.
//
// Scratch of one thread, for v vertices and e edges: f64 products [v, v], f64 norms [v], f64 slopes [max(e, v)],
// f64 values, u32 numbers [e], u32 ends [2 e], u8 kinds, u8 joined [e].
import { f64At, u32At } from "./memory";
import { descendGraph } from "./pseudolikelihood_products";
import {
  after,
  BOUND,
  closed,
  COUNTED,
  FIXINGS,
  FREE,
  KEPT,
  OBJECTIVE,
  ROUND_SWEEPS,
  screen,
  STATE_BYTES,
  SUPPORT_SWEEPS,
  TOLERANCE,
  ZERO,
} from "./nodes";
import { logarithm } from "./logarithm";
import { keptConjugate, relaxedAt, relaxedConjugate } from "./penalty";

/** `sum_i (-log t_ii + ||r_i||^2 / t_ii)`. */
function dataTerm(vertices: i32, diagonal: usize, norms: usize): f64 {
  let sum: f64 = 0;
  for (let i: i32 = 0; i < vertices; i++) {
    const t = load<f64>(f64At(diagonal, i));
    sum += load<f64>(f64At(norms, i)) / t - logarithm(t);
  }
  return sum;
}

export function graphNodes_f64(
  vertices: i32,
  edges: i32,
  statusRows: usize,
  valueRows: usize,
  states: usize,
  gram: usize,
  gramStride: i32,
  diagonals: usize,
  diagonalStride: i32,
  lambda0: f64,
  lambda2: f64,
  box: f64,
  threshold: f64,
  ratio: f64,
  upperBound: f64,
  nodePrecision: f64,
  leafPrecision: f64,
  slack: f64,
  rounding: f64,
  finest: f64,
  sweeps: i32,
  begin: i32,
  end: i32,
  scratch: usize,
): i32 {
  const doubles = <usize> edges << 3, words = <usize> edges << 2;
  const products = scratch;
  const norms = after(products, <usize> vertices * <usize> vertices << 3);
  const gradient = after(norms, <usize> vertices << 3);
  const coefficients = after(gradient, max(doubles, <usize> vertices << 3));
  const numbers = after(coefficients, doubles);
  const ends = after(numbers, words);
  const kinds = after(ends, 2 * words);
  const joined = after(kinds, <usize> edges);
  const fullAt = min(ratio, box);
  let made: i32 = 0;

  for (let node = begin; node < end; node++) {
    const state = states + <usize> node * STATE_BYTES;
    let tolerance = load<f64>(state, TOLERANCE);
    if (tolerance < 0) continue;
    const statuses = statusRows + <usize> node * <usize> edges;
    const values = valueRows + <usize> node * doubles;
    const diagonal = diagonals + (<usize> node * <usize> diagonalStride << 3);
    let bound = load<f64>(state, BOUND);
    let count: i32 = 0;
    for (let i: i32 = 0, e: i32 = 0; i < vertices; i++) {
      for (let j = i + 1; j < vertices; j++, e++) {
        const status = load<u8>(statuses + e);
        const value = status == ZERO ? 0.0 : load<f64>(f64At(values, e));
        const isActive = status == KEPT || value != 0;
        store<u8>(joined + e, <u8> isActive);
        if (isActive) count = join(count, e, i, j, status, value, numbers, ends, kinds, coefficients);
      }
    }

    let left = sweeps, solved = false, isSolution = false, largest: f64 = 0;
    while (true) {
      const spent = descendGraph(
        vertices, count, gram, gramStride, ends, kinds, coefficients, diagonal, products, vertices, norms,
        lambda0, lambda2, box, threshold, ratio, min(ROUND_SWEEPS, left), tolerance,
      );
      made += spent;
      left -= spent;

      let primal = dataTerm(vertices, diagonal, norms);
      isSolution = true;
      for (let k: i32 = 0; k < count; k++) {
        const value = load<f64>(f64At(coefficients, k));
        if (load<u8>(kinds + k) == KEPT) {
          primal += lambda0 + lambda2 * value * value;
        } else {
          primal += relaxedAt(value, lambda0, lambda2, box, threshold, ratio);
          if (value != 0 && abs(value) < fullAt) isSolution = false;
        }
      }
      let dual = <f64> vertices, size = dual;
      for (let i: i32 = 0; i < vertices; i++) {
        const t = load<f64>(f64At(diagonal, i)), diagonalProducts = load<f64>(f64At(products, i * vertices + i));
        const argument = 2 * diagonalProducts / t - load<f64>(f64At(norms, i)) / (t * t);
        const term = argument > 0 ? logarithm(argument) : -Infinity;
        dual += term;
        size += abs(term);
      }
      let conjugates: f64 = 0, excess: f64 = 0;
      largest = 0;
      for (let i: i32 = 0, e: i32 = 0; i < vertices; i++) {
        const factor = 2 / load<f64>(f64At(diagonal, i));
        for (let j = i + 1; j < vertices; j++, e++) {
          const u = factor * load<f64>(f64At(products, i * vertices + j)) +
            2 / load<f64>(f64At(diagonal, j)) * load<f64>(f64At(products, j * vertices + i));
          store<f64>(f64At(gradient, e), u);
          const status = load<u8>(statuses + e);
          if (status == KEPT) {
            conjugates += keptConjugate(u, lambda0, lambda2, box);
          } else if (status == FREE && abs(u) > threshold) {
            const conjugate = relaxedConjugate(u, lambda0, lambda2, box, threshold);
            conjugates += conjugate;
            largest = max(largest, conjugate);
            if (!load<u8>(joined + e)) excess = max(excess, abs(u) - threshold);
          }
        }
      }
      // An argument that is not positive makes the bound -Infinity less Infinity: max would give NaN.
      if (dual > -Infinity) bound = max(bound, dual - conjugates - rounding * (size + abs(conjugates)));
      if (bound >= upperBound) {
        solved = true;
        break;
      }
      if (excess > 0) {
        // Those nearest the worst join first: they may settle the others.
        for (let i: i32 = 0, e: i32 = 0; i < vertices; i++) {
          for (let j = i + 1; j < vertices; j++, e++) {
            if (load<u8>(joined + e) || load<u8>(statuses + e) != FREE) continue;
            if (!(abs(load<f64>(f64At(gradient, e))) - threshold >= excess / 2)) continue;
            store<u8>(joined + e, 1);
            count = join(count, e, i, j, FREE, 0, numbers, ends, kinds, coefficients);
          }
        }
      } else if (
        closed(primal, bound, upperBound, isSolution, nodePrecision, leafPrecision, slack) || tolerance <= finest
      ) {
        solved = true;
        break;
      } else {
        tolerance /= 100;
      }
      if (left <= 0) break;
    }

    memory.fill(values, 0, doubles);
    for (let k: i32 = 0; k < count; k++) {
      store<f64>(f64At(values, u32At(numbers, k)), load<f64>(f64At(coefficients, k)));
    }
    store<f64>(state, bound, BOUND);
    store<f64>(state, solved ? -1 : tolerance, TOLERANCE);
    store<f64>(state, Infinity, OBJECTIVE);
    store<f64>(state, 0, FIXINGS);
    if (!solved || bound >= upperBound) continue;

    // The bound of an edge made zero is above the node's by lambda0 at most, that of a kept one by its conjugate.
    if (bound + max(lambda0, largest) > upperBound) {
      const fixed = screen(edges, statuses, gradient, bound, upperBound, lambda0, lambda2, box, threshold);
      store<f64>(state, <f64> fixed, FIXINGS);
    }
    let support: i32 = 0;
    for (let k: i32 = 0; k < count; k++) {
      const value = load<f64>(f64At(coefficients, k));
      if (value == 0) continue;
      const i = u32At(ends, 2 * k), j = u32At(ends, 2 * k + 1);
      support = join(support, u32At(numbers, k), i, j, COUNTED, value, numbers, ends, kinds, coefficients);
    }
    // The slopes have served: the diagonal of the descent on the support goes there, the node keeps its own.
    memory.copy(gradient, diagonal, <usize> vertices << 3);
    made += descendGraph(
      vertices, support, gram, gramStride, ends, kinds, coefficients, gradient, products, vertices, norms,
      lambda0, lambda2, box, threshold, ratio, SUPPORT_SWEEPS, nodePrecision,
    );
    let objective = dataTerm(vertices, gradient, norms);
    for (let k: i32 = 0; k < support; k++) {
      const value = load<f64>(f64At(coefficients, k));
      if (value != 0) objective += lambda0 + lambda2 * value * value;
    }
    store<f64>(state, objective, OBJECTIVE);
  }
  return made;
}

/** Puts an edge at place `count` of the active ones; returns the new count. */
@inline
function join(
  count: i32,
  edge: i32,
  i: i32,
  j: i32,
  kind: u8,
  value: f64,
  numbers: usize,
  ends: usize,
  kinds: usize,
  coefficients: usize,
): i32 {
  store<i32>(numbers + (<usize> count << 2), edge);
  store<i32>(ends + (<usize> count << 3), i);
  store<i32>(ends + (<usize> count << 3), j, 4);
  store<u8>(kinds + count, kind);
  store<f64>(f64At(coefficients, count), value);
  return count + 1;
}
