// Least squares on a support that changes, and on all features backward. All matrices f64, row-major; all arrays owned
// by the caller.

import { SUPPORT_BLOCK } from "../../../contract/l0/constants";
import { addRows, gemv } from "../dense/gemv";
import { axpy, dot } from "../dense/vector";
import { f64At, u32At } from "./memory";

/**
 * q = row + sum_k shares_k P_k, then P_k += factors_k q, d += square q^2 (0 where no more than least whole is left) and
 * u += single q: SUPPORT_BLOCK columns at a time, whose rows of P stay in a cache between the two. `scratch` holds q.
 */
export function supportUpdate_f64(
  count: i32, products: usize, stride: i32, row: usize, shareCount: i32, shares: usize, factors: usize,
  curvatures: usize, correlations: usize, whole: usize, square: f64, single: f64, least: f64,
  begin: i32, end: i32, scratch: usize,
): void {
  const rowBytes = <usize> stride << 3;
  for (let from = begin; from < end; from += SUPPORT_BLOCK) {
    const width = min(SUPPORT_BLOCK, end - from), block = f64At(products, from);
    memory.copy(scratch, f64At(row, from), <usize> width << 3);
    if (shareCount > 0) addRows<f64>(shareCount, width, 1, block, rowBytes, shares, 1, scratch);
    for (let k: i32 = 0; k < count; k++) {
      axpy<f64>(width, load<f64>(f64At(factors, k)), scratch, block + <usize> k * rowBytes);
    }
    for (let j: i32 = 0; j < width; j++) {
      const q = load<f64>(f64At(scratch, j)), at = f64At(curvatures, from + j), to = f64At(correlations, from + j);
      const curvature = load<f64>(at) + square * q * q;
      store<f64>(at, curvature > least * load<f64>(f64At(whole, from + j)) ? curvature : 0);
      store<f64>(to, load<f64>(to) + single * q);
    }
  }
}

/**
 * Backward elimination. With G = L L^T and U = L^-T, G^-1 = U U^T takes the place of G. A Cholesky factor F of the
 * inverse whose pivots are the features that leave follows, a column each time: without them the inverse is
 * G^-1 - F F^T, of which only the diagonal and the column of the next one are needed.
 *
 * `scratch`: U [n, n], in whose place F is built with the rows of what is left at the front; diagonal, coefficients, the
 * latest column and its row of F, n each; the features of the rows.
 */
export function backwardElimination_f64(
  n: i32, gram: usize, stride: i32, linear: usize, stays: usize, order: usize, costs: usize, scratch: usize,
): i32 {
  const rowBytes = <usize> stride << 3, wide = <usize> n << 3;
  if (!factor(n, gram, rowBytes)) return -1;
  const variances = scratch + <usize> n * wide, coefficients = variances + wide, column = coefficients + wide;
  const own = column + wide, left = own + wide;
  invertTransposed(n, gram, rowBytes, scratch);
  // Row i of the lower triangle of U U^T: rows of U from column i on.
  for (let i: i32 = 0; i < n; i++) {
    const from = f64At(scratch, i);
    gemv<f64>(n - i, 1, from, n, 1, from + <usize> i * wide, 0, gram + <usize> i * rowBytes, 0, i + 1);
  }
  for (let i: i32 = 0; i < n; i++) {
    const row = gram + <usize> i * rowBytes;
    for (let j: i32 = 0; j < i; j++) store<f64>(f64At(gram + <usize> j * rowBytes, i), load<f64>(f64At(row, j)));
    store<f64>(f64At(variances, i), load<f64>(f64At(row, i)));
    store<i32>(left + (<usize> i << 2), i);
  }
  gemv<f64>(n, 1, gram, stride, 1, linear, 0, coefficients, 0, n);

  for (let step: i32 = 0; step < n; step++) {
    const place = cheapest(n - step, variances, coefficients, left, stays);
    if (place < 0) return step;
    const leaving = u32At(left, place), variance = load<f64>(f64At(variances, place)), last = n - step - 1;
    const pull = load<f64>(f64At(coefficients, place)) / variance, root = sqrt(variance);
    store<i32>(order + (<usize> step << 2), leaving);
    store<f64>(f64At(costs, step), load<f64>(f64At(coefficients, place)) * pull / 2);
    memory.copy(own, scratch + <usize> place * wide, <usize> step << 3);
    // The last one takes the place of what leaves.
    memory.copy(scratch + <usize> place * wide, scratch + <usize> last * wide, <usize> step << 3);
    store<f64>(f64At(variances, place), load<f64>(f64At(variances, last)));
    store<f64>(f64At(coefficients, place), load<f64>(f64At(coefficients, last)));
    store<i32>(left + (<usize> place << 2), u32At(left, last));
    const row = gram + <usize> leaving * rowBytes;
    for (let k: i32 = 0; k < last; k++) store<f64>(f64At(column, k), load<f64>(f64At(row, u32At(left, k))));
    gemv<f64>(step, -1, scratch, n, 1, own, 1, column, 0, last);
    for (let k: i32 = 0; k < last; k++) {
      const covariance = load<f64>(f64At(column, k)), entry = covariance / root;
      store<f64>(f64At(scratch + <usize> k * wide, step), entry);
      store<f64>(f64At(variances, k), load<f64>(f64At(variances, k)) - entry * entry);
      store<f64>(f64At(coefficients, k), load<f64>(f64At(coefficients, k)) - covariance * pull);
    }
  }
  return n;
}

/** The row of the feature that costs least, the first feature of equal ones; -1 where all that are left stay. */
function cheapest(count: i32, variances: usize, coefficients: usize, left: usize, stays: usize): i32 {
  let place: i32 = -1, least = Infinity;
  for (let k: i32 = 0; k < count; k++) {
    const b = load<f64>(f64At(coefficients, k)), cost = b * b / load<f64>(f64At(variances, k));
    if (!(cost < least) && !(cost == least && place >= 0 && u32At(left, k) < u32At(left, place))) continue;
    if (load<u8>(stays + <usize> u32At(left, k)) != 0) continue;
    place = k;
    least = cost;
  }
  return place;
}

/** L in the lower triangle, in place; whether all pivots are positive. */
function factor(n: i32, a: usize, rowBytes: usize): bool {
  for (let i: i32 = 0; i < n; i++) {
    const row = a + <usize> i * rowBytes;
    for (let j: i32 = 0; j < i; j++) {
      const other = a + <usize> j * rowBytes, at = f64At(row, j);
      store<f64>(at, (load<f64>(at) - dot<f64>(j, row, other)) / load<f64>(f64At(other, j)));
    }
    const pivot = load<f64>(f64At(row, i)) - dot<f64>(i, row, row);
    if (!(pivot > 0)) return false;
    store<f64>(f64At(row, i), sqrt(pivot));
  }
  return true;
}

/** U = L^-T [n, n]: row i from column i on. */
function invertTransposed(n: i32, l: usize, rowBytes: usize, u: usize): void {
  for (let i: i32 = 0; i < n; i++) {
    const row = u + (<usize> i * <usize> n << 3), first = f64At(row, i);
    store<f64>(first, 1 / load<f64>(f64At(l + <usize> i * rowBytes, i)));
    for (let j = i + 1; j < n; j++) {
      const other = l + <usize> j * rowBytes;
      store<f64>(f64At(row, j), -dot<f64>(j - i, first, f64At(other, i)) / load<f64>(f64At(other, j)));
    }
  }
}
