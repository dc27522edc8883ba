// Coordinate descent on the pseudolikelihood of a sparse precision matrix with the product T S kept. All matrices f64,
// row-major; all arrays owned by the caller.

import { axpyInline } from "../dense/vector";
import { f64At, u32At } from "./memory";
import { minimiser, Penalty } from "./penalty";
import { diagonalMinimiser } from "./pseudolikelihood_steps";

/** Sweeps after which T S is computed afresh, so that rounding errors of the updates do not pile up. */
@inline
const REFRESH_EVERY: i32 = 16;

/** `products = T S` and `norms_i = T_i S T_i^T` from `T`. */
function refreshGraph(
  vertices: i32,
  edges: i32,
  gram: usize,
  gramBytes: usize,
  ends: usize,
  values: usize,
  diagonal: usize,
  products: usize,
  productBytes: usize,
  norms: usize,
): void {
  for (let i: i32 = 0; i < vertices; i++) {
    const row = products + <usize> i * productBytes;
    memory.fill(row, 0, <usize> vertices << 3);
    axpyInline<f64>(vertices, load<f64>(f64At(diagonal, i)), gram + <usize> i * gramBytes, row);
  }
  for (let e: i32 = 0; e < edges; e++) {
    const value = load<f64>(f64At(values, e));
    if (value == 0) continue;
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    axpyInline<f64>(vertices, value, gram + <usize> j * gramBytes, products + <usize> i * productBytes);
    axpyInline<f64>(vertices, value, gram + <usize> i * gramBytes, products + <usize> j * productBytes);
  }
  for (let i: i32 = 0; i < vertices; i++) {
    store<f64>(
      f64At(norms, i),
      load<f64>(f64At(diagonal, i)) * load<f64>(f64At(products + <usize> i * productBytes, i)),
    );
  }
  for (let e: i32 = 0; e < edges; e++) {
    const value = load<f64>(f64At(values, e));
    if (value == 0) continue;
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const atI = f64At(norms, i), atJ = f64At(norms, j);
    store<f64>(atI, load<f64>(atI) + value * load<f64>(f64At(products + <usize> i * productBytes, j)));
    store<f64>(atJ, load<f64>(atJ) + value * load<f64>(f64At(products + <usize> j * productBytes, i)));
  }
}

export function descendGraph(
  vertices: i32,
  edges: i32,
  gram: usize,
  gramStride: i32,
  ends: usize,
  kinds: usize,
  values: usize,
  diagonal: usize,
  products: usize,
  productStride: i32,
  norms: usize,
  penalty: Penalty,
  sweeps: i32,
  tolerance: f64,
  resumes: i32,
): i32 {
  const gramBytes = <usize> gramStride << 3, productBytes = <usize> productStride << 3;
  if (!resumes) refreshGraph(vertices, edges, gram, gramBytes, ends, values, diagonal, products, productBytes, norms);
  let sweep: i32 = 0;
  while (sweep < sweeps) {
    sweep++;
    let change: f64 = 0;
    for (let e: i32 = 0; e < edges; e++) {
      const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
      const gramI = gram + <usize> i * gramBytes, gramJ = gram + <usize> j * gramBytes;
      const productI = products + <usize> i * productBytes, productJ = products + <usize> j * productBytes;
      const si = load<f64>(f64At(gramI, i)), sj = load<f64>(f64At(gramJ, j));
      const ti = load<f64>(f64At(diagonal, i)), tj = load<f64>(f64At(diagonal, j));
      const ij = load<f64>(f64At(productI, j)), ji = load<f64>(f64At(productJ, i));
      const old = load<f64>(f64At(values, e));
      const curvature = 2 * (sj / ti + si / tj);
      const derivative = curvature * old - 2 * (ij / ti + ji / tj);
      const delta = minimiser(load<u8>(kinds + e), curvature, derivative, penalty) - old;
      if (delta == 0) continue;
      store<f64>(f64At(values, e), old + delta);
      store<f64>(f64At(norms, i), load<f64>(f64At(norms, i)) + delta * (2 * ij + delta * sj));
      store<f64>(f64At(norms, j), load<f64>(f64At(norms, j)) + delta * (2 * ji + delta * si));
      axpyInline<f64>(vertices, delta, gramJ, productI);
      axpyInline<f64>(vertices, delta, gramI, productJ);
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    for (let i: i32 = 0; i < vertices; i++) {
      const gramI = gram + <usize> i * gramBytes, productI = products + <usize> i * productBytes;
      const s = load<f64>(f64At(gramI, i)), old = load<f64>(f64At(diagonal, i));
      const product = load<f64>(f64At(productI, i)), norm = load<f64>(f64At(norms, i));
      const fresh = diagonalMinimiser(s, old, product, norm);
      const delta = fresh - old;
      if (delta == 0) continue;
      store<f64>(f64At(diagonal, i), fresh);
      store<f64>(f64At(norms, i), norm + delta * (2 * product + delta * s));
      axpyInline<f64>(vertices, delta, gramI, productI);
      change += (delta / fresh) * (delta / fresh);
    }
    if (sweep % REFRESH_EVERY == 0) {
      refreshGraph(vertices, edges, gram, gramBytes, ends, values, diagonal, products, productBytes, norms);
    }
    if (change <= tolerance) break;
  }
  return sweep;
}

/** {@link descendGraph}, and the diagonal of the products apart. */
export function productDescent_f64(
  vertices: i32,
  edges: i32,
  gram: usize,
  gramStride: i32,
  ends: usize,
  kinds: usize,
  values: usize,
  diagonal: usize,
  products: usize,
  productStride: i32,
  norms: usize,
  diagonalProducts: usize,
  penalty: Penalty,
  sweeps: i32,
  tolerance: f64,
  resumes: i32,
): i32 {
  const sweep = descendGraph(
    vertices, edges, gram, gramStride, ends, kinds, values, diagonal, products, productStride, norms,
    penalty, sweeps, tolerance, resumes,
  );
  const step = <usize> (productStride + 1) << 3;
  for (let i: i32 = 0; i < vertices; i++) store<f64>(f64At(diagonalProducts, i), load<f64>(products + <usize> i * step));
  return sweep;
}
