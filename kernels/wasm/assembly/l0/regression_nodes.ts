// Relaxations of best-subset nodes: per node, coordinate descent on an active set until the dual bound tells enough.
//
//     primal = ||y||^2/2 - sum (c_j + u_j) b_j / 2 + sum g(b_j),   bound = ||y||^2/2 - sum (c_j - u_j) b_j / 2 - sum g*(u_j)
//
// with c = X^T y and u = X^T (y - X b); any b gives a valid bound. Scratch of one thread, for p variables: u32 features,
// u32 rows, f64 coefficients, f64 correlations, u8 kinds, u8 joined [p].
import { leastSquaresDescent_f64 } from "./least_squares";
import { f64At, u32At } from "./memory";
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
import { keptConjugate, relaxedAt, relaxedConjugate } from "./penalty";

export function regressionNodes_f64(
  variables: i32,
  statusRows: usize,
  valueRows: usize,
  states: usize,
  nullLoss: f64,
  linear: usize,
  gram: usize,
  gramStride: i32,
  rowOf: usize,
  wanted: usize,
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
  const doubles = <usize> variables << 3, words = <usize> variables << 2;
  const features = scratch;
  const rows = after(features, words);
  const coefficients = after(rows, words);
  const correlations = after(coefficients, doubles);
  const kinds = after(correlations, doubles);
  const joined = after(kinds, <usize> variables);
  const fullAt = min(ratio, box);
  let made: i32 = 0;

  for (let node = begin; node < end; node++) {
    const state = states + <usize> node * STATE_BYTES;
    let tolerance = load<f64>(state, TOLERANCE);
    if (tolerance < 0) continue;
    const statuses = statusRows + <usize> node * <usize> variables;
    const values = valueRows + <usize> node * doubles;
    let bound = load<f64>(state, BOUND);
    let count: i32 = 0, missing = false;
    for (let j: i32 = 0; j < variables; j++) {
      const status = load<u8>(statuses + j);
      const value = status == ZERO ? 0.0 : load<f64>(f64At(values, j));
      const isActive = status == KEPT || value != 0;
      store<u8>(joined + j, <u8> isActive);
      if (!isActive) continue;
      const row = u32At(rowOf, j);
      if (row < 0) {
        store<u8>(wanted + j, 1);
        missing = true;
      }
      store<i32>(features + (<usize> count << 2), j);
      store<i32>(rows + (<usize> count << 2), row);
      store<u8>(kinds + count, status);
      store<f64>(f64At(coefficients, count++), value);
    }
    if (missing) continue;

    let left = sweeps, solved = false, isSolution = false, largest: f64 = 0;
    while (true) {
      const spent = leastSquaresDescent_f64(
        count, variables, gram, gramStride, features, rows, kinds, coefficients, linear, correlations,
        lambda0, lambda2, box, threshold, ratio, min(ROUND_SWEEPS, left), tolerance,
      );
      made += spent;
      left -= spent;

      let primal = nullLoss, dual = nullLoss;
      isSolution = true;
      for (let i: i32 = 0; i < count; i++) {
        const value = load<f64>(f64At(coefficients, i)), feature = u32At(features, i);
        const c = load<f64>(f64At(linear, feature)), u = load<f64>(f64At(correlations, feature));
        primal -= (c + u) * value / 2;
        dual -= (c - u) * value / 2;
        if (load<u8>(kinds + i) == KEPT) {
          primal += lambda0 + lambda2 * value * value;
        } else {
          primal += relaxedAt(value, lambda0, lambda2, box, threshold, ratio);
          if (value != 0 && abs(value) < fullAt) isSolution = false;
        }
      }
      let conjugates: f64 = 0, excess: f64 = 0;
      largest = 0;
      for (let j: i32 = 0; j < variables; j++) {
        const u = load<f64>(f64At(correlations, j));
        const status = load<u8>(statuses + j);
        if (status == KEPT) {
          conjugates += keptConjugate(u, lambda0, lambda2, box);
        } else if (status == FREE && abs(u) > threshold) {
          const conjugate = relaxedConjugate(u, lambda0, lambda2, box, threshold);
          conjugates += conjugate;
          largest = max(largest, conjugate);
          if (!load<u8>(joined + j)) excess = max(excess, abs(u) - threshold);
        }
      }
      bound = max(bound, dual - conjugates - rounding * (nullLoss + abs(conjugates)));
      if (bound >= upperBound) {
        solved = true;
        break;
      }
      if (excess > 0) {
        // Those nearest the worst join first: they may settle the others. Rows are asked for a round ahead.
        for (let j: i32 = 0; j < variables; j++) {
          if (load<u8>(joined + j) || load<u8>(statuses + j) != FREE) continue;
          const own = abs(load<f64>(f64At(correlations, j))) - threshold;
          if (!(own >= excess / 4)) continue;
          const row = u32At(rowOf, j);
          if (row < 0) store<u8>(wanted + j, 1);
          if (!(own >= excess / 2)) continue;
          if (row < 0) {
            missing = true;
            continue;
          }
          store<u8>(joined + j, 1);
          store<i32>(features + (<usize> count << 2), j);
          store<i32>(rows + (<usize> count << 2), row);
          store<u8>(kinds + count, FREE);
          store<f64>(f64At(coefficients, count++), 0);
        }
        if (missing) break;
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
    for (let i: i32 = 0; i < count; i++) {
      store<f64>(f64At(values, u32At(features, i)), load<f64>(f64At(coefficients, i)));
    }
    store<f64>(state, bound, BOUND);
    store<f64>(state, solved ? -1 : tolerance, TOLERANCE);
    store<f64>(state, Infinity, OBJECTIVE);
    store<f64>(state, 0, FIXINGS);
    if (!solved || bound >= upperBound) continue;

    // The bound of a variable made zero is above the node's by lambda0 at most, that of a kept one by its conjugate.
    if (bound + max(lambda0, largest) > upperBound) {
      const fixed = screen(variables, statuses, correlations, bound, upperBound, lambda0, lambda2, box, threshold);
      store<f64>(state, <f64> fixed, FIXINGS);
    }
    let support: i32 = 0;
    for (let i: i32 = 0; i < count; i++) {
      const value = load<f64>(f64At(coefficients, i));
      if (value == 0) continue;
      store<i32>(features + (<usize> support << 2), u32At(features, i));
      store<i32>(rows + (<usize> support << 2), u32At(rows, i));
      store<u8>(kinds + support, COUNTED);
      store<f64>(f64At(coefficients, support++), value);
    }
    made += leastSquaresDescent_f64(
      support, variables, gram, gramStride, features, rows, kinds, coefficients, linear, correlations,
      lambda0, lambda2, box, threshold, ratio, SUPPORT_SWEEPS, nodePrecision * nullLoss,
    );
    let objective = nullLoss;
    for (let i: i32 = 0; i < support; i++) {
      const value = load<f64>(f64At(coefficients, i)), feature = u32At(features, i);
      objective -= (load<f64>(f64At(linear, feature)) + load<f64>(f64At(correlations, feature))) * value / 2;
      if (value != 0) objective += lambda0 + lambda2 * value * value;
    }
    store<f64>(state, objective, OBJECTIVE);
  }
  return made;
}
