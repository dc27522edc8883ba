// Sums of gradients, and what optimisers do with them. [begin, end) are columns, or elements; tails run through the same
// vector instructions, so that nothing depends on where a range is cut.

import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** Columns that are summed at a time: 64 rows of them stay in the cache. */
const STRIP: i32 = 1024;

// exported for f32, f64
export function pairwiseSum<T>(
  rows: i32, terms: usize, stride: i32, shares: usize, sum: usize, begin: i32, end: i32,
): void {
  const row = <usize> stride * sizeof<T>();
  for (let j = begin; j < end; j += STRIP) {
    const width = min(STRIP, end - j), strip = at(terms, j, sizeof<T>());
    for (let i = 0; shares && i < rows; i += 2) {
      const own = at(strip, i, row), factor = <T> load<f64>(at(shares, i, 8));
      if (i + 1 == rows) multiply<T>(width, factor, own);
      else addMultiples<T>(width, factor, own, <T> load<f64>(at(shares, i + 1, 8)), own + row);
    }
    for (let distance = shares ? 2 : 1; distance < rows; distance *= 2) {
      for (let i = 0; i + distance < rows; i += 2 * distance) {
        add<T>(width, at(strip, i + distance, row), at(strip, i, row));
      }
    }
    if (sum) memory.copy(at(sum, j, sizeof<T>()), strip, <usize> width * sizeof<T>());
  }
}

@inline
function multiply<T>(n: i32, factor: T, x: usize): void {
  if (factor == 1) return;
  const f = v128.splat<T>(factor);
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(x, v128.mul<T>(f, v128.load(x)));
    x += VECTOR;
  }
  for (; n > 0; n--) {
    storeOne<T>(x, v128.mul<T>(f, loadOne<T>(x)));
    x += sizeof<T>();
  }
}

/** y = factor y + other x: the terms are read once, and half of them written. */
@inline
function addMultiples<T>(n: i32, factor: T, y: usize, other: T, x: usize): void {
  const f = v128.splat<T>(factor), o = v128.splat<T>(other);
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(y, v128.add<T>(v128.mul<T>(o, v128.load(x)), v128.mul<T>(f, v128.load(y))));
    x += VECTOR;
    y += VECTOR;
  }
  for (; n > 0; n--) {
    storeOne<T>(y, v128.add<T>(v128.mul<T>(o, loadOne<T>(x)), v128.mul<T>(f, loadOne<T>(y))));
    x += sizeof<T>();
    y += sizeof<T>();
  }
}

@inline
function add<T>(n: i32, x: usize, y: usize): void {
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(y, v128.add<T>(v128.load(x), v128.load(y)));
    x += VECTOR;
    y += VECTOR;
  }
  for (; n > 0; n--) {
    storeOne<T>(y, v128.add<T>(loadOne<T>(x), loadOne<T>(y)));
    x += sizeof<T>();
    y += sizeof<T>();
  }
}

// exported for f32, f64
export function sgdUpdate<T>(
  w: usize, g: usize, u: usize, learningRate: f64, momentum: f64, weightDecay: f64, scale: f64, nesterov: i32,
  begin: i32, end: i32,
): void {
  const rate = v128.splat<T>(<T> -learningRate), mu = v128.splat<T>(<T> momentum);
  const decay = v128.splat<T>(<T> weightDecay), factor = v128.splat<T>(<T> scale);
  const offset = <usize> begin * sizeof<T>();
  w += offset;
  g += offset;
  u += offset;
  let n = end - begin;
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    const point = v128.load(w);
    const slope = multiplyAdd<T>(decay, point, v128.mul<T>(factor, v128.load(g)));
    const speed = multiplyAdd<T>(mu, v128.load(u), slope);
    v128.store(u, speed);
    v128.store(w, multiplyAdd<T>(rate, nesterov ? multiplyAdd<T>(mu, speed, slope) : speed, point));
    w += VECTOR;
    g += VECTOR;
    u += VECTOR;
  }
  for (; n > 0; n--) {
    const point = loadOne<T>(w);
    const slope = multiplyAdd<T>(decay, point, v128.mul<T>(factor, loadOne<T>(g)));
    const speed = multiplyAdd<T>(mu, loadOne<T>(u), slope);
    storeOne<T>(u, speed);
    storeOne<T>(w, multiplyAdd<T>(rate, nesterov ? multiplyAdd<T>(mu, speed, slope) : speed, point));
    w += sizeof<T>();
    g += sizeof<T>();
    u += sizeof<T>();
  }
}

/** `first` and `second` correct the means for their start at 0. */
// exported for f32, f64
export function adamwUpdate<T>(
  w: usize, g: usize, m: usize, v: usize, learningRate: f64, beta1: f64, beta2: f64, epsilon: f64, weightDecay: f64,
  scale: f64, first: f64, second: f64, begin: i32, end: i32,
): void {
  const rate = v128.splat<T>(<T> -learningRate), decay = v128.splat<T>(<T> weightDecay);
  const factor = v128.splat<T>(<T> scale), least = v128.splat<T>(<T> epsilon);
  const keep1 = v128.splat<T>(<T> beta1), take1 = v128.splat<T>(<T> (1 - beta1)), correct1 = v128.splat<T>(<T> first);
  const keep2 = v128.splat<T>(<T> beta2), take2 = v128.splat<T>(<T> (1 - beta2)), correct2 = v128.splat<T>(<T> second);
  for (let i = begin; i < end;) {
    const whole = end - i >= lanes<T>(), place = <usize> i * sizeof<T>();
    const point = whole ? v128.load(w + place) : loadOne<T>(w + place);
    const slope = v128.mul<T>(factor, whole ? v128.load(g + place) : loadOne<T>(g + place));
    const m0 = whole ? v128.load(m + place) : loadOne<T>(m + place);
    const v0 = whole ? v128.load(v + place) : loadOne<T>(v + place);
    const mean = multiplyAdd<T>(keep1, m0, v128.mul<T>(take1, slope));
    const square = multiplyAdd<T>(keep2, v0, v128.mul<T>(v128.mul<T>(take2, slope), slope));
    const root = v128.add<T>(v128.sqrt<T>(v128.mul<T>(square, correct2)), least);
    const step = multiplyAdd<T>(decay, point, v128.div<T>(v128.mul<T>(mean, correct1), root));
    const next = multiplyAdd<T>(rate, step, point);
    if (whole) {
      v128.store(m + place, mean);
      v128.store(v + place, square);
      v128.store(w + place, next);
      i += lanes<T>();
    } else {
      storeOne<T>(m + place, mean);
      storeOne<T>(v + place, square);
      storeOne<T>(w + place, next);
      i++;
    }
  }
}
