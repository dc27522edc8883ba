// The pseudolikelihood from the samples: row j of Y^T [vertices x n] is y_j, row i of R is r_i = sum_k t_ik y_k, kept
// current.

import { f64At, u32At } from "./memory";
import { Penalty } from "./penalty";
import { stepDiagonal, stepEdge } from "./pseudolikelihood_steps";
import { axpy, dot } from "../dense/vector";

/** r_i, diagonalProducts_i = y_i . r_i and norms_i = ||r_i||^2 of vertices `begin` to `end`, from T. */
export function residualNorms_f64(
  n: i32, samples: usize, samplesStride: i32, residuals: usize, residualsStride: i32,
  starts: usize, neighbours: usize, incident: usize, values: usize, diagonal: usize, norms: usize, diagonalProducts: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const yBytes = <usize> samplesStride << 3, rBytes = <usize> residualsStride << 3;
  for (let i = begin; i < end; i++) {
    const r = residuals + <usize> i * rBytes, y = samples + <usize> i * yBytes;
    memory.fill(r, 0, <usize> n << 3);
    axpy<f64>(n, load<f64>(f64At(diagonal, i)), y, r);
    const last = u32At(starts, i + 1);
    for (let at = u32At(starts, i); at < last; at++) {
      const value = load<f64>(f64At(values, u32At(incident, at)));
      if (value != 0) axpy<f64>(n, value, samples + <usize> u32At(neighbours, at) * yBytes, r);
    }
    store<f64>(f64At(diagonalProducts, i), dot<f64>(n, r, y));
    store<f64>(f64At(norms, i), dot<f64>(n, r, r));
  }
}

/** Steps of the edges `first + begin` to `first + end`; they may be taken at once where no two share a vertex. */
export function residualEdges_f64(
  n: i32, samples: usize, samplesStride: i32, residuals: usize, residualsStride: i32,
  variances: usize, values: usize, diagonal: usize, ends: usize, kinds: usize, norms: usize, changes: usize,
  penalty: Penalty, first: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  const yBytes = <usize> samplesStride << 3, rBytes = <usize> residualsStride << 3;
  for (let e = first + begin; e < first + end; e++) {
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const yi = samples + <usize> i * yBytes, yj = samples + <usize> j * yBytes;
    const ri = residuals + <usize> i * rBytes, rj = residuals + <usize> j * rBytes;
    const delta = stepEdge(
      e, i, j, load<f64>(f64At(variances, i)), load<f64>(f64At(variances, j)),
      load<f64>(f64At(diagonal, i)), load<f64>(f64At(diagonal, j)), dot<f64>(n, ri, yj), dot<f64>(n, rj, yi),
      kinds, values, norms, changes, penalty,
    );
    if (delta == 0) continue;
    axpy<f64>(n, delta, yj, ri);
    axpy<f64>(n, delta, yi, rj);
  }
}

/** Steps of the diagonal entries `begin` to `end`, which are independent. */
export function residualDiagonals_f64(
  n: i32, samples: usize, samplesStride: i32, residuals: usize, residualsStride: i32,
  variances: usize, diagonal: usize, norms: usize, diagonalProducts: usize, changes: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const yBytes = <usize> samplesStride << 3, rBytes = <usize> residualsStride << 3;
  for (let i = begin; i < end; i++) {
    const r = residuals + <usize> i * rBytes, y = samples + <usize> i * yBytes;
    const delta = stepDiagonal(i, load<f64>(f64At(variances, i)), dot<f64>(n, r, y), diagonal, norms, diagonalProducts, changes);
    if (delta != 0) axpy<f64>(n, delta, y, r);
  }
}
