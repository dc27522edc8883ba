// The pseudolikelihood of a sparse precision matrix without the product T S: y_j . r_i = sum_k t_ik S_kj is summed over the
// neighbours k of i where it is needed. S is symmetric, so the sum gathers from row j, which is one stretch of memory.
//
// A vertex i has the entries starts[i] .. starts[i + 1] of `neighbours` (vertices) and `incident` (edge numbers).

import { addScaled, diagonalMinimiser, f64At, minimiser, u32At } from "./l0";

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

/** `own_i = y_i . r_i` and `norms_i = ||r_i||^2`. */
function refreshNorms(
  vertices: i32, gram: usize, gramBytes: usize, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize, edges: i32, ends: usize, norms: usize, own: usize,
): void {
  for (let i: i32 = 0; i < vertices; i++) {
    const product = productAt(i, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    store<f64>(f64At(own, i), product);
    store<f64>(f64At(norms, i), load<f64>(f64At(diagonal, i)) * product);
  }
  for (let e: i32 = 0; e < edges; e++) {
    const value = load<f64>(f64At(values, e));
    if (value == 0) continue;
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const atI = f64At(norms, i), atJ = f64At(norms, j);
    const ij = productAt(i, j, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    const ji = productAt(j, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
    store<f64>(atI, load<f64>(atI) + value * ij);
    store<f64>(atJ, load<f64>(atJ) + value * ji);
  }
}

export function neighbourDescent_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize,
  edges: i32, ends: usize, kinds: usize, norms: usize, own: usize,
  lambda0: f64, lambda2: f64, bound: f64, threshold: f64, ratio: f64, sweeps: i32, tolerance: f64,
): i32 {
  const gramBytes = <usize> gramStride << 3;
  refreshNorms(vertices, gram, gramBytes, starts, neighbours, incident, values, diagonal, edges, ends, norms, own);
  let sweep: i32 = 0;
  while (sweep < sweeps) {
    sweep++;
    let change: f64 = 0;
    for (let e: i32 = 0; e < edges; e++) {
      const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
      const si = load<f64>(f64At(gram + <usize> i * gramBytes, i)), sj = load<f64>(f64At(gram + <usize> j * gramBytes, j));
      const ti = load<f64>(f64At(diagonal, i)), tj = load<f64>(f64At(diagonal, j));
      const ij = productAt(i, j, gram, gramBytes, starts, neighbours, incident, values, diagonal);
      const ji = productAt(j, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
      const old = load<f64>(f64At(values, e));
      const curvature = 2 * (sj / ti + si / tj);
      const slope = curvature * old - 2 * (ij / ti + ji / tj);
      const kind = <u32> load<u8>(kinds + e);
      const delta = minimiser(kind, curvature, slope, lambda0, lambda2, bound, threshold, ratio) - old;
      if (delta == 0) continue;
      store<f64>(f64At(values, e), old + delta);
      store<f64>(f64At(norms, i), load<f64>(f64At(norms, i)) + delta * (2 * ij + delta * sj));
      store<f64>(f64At(norms, j), load<f64>(f64At(norms, j)) + delta * (2 * ji + delta * si));
      change += (curvature + 2 * lambda2) * delta * delta;
    }
    for (let i: i32 = 0; i < vertices; i++) {
      const s = load<f64>(f64At(gram + <usize> i * gramBytes, i)), old = load<f64>(f64At(diagonal, i));
      const product = productAt(i, i, gram, gramBytes, starts, neighbours, incident, values, diagonal);
      const norm = load<f64>(f64At(norms, i));
      const fresh = diagonalMinimiser(s, old, product, norm), delta = fresh - old;
      store<f64>(f64At(diagonal, i), fresh);
      store<f64>(f64At(norms, i), norm + delta * (2 * product + delta * s));
      change += (delta / fresh) * (delta / fresh);
    }
    if (change <= tolerance) break;
  }
  refreshNorms(vertices, gram, gramBytes, starts, neighbours, incident, values, diagonal, edges, ends, norms, own);
  return sweep;
}

/** Slopes of rows `first + begin` to `first + end`: (T S)_i / t_ii by whole rows of S, then (T S)_ji / t_jj by pairs of i. */
export function graphSlopes_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize,
  first: i32, slopes: usize, slopesStride: i32,
  begin: i32, end: i32, scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3, slopesBytes = <usize> slopesStride << 3;
  for (let row = begin; row < end; row++) {
    const i = first + row, target = slopes + <usize> row * slopesBytes;
    const scale = 2 / load<f64>(f64At(diagonal, i));
    memory.fill(target, 0, <usize> vertices << 3);
    addScaled(vertices, 2, gram + <usize> i * gramBytes, target);
    const last = u32At(starts, i + 1);
    for (let at = u32At(starts, i); at < last; at++) {
      const value = load<f64>(f64At(values, u32At(incident, at)));
      if (value != 0) addScaled(vertices, scale * value, gram + <usize> u32At(neighbours, at) * gramBytes, target);
    }
  }
  for (let j: i32 = 0; j < vertices; j++) {
    const scale = 2 / load<f64>(f64At(diagonal, j));
    const from = u32At(starts, j), last = u32At(starts, j + 1);
    for (let row = begin; row < end; row++) {
      const i = first + row;
      let sum = 2 * load<f64>(f64At(gram + <usize> j * gramBytes, i));
      for (let at = from; at < last; at++) {
        const value = load<f64>(f64At(values, u32At(incident, at)));
        if (value != 0) sum += scale * value * load<f64>(f64At(gram + <usize> u32At(neighbours, at) * gramBytes, i));
      }
      const target = f64At(slopes + <usize> row * slopesBytes, j);
      store<f64>(target, load<f64>(target) + sum);
    }
  }
}
