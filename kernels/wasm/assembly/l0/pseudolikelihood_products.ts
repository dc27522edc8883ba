// Coordinate descent on the pseudolikelihood of a sparse precision matrix with the product T S kept. All matrices f64,
// row-major; all arrays owned by the caller.

import { axpyInline } from "../dense/vector";
import { multiplyAdd } from "../simd";
import { f64At, u32At } from "./memory";
import { minimiser, Penalty } from "./penalty";
import { diagonalMinimiser } from "./pseudolikelihood_steps";

/** Sweeps after which T S is computed afresh, so that rounding errors of the updates do not pile up. */
@inline
const REFRESH_EVERY: i32 = 16;

/** Vertices from which on it pays to move the rows of several steps at once. */
@inline
const LONG_ROW: i32 = 64;

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

/** a x + y of one element, rounded as {@link axpyInline} rounds it. */
@inline
function multiplyAddOne(a: f64, x: f64, y: f64): f64 {
  return f64x2.extract_lane(multiplyAdd<f64>(f64x2.splat(a), f64x2.splat(x), f64x2.splat(y)), 0);
}

/** Four steps along edges of one vertex at once: y += a0 x0 + ... + a3 x3, one term after another. */
function addFourRows(
  n: i32, a0: f64, a1: f64, a2: f64, a3: f64, x0: usize, x1: usize, x2: usize, x3: usize, y: usize,
): void {
  const s0 = f64x2.splat(a0), s1 = f64x2.splat(a1), s2 = f64x2.splat(a2), s3 = f64x2.splat(a3);
  let at: usize = 0;
  for (; n >= 4; n -= 4) {
    let low = v128.load(y + at), high = v128.load(y + at, 16);
    low = multiplyAdd<f64>(s0, v128.load(x0 + at), low);
    high = multiplyAdd<f64>(s0, v128.load(x0 + at, 16), high);
    low = multiplyAdd<f64>(s1, v128.load(x1 + at), low);
    high = multiplyAdd<f64>(s1, v128.load(x1 + at, 16), high);
    low = multiplyAdd<f64>(s2, v128.load(x2 + at), low);
    high = multiplyAdd<f64>(s2, v128.load(x2 + at, 16), high);
    v128.store(y + at, multiplyAdd<f64>(s3, v128.load(x3 + at), low));
    v128.store(y + at, multiplyAdd<f64>(s3, v128.load(x3 + at, 16), high), 16);
    at += 32;
  }
  for (; n > 0; n--) {
    let sum = multiplyAddOne(a0, load<f64>(x0 + at), load<f64>(y + at));
    sum = multiplyAddOne(a1, load<f64>(x1 + at), sum);
    sum = multiplyAddOne(a2, load<f64>(x2 + at), sum);
    store<f64>(y + at, multiplyAddOne(a3, load<f64>(x3 + at), sum));
    at += 8;
  }
}

/** y0 += a0 x, ..., y3 += a3 x. */
function addToFourRows(
  n: i32, a0: f64, a1: f64, a2: f64, a3: f64, x: usize, y0: usize, y1: usize, y2: usize, y3: usize,
): void {
  const s0 = f64x2.splat(a0), s1 = f64x2.splat(a1), s2 = f64x2.splat(a2), s3 = f64x2.splat(a3);
  let at: usize = 0;
  for (; n >= 4; n -= 4) {
    const low = v128.load(x + at), high = v128.load(x + at, 16);
    v128.store(y0 + at, multiplyAdd<f64>(s0, low, v128.load(y0 + at)));
    v128.store(y0 + at, multiplyAdd<f64>(s0, high, v128.load(y0 + at, 16)), 16);
    v128.store(y1 + at, multiplyAdd<f64>(s1, low, v128.load(y1 + at)));
    v128.store(y1 + at, multiplyAdd<f64>(s1, high, v128.load(y1 + at, 16)), 16);
    v128.store(y2 + at, multiplyAdd<f64>(s2, low, v128.load(y2 + at)));
    v128.store(y2 + at, multiplyAdd<f64>(s2, high, v128.load(y2 + at, 16)), 16);
    v128.store(y3 + at, multiplyAdd<f64>(s3, low, v128.load(y3 + at)));
    v128.store(y3 + at, multiplyAdd<f64>(s3, high, v128.load(y3 + at, 16)), 16);
    at += 32;
  }
  for (; n > 0; n--) {
    const one = load<f64>(x + at);
    store<f64>(y0 + at, multiplyAddOne(a0, one, load<f64>(y0 + at)));
    store<f64>(y1 + at, multiplyAddOne(a1, one, load<f64>(y1 + at)));
    store<f64>(y2 + at, multiplyAddOne(a2, one, load<f64>(y2 + at)));
    store<f64>(y3 + at, multiplyAddOne(a3, one, load<f64>(y3 + at)));
    at += 8;
  }
}

/** Moves both rows of the products along with the step of one edge. */
function moveRows(
  vertices: i32, gram: usize, gramBytes: usize, products: usize, productBytes: usize, i: i32, j: i32, delta: f64,
): void {
  axpyInline<f64>(vertices, delta, gram + <usize> j * gramBytes, products + <usize> i * productBytes);
  axpyInline<f64>(vertices, delta, gram + <usize> i * gramBytes, products + <usize> j * productBytes);
}

/**
 * One step along every edge in turn; returns what they have changed. Steps along edges that share the first vertex and follow
 * one another move the rows of the products together, four at a time, with the bits of one after another: until then the
 * products of that vertex are completed entry by entry.
 */
function sweepEdges(
  vertices: i32, edges: i32, gram: usize, gramBytes: usize, ends: usize, kinds: usize, values: usize, diagonal: usize,
  products: usize, productBytes: usize, norms: usize, penalty: Penalty,
): f64 {
  let change: f64 = 0;
  // Steps whose rows have not moved yet: all along edges of one vertex, with these others.
  let count: i32 = 0, near: i32 = -1;
  let j0: i32 = -1, j1: i32 = -1, j2: i32 = -1;
  let d0: f64 = 0, d1: f64 = 0, d2: f64 = 0;
  for (let e: i32 = 0; e < edges; e++) {
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    const gramI = gram + <usize> i * gramBytes, gramJ = gram + <usize> j * gramBytes;
    const productI = products + <usize> i * productBytes, productJ = products + <usize> j * productBytes;
    if (count > 0 && (i != near || j == j0 || (count > 1 && j == j1) || (count > 2 && j == j2))) {
      moveRows(vertices, gram, gramBytes, products, productBytes, near, j0, d0);
      if (count > 1) moveRows(vertices, gram, gramBytes, products, productBytes, near, j1, d1);
      if (count > 2) moveRows(vertices, gram, gramBytes, products, productBytes, near, j2, d2);
      count = 0;
    }
    const si = load<f64>(f64At(gramI, i)), sj = load<f64>(f64At(gramJ, j));
    const ti = load<f64>(f64At(diagonal, i)), tj = load<f64>(f64At(diagonal, j));
    let ij = load<f64>(f64At(productI, j));
    const ji = load<f64>(f64At(productJ, i));
    if (count > 0) ij = multiplyAddOne(d0, load<f64>(f64At(gramJ, j0)), ij);
    if (count > 1) ij = multiplyAddOne(d1, load<f64>(f64At(gramJ, j1)), ij);
    if (count > 2) ij = multiplyAddOne(d2, load<f64>(f64At(gramJ, j2)), ij);
    const old = load<f64>(f64At(values, e));
    const curvature = 2 * (sj / ti + si / tj);
    const derivative = curvature * old - 2 * (ij / ti + ji / tj);
    const delta = minimiser(load<u8>(kinds + e), curvature, derivative, penalty) - old;
    if (delta == 0) continue;
    store<f64>(f64At(values, e), old + delta);
    store<f64>(f64At(norms, i), load<f64>(f64At(norms, i)) + delta * (2 * ij + delta * sj));
    store<f64>(f64At(norms, j), load<f64>(f64At(norms, j)) + delta * (2 * ji + delta * si));
    change += (curvature + 2 * penalty.lambda2) * delta * delta;
    if (vertices < LONG_ROW) {
      axpyInline<f64>(vertices, delta, gramJ, productI);
      axpyInline<f64>(vertices, delta, gramI, productJ);
      continue;
    }
    near = i;
    if (count == 0) {
      j0 = j;
      d0 = delta;
    } else if (count == 1) {
      j1 = j;
      d1 = delta;
    } else if (count == 2) {
      j2 = j;
      d2 = delta;
    } else {
      const gram0 = gram + <usize> j0 * gramBytes, gram1 = gram + <usize> j1 * gramBytes;
      const gram2 = gram + <usize> j2 * gramBytes;
      addFourRows(vertices, d0, d1, d2, delta, gram0, gram1, gram2, gramJ, productI);
      const product0 = products + <usize> j0 * productBytes, product1 = products + <usize> j1 * productBytes;
      const product2 = products + <usize> j2 * productBytes;
      addToFourRows(vertices, d0, d1, d2, delta, gramI, product0, product1, product2, productJ);
      count = -1;
    }
    count++;
  }
  if (count > 0) moveRows(vertices, gram, gramBytes, products, productBytes, near, j0, d0);
  if (count > 1) moveRows(vertices, gram, gramBytes, products, productBytes, near, j1, d1);
  if (count > 2) moveRows(vertices, gram, gramBytes, products, productBytes, near, j2, d2);
  return change;
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
    let change = sweepEdges(
      vertices, edges, gram, gramBytes, ends, kinds, values, diagonal, products, productBytes, norms, penalty,
    );
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
