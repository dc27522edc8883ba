// The pseudolikelihood of a sparse precision matrix without the product T S: y_j . r_i = sum_k t_ik S_kj is summed over the
// neighbours k of i where it is needed. S is symmetric, so the sum gathers from row j, which is one stretch of memory.
//
// A vertex i has the entries starts[i] .. starts[i + 1] of `neighbours` (vertices) and `incident` (edge numbers).

import { f64At, u32At } from "./memory";
import { stepDiagonal, stepEdge } from "./pseudolikelihood_steps";

/** `y_j . r_i`. */
@inline
function productAt(
  i: i32, j: i32, gram: usize, gramBytes: usize, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize,
): f64 {
  const row = gram + <usize> j * gramBytes;
  let sum = load<f64>(f64At(diagonal, i)) * load<f64>(f64At(row, i));
  const end = u32At(starts, i + 1);
  for (let at = u32At(starts, i); at < end; at++) {
    const value = load<f64>(f64At(values, u32At(incident, at)));
    if (value != 0) sum += value * load<f64>(f64At(row, u32At(neighbours, at)));
  }
  return sum;
}

/** `own_i = y_i . r_i` and `norms_i = ||r_i||^2` of vertices `begin` to `end`. */
export function neighbourNorms_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, norms: usize, diagonalProducts: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let i = begin; i < end; i++) {
    const product = productAt(i, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    let norm = load<f64>(f64At(diagonal, i)) * product;
    const last = u32At(starts, i + 1);
    for (let at = u32At(starts, i); at < last; at++) {
      const value = load<f64>(f64At(values, u32At(incident, at)));
      if (value != 0) norm += value * productAt(i, u32At(neighbours, at), gram, gramBytes, starts, neighbours, incident, values, diagonal);
    }
    store<f64>(f64At(diagonalProducts, i), product);
    store<f64>(f64At(norms, i), norm);
  }
}

/** Steps of the edges `first + begin` to `first + end`; they may be taken at once where no two share a vertex. */
export function neighbourEdges_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, ends: usize, kinds: usize, norms: usize, changes: usize,
  lambda0: f64, lambda2: f64, bound: f64, threshold: f64, ratio: f64, first: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let e = first + begin; e < first + end; e++) {
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const si = load<f64>(f64At(gram + <usize> i * gramBytes, i)), sj = load<f64>(f64At(gram + <usize> j * gramBytes, j));
    const ti = load<f64>(f64At(diagonal, i)), tj = load<f64>(f64At(diagonal, j));
    const ij = productAt(i, j, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    const ji = productAt(j, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    stepEdge(
      e, i, j, si, sj, ti, tj, ij, ji, kinds, values, norms, changes, lambda0, lambda2, bound, threshold, ratio,
    );
  }
}

/** Steps of the diagonal entries `begin` to `end`, which are independent. */
export function neighbourDiagonals_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, norms: usize, diagonalProducts: usize, changes: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3;
  for (let i = begin; i < end; i++) {
    const product = productAt(i, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    stepDiagonal(i, load<f64>(f64At(gram + <usize> i * gramBytes, i)), product, diagonal, norms, diagonalProducts, changes);
  }
}
