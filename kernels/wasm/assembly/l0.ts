// Coordinate descent under an l0-l2 penalty: least squares, and the pseudolikelihood of a sparse precision matrix.
//
// A coordinate minimises A x^2 / 2 - C x + g(x) over |x| <= bound; g is the perspective relaxation (kind 0), the ridge of
// a kept coordinate (1) or the counted penalty itself (2). All matrices f64, row-major; all arrays owned by the caller.
@inline
const RELAXED: u32 = 0;
@inline
const COUNTED: u32 = 2;

/** The minimiser of `A x^2 / 2 - C x + g(x)`. */
@inline
export function minimiser(
  kind: u32,
  curvature: f64,
  slope: f64,
  lambda0: f64,
  lambda2: f64,
  bound: f64,
  threshold: f64,
  ratio: f64,
): f64 {
  const magnitude = abs(slope);
  if (magnitude == 0 || (kind == RELAXED && magnitude <= threshold)) return 0;
  let x = min(magnitude / (curvature + 2 * lambda2), bound);
  if (kind == RELAXED) {
    const linear = (magnitude - threshold) / curvature;
    if (!(ratio <= bound && linear > ratio)) x = min(linear, bound);
  } else if (kind == COUNTED) {
    if (!(magnitude * x - (curvature / 2 + lambda2) * x * x - lambda0 > 0)) return 0;
  }
  return slope < 0 ? -x : x;
}

/** The minimiser of -log t + s t + rest / t, where rest is ||r_i||^2 without y_i's part. */
@inline
export function diagonalMinimiser(s: f64, old: f64, own: f64, norm: f64): f64 {
  const rest = max<f64>(0, norm - 2 * old * own + old * old * s);
  return (1 + sqrt(1 + 4 * s * rest)) / (2 * s);
}

/** Whether one of four magnitudes from `p` on is beyond the limit in both lanes of `limit`. */
@inline
export function anyBeyond(p: usize, limit: v128): bool {
  const low = f64x2.gt(f64x2.abs(v128.load(p)), limit), high = f64x2.gt(f64x2.abs(v128.load(p, 16)), limit);
  return v128.any_true(v128.or(low, high));
}

@inline
export function f64At(base: usize, i: i32): usize {
  return base + (<usize> i << 3);
}

@inline
export function u32At(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize> i << 2));
}

/** `y += alpha x`, contiguous. */
@inline
export function addScaled(n: i32, alpha: f64, x: usize, y: usize): void {
  const factor = f64x2.splat(alpha);
  const blocks = n & ~3;
  let i: i32 = 0;
  for (; i < blocks; i += 4) {
    const from = f64At(x, i), to = f64At(y, i);
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to, f64x2.relaxed_madd(factor, v128.load(from), v128.load(to)));
      v128.store(to, f64x2.relaxed_madd(factor, v128.load(from, 16), v128.load(to, 16)), 16);
    } else {
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(factor, v128.load(from))));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.mul(factor, v128.load(from, 16))), 16);
    }
  }
  for (; i < n; i++) store<f64>(f64At(y, i), load<f64>(f64At(y, i)) + alpha * load<f64>(f64At(x, i)));
}

/** Contiguous elements that a vector loop passes in the time of one that is gathered. */
@inline
const GATHER_COST: i32 = 4;

/** `correlations[features] -= delta gramRow[features]`: a step seen by the active features, or by all where that is faster. */
@inline
export function stepActive(
  count: i32,
  featureCount: i32,
  delta: f64,
  gramRow: usize,
  features: usize,
  correlations: usize,
): void {
  if (featureCount <= GATHER_COST * count) {
    addScaled(featureCount, -delta, gramRow, correlations);
    return;
  }
  for (let j: i32 = 0; j < count; j++) {
    const feature = u32At(features, j);
    const at = f64At(correlations, feature);
    store<f64>(at, load<f64>(at) - delta * load<f64>(f64At(gramRow, feature)));
  }
}

export function regressionDescent_f64(
  count: i32,
  featureCount: i32,
  gram: usize,
  gramStride: i32,
  features: usize,
  rows: usize,
  kinds: usize,
  coefficients: usize,
  linear: usize,
  correlations: usize,
  lambda0: f64,
  lambda2: f64,
  bound: f64,
  threshold: f64,
  ratio: f64,
  sweeps: i32,
  tolerance: f64,
): i32 {
  const strideBytes = <usize> gramStride << 3;
  for (let i: i32 = 0; i < count; i++) {
    const feature = u32At(features, i);
    store<f64>(f64At(correlations, feature), load<f64>(f64At(linear, feature)));
  }
  for (let i: i32 = 0; i < count; i++) {
    const value = load<f64>(f64At(coefficients, i));
    if (value != 0) stepActive(count, featureCount, value, gram + <usize> u32At(rows, i) * strideBytes, features, correlations);
  }
  let sweep: i32 = 0;
  while (sweep < sweeps) {
    sweep++;
    let change: f64 = 0;
    for (let i: i32 = 0; i < count; i++) {
      const feature = u32At(features, i);
      const gramRow = gram + <usize> u32At(rows, i) * strideBytes;
      const curvature = load<f64>(f64At(gramRow, feature));
      const old = load<f64>(f64At(coefficients, i));
      const slope = load<f64>(f64At(correlations, feature)) + curvature * old;
      const kind = <u32> load<u8>(kinds + i);
      const delta = minimiser(kind, curvature, slope, lambda0, lambda2, bound, threshold, ratio) - old;
      if (delta == 0) continue;
      store<f64>(f64At(coefficients, i), old + delta);
      stepActive(count, featureCount, delta, gramRow, features, correlations);
      change += (curvature + 2 * lambda2) * delta * delta;
    }
    if (change <= tolerance) break;
  }
  memory.copy(correlations, linear, <usize> featureCount << 3);
  for (let i: i32 = 0; i < count; i++) {
    const value = load<f64>(f64At(coefficients, i));
    if (value != 0) addScaled(featureCount, -value, gram + <usize> u32At(rows, i) * strideBytes, correlations);
  }
  return sweep;
}

// Sweeps after which T S is computed afresh, so that rounding errors of the updates do not pile up.
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
    addScaled(vertices, load<f64>(f64At(diagonal, i)), gram + <usize> i * gramBytes, row);
  }
  for (let e: i32 = 0; e < edges; e++) {
    const value = load<f64>(f64At(values, e));
    if (value == 0) continue;
    const i = u32At(ends, 2 * e), j = u32At(ends, 2 * e + 1);
    addScaled(vertices, value, gram + <usize> j * gramBytes, products + <usize> i * productBytes);
    addScaled(vertices, value, gram + <usize> i * gramBytes, products + <usize> j * productBytes);
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
  lambda0: f64,
  lambda2: f64,
  bound: f64,
  threshold: f64,
  ratio: f64,
  sweeps: i32,
  tolerance: f64,
): i32 {
  const gramBytes = <usize> gramStride << 3, productBytes = <usize> productStride << 3;
  refreshGraph(vertices, edges, gram, gramBytes, ends, values, diagonal, products, productBytes, norms);
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
      const slope = curvature * old - 2 * (ij / ti + ji / tj);
      const kind = <u32> load<u8>(kinds + e);
      const delta = minimiser(kind, curvature, slope, lambda0, lambda2, bound, threshold, ratio) - old;
      if (delta == 0) continue;
      store<f64>(f64At(values, e), old + delta);
      store<f64>(f64At(norms, i), load<f64>(f64At(norms, i)) + delta * (2 * ij + delta * sj));
      store<f64>(f64At(norms, j), load<f64>(f64At(norms, j)) + delta * (2 * ji + delta * si));
      addScaled(vertices, delta, gramJ, productI);
      addScaled(vertices, delta, gramI, productJ);
      change += (curvature + 2 * lambda2) * delta * delta;
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
      addScaled(vertices, delta, gramI, productI);
      change += (delta / fresh) * (delta / fresh);
    }
    if (sweep % REFRESH_EVERY == 0) {
      refreshGraph(vertices, edges, gram, gramBytes, ends, values, diagonal, products, productBytes, norms);
    }
    if (change <= tolerance) break;
  }
  return sweep;
}

/** {@link descendGraph}, and the diagonal of the products on its own. */
export function graphDescent_f64(
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
  own: usize,
  lambda0: f64,
  lambda2: f64,
  bound: f64,
  threshold: f64,
  ratio: f64,
  sweeps: i32,
  tolerance: f64,
): i32 {
  const sweep = descendGraph(
    vertices, edges, gram, gramStride, ends, kinds, values, diagonal, products, productStride, norms,
    lambda0, lambda2, bound, threshold, ratio, sweeps, tolerance,
  );
  const step = <usize> (productStride + 1) << 3;
  for (let i: i32 = 0; i < vertices; i++) store<f64>(f64At(own, i), load<f64>(products + <usize> i * step));
  return sweep;
}
