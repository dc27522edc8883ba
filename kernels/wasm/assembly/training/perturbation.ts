// Perturbed parameters of each group: p = w + rho T^2 g / ||T g||. Norms are summed in f64 (see `dense/vector.ts`), those
// of segments together where the norm is global. [begin, end) are rows.

import { GLOBAL, UNSCALED } from "../../../contract/training/constants";
import { nrm2 } from "../dense/vector";
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** `eta < 0`: nothing is scaled. `offsets` 0: a step by itself. */
// exported for f32, f64
export function perturb<T>(
  w: usize, gradients: usize, gradientStride: i32, perturbed: usize, perturbedStride: i32, offsets: usize,
  offsetStride: i32, norms: usize, segments: usize, count: i32, norm: i32, rho: f64, epsilon: f64, eta: f64,
  scaled: usize, share: f64, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>();
  for (let i = begin; i < end; i++) {
    const g = at(gradients, i * gradientStride, size), p = at(perturbed, i * perturbedStride, size);
    const e = offsets ? at(offsets, i * offsetStride, size) : 0;
    const first = bound(segments, 0), last = bound(segments, count);
    const plain = nrm2<T>(last - first, at(g, first, size));
    store<f64>(at(norms, i, 8), plain);
    const whole = norm == GLOBAL ? (eta < 0 ? plain : joined<T>(w, g, segments, count, eta, scaled)) : 0;
    for (let s = 0; s < count; s++) {
      const from = bound(segments, s), n = bound(segments, s + 1) - from, byte = <usize> from * size;
      const t = segmentEta(eta, scaled, s);
      const length = norm == UNSCALED ? 0 : norm == GLOBAL ? whole : scaledNorm<T>(n, w + byte, g + byte, t);
      const step = share * (norm == UNSCALED ? rho : rho / (length + epsilon));
      if (e) advance<T>(n, step, g + byte, e + byte);
      else move<T>(n, step, t, w + byte, g + byte, p + byte);
    }
    if (!e) continue;
    const reach = norm == GLOBAL ? nrm2<T>(last - first, at(e, first, size)) : 0;
    for (let s = 0; s < count; s++) {
      const from = bound(segments, s), n = bound(segments, s + 1) - from, byte = <usize> from * size;
      const length = norm == GLOBAL ? reach : nrm2<T>(n, e + byte);
      place<T>(n, norm != UNSCALED && length > rho ? rho / length : 1, w + byte, e + byte, p + byte);
    }
  }
}

@inline
function bound(segments: usize, s: i32): i32 {
  return load<i32>(segments + (<usize> s << 2));
}

@inline
function segmentEta(eta: f64, scaled: usize, s: i32): f64 {
  return eta >= 0 && load<i32>(scaled + (<usize> s << 2)) ? eta : -1;
}

/** ||T g|| over all segments. */
function joined<T>(w: usize, g: usize, segments: usize, count: i32, eta: f64, scaled: usize): f64 {
  let largest: f64 = 0, sum: f64 = 0;
  for (let s = 0; s < count; s++) {
    const from = bound(segments, s), byte = <usize> from * sizeof<T>();
    const length = scaledNorm<T>(bound(segments, s + 1) - from, w + byte, g + byte, segmentEta(eta, scaled, s));
    if (isNaN(length)) return NaN;
    // Squares of the ratios, so that none overflows.
    if (length > largest) {
      sum = 1 + sum * (largest / length) * (largest / length);
      largest = length;
    } else if (length > 0) sum += (length / largest) * (length / largest);
  }
  return largest * sqrt(sum);
}

/** ||T g|| of a segment, where T = |w| + eta, or 1 where eta < 0. */
function scaledNorm<T>(n: i32, w: usize, g: usize, eta: f64): f64 {
  if (eta < 0) return nrm2<T>(n, g);
  let sum: f64 = 0;
  for (let k = 0; k < n; k++) {
    const value = (abs(<f64> load<T>(at(w, k, sizeof<T>()))) + eta) * <f64> load<T>(at(g, k, sizeof<T>()));
    sum += value * value;
  }
  return sqrt(sum);
}

/** p = w + step T^2 g. */
function move<T>(n: i32, step: f64, eta: f64, w: usize, g: usize, p: usize): void {
  const s = v128.splat<T>(<T> step), t = v128.splat<T>(<T> eta);
  if (eta < 0) {
    for (; n >= lanes<T>(); n -= lanes<T>()) {
      v128.store(p, multiplyAdd<T>(s, v128.load(g), v128.load(w)));
      w += VECTOR;
      g += VECTOR;
      p += VECTOR;
    }
  } else {
    for (; n >= lanes<T>(); n -= lanes<T>()) {
      const point = v128.load(w);
      v128.store(p, multiplyAdd<T>(s, scaledSlope<T>(t, point, v128.load(g)), point));
      w += VECTOR;
      g += VECTOR;
      p += VECTOR;
    }
  }
  for (; n > 0; n--) {
    const point = loadOne<T>(w), slope = loadOne<T>(g);
    storeOne<T>(p, multiplyAdd<T>(s, eta < 0 ? slope : scaledSlope<T>(t, point, slope), point));
    w += sizeof<T>();
    g += sizeof<T>();
    p += sizeof<T>();
  }
}

/** T^2 g. */
@inline
function scaledSlope<T>(t: v128, point: v128, slope: v128): v128 {
  const scale = v128.add<T>(v128.abs<T>(point), t);
  return v128.mul<T>(v128.mul<T>(scale, scale), slope);
}

/** e += step g. */
function advance<T>(n: i32, step: f64, g: usize, e: usize): void {
  for (let k = 0; k < n; k++) {
    const place = at(e, k, sizeof<T>());
    store<T>(place, <T> (<f64> load<T>(place) + step * <f64> load<T>(at(g, k, sizeof<T>()))));
  }
}

/** e *= shrink, p = w + e. */
function place<T>(n: i32, shrink: f64, w: usize, e: usize, p: usize): void {
  for (let k = 0; k < n; k++) {
    const own = at(e, k, sizeof<T>()), value = <T> (<f64> load<T>(own) * shrink);
    store<T>(own, value);
    store<T>(at(p, k, sizeof<T>()), load<T>(at(w, k, sizeof<T>())) + value);
  }
}
