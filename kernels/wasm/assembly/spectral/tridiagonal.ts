// Symmetric matrix to tridiagonal form and its eigenvalues. Matrices of T, vectors and rotations of f64.
//
// tridiagonalize    for column j: v = a[j, j+1:] made a Householder vector in place,
//                   p = factor A v, w = p - (factor / 2)(p . v) v, A -= v w^T + w v^T over the trailing block
// tridiagonalBasis  row i of Q^T = e_i H_(i-1) ... H_0
// tridiagonalQl     implicit QL; rotations are recorded, and rotateRows applies them
// rotateRows        a slice of columns takes all rotations at once: consecutive ones share a row, which stays in
//                   registers, four vectors wide
import { axpyInline, dot } from "../dense/vector";
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** Columns begin..end; scratch: n elements of T. */
// exported for f32, f64
export function tridiagonalize<T>(
  n: i32, a: usize, aRowStride: i32, diagonal: usize, offDiagonal: usize, factors: usize, begin: i32, end: i32,
  scratch: usize,
): void {
  const row = <usize>aRowStride * sizeof<T>();
  for (let j = begin; j < end; j++) {
    const first = j + 1, size = n - first, pivot = at(at(a, j, row), j, sizeof<T>());
    const e = at(offDiagonal, j, 8), f = at(factors, j, 8), v = pivot + sizeof<T>();
    store<f64>(at(diagonal, j, 8), <f64>load<T>(pivot));
    store<f64>(e, 0);
    store<f64>(f, 0);
    if (size == 0) continue;
    const head = <f64>load<T>(v);
    store<f64>(e, head);
    const tail = dot<T>(size - 1, v + sizeof<T>(), v + sizeof<T>());
    if (tail == 0) continue;
    const norm = sqrt(head * head + tail), beta = head > 0 ? -norm : norm;
    store<f64>(e, beta);
    store<T>(v, <T>(head - beta));
    const factor = 1 / (norm * (norm + abs(head)));
    store<f64>(f, factor);
    const block = at(at(a, first, row), first, sizeof<T>());
    let inner: f64 = 0;
    for (let i = 0; i < size; i++) {
      const product = <T>(factor * dot<T>(size, at(block, i, row), v));
      store<T>(at(scratch, i, sizeof<T>()), product);
      inner += <f64>product * <f64>load<T>(at(v, i, sizeof<T>()));
    }
    axpyInline<T>(size, <T>(-factor / 2 * inner), v, scratch);
    for (let i = 0; i < size; i++) {
      subtractTwo<T>(
        size, at(block, i, row), load<T>(at(v, i, sizeof<T>())), scratch, load<T>(at(scratch, i, sizeof<T>())), v,
      );
    }
  }
}

/** x -= s y + t z over n elements. */
@inline
function subtractTwo<T>(n: i32, x: usize, s: T, y: usize, t: T, z: usize): void {
  const one = v128.splat<T>(-s), two = v128.splat<T>(-t);
  for (; n >= lanes<T>(); n -= lanes<T>()) {
    v128.store(x, multiplyAdd<T>(one, v128.load(y), multiplyAdd<T>(two, v128.load(z), v128.load(x))));
    x += VECTOR;
    y += VECTOR;
    z += VECTOR;
  }
  for (; n > 0; n--) {
    storeOne<T>(x, multiplyAdd<T>(one, loadOne<T>(y), multiplyAdd<T>(two, loadOne<T>(z), loadOne<T>(x))));
    x += sizeof<T>();
    y += sizeof<T>();
    z += sizeof<T>();
  }
}

/** Rows begin..end of Q^T. */
// exported for f32, f64
export function tridiagonalBasis<T>(
  n: i32, a: usize, aRowStride: i32, factors: usize, vectors: usize, vectorStride: i32, first: i32,
  begin: i32, end: i32,
): void {
  const row = <usize>aRowStride * sizeof<T>(), other = <usize>vectorStride * sizeof<T>();
  for (let i = first + begin; i < first + end; i++) {
    const x = at(vectors, i, other);
    memory.fill(x, 0, <usize>n * sizeof<T>());
    store<T>(at(x, i, sizeof<T>()), 1);
    for (let j = i - 1; j >= 0; j--) {
      const factor = load<f64>(at(factors, j, 8));
      if (factor == 0) continue;
      const size = n - j - 1, v = at(at(a, j, row), j + 1, sizeof<T>()), part = at(x, j + 1, sizeof<T>());
      axpyInline<T>(size, <T>(-factor * dot<T>(size, part, v)), v, part);
    }
  }
}

/** Most sweeps for one eigenvalue; two are usual. */
const MOST_SWEEPS: i32 = 60;

/** Sweeps after which what is small beside the whole matrix is small enough, as rounding of its reduction is. */
const PATIENT_SWEEPS: i32 = 20;

/** QL with Wilkinson's shift until the room is full; returns the rotations, 0 at the end, -1 without convergence. */
export function tridiagonalQl_f64(
  n: i32, d: usize, e: usize, state: usize, room: i32, places: usize, rotations: usize,
): i32 {
  let count = 0, low = load<i32>(state), sweeps = load<i32>(state, 4);
  let largest: f64 = 0;
  for (let i = 0; i < n; i++) largest = max(largest, abs(get(d, i)));
  while (low < n) {
    const least: f64 = sweeps < PATIENT_SWEEPS ? 0 : f64.EPSILON * largest;
    let high = low;
    while (high < n - 1 && abs(get(e, high)) > max(least, f64.EPSILON * (abs(get(d, high)) + abs(get(d, high + 1))))) high++;
    if (high == low) {
      low++;
      sweeps = 0;
      continue;
    }
    if (room - count < high - low) break;
    if (sweeps++ == MOST_SWEEPS) return -1;
    let g = (get(d, low + 1) - get(d, low)) / (2 * get(e, low)), r = sqrt(g * g + 1);
    g = get(d, high) - get(d, low) + get(e, low) / (g + (g < 0 ? -r : r));
    let s: f64 = 1, c: f64 = 1, p: f64 = 0, i = high - 1;
    for (; i >= low; i--) {
      const f = s * get(e, i), b = c * get(e, i);
      r = sqrt(f * f + g * g);
      set(e, i + 1, r);
      if (r == 0) {
        // The block falls apart here.
        set(d, i + 1, get(d, i + 1) - p);
        set(e, high, 0);
        break;
      }
      s = f / r;
      c = g / r;
      g = get(d, i + 1) - p;
      r = (get(d, i) - g) * s + 2 * c * b;
      p = s * r;
      set(d, i + 1, g + p);
      g = c * r - b;
      store<i32>(at(places, count, 4), i);
      set(rotations, 2 * count, c);
      set(rotations, 2 * count + 1, s);
      count++;
    }
    if (i >= low) continue;
    set(d, low, get(d, low) - p);
    set(e, low, g);
    set(e, high, 0);
  }
  store<i32>(state, low);
  store<i32>(state, sweeps, 4);
  return count;
}

@inline
function get(base: usize, i: i32): f64 {
  return load<f64>(at(base, i, 8));
}

@inline
function set(base: usize, i: i32, value: f64): void {
  store<f64>(at(base, i, 8), value);
}

/** Columns begin..end of all rows that `count` rotations turn. */
// exported for f32, f64
export function rotateRows<T>(
  count: i32, places: usize, rotations: usize, vectors: usize, vectorStride: i32, begin: i32, end: i32,
): void {
  const row = <usize>vectorStride * sizeof<T>(), wide = 4 * lanes<T>();
  let j = begin;
  for (; end - j >= wide; j += wide) rotateWide<T>(count, places, rotations, at(vectors, j, sizeof<T>()), row);
  for (; end - j >= lanes<T>(); j += lanes<T>()) {
    rotateNarrow<T>(count, places, rotations, at(vectors, j, sizeof<T>()), row, true);
  }
  for (; j < end; j++) rotateNarrow<T>(count, places, rotations, at(vectors, j, sizeof<T>()), row, false);
}

/** s x + c y. */
@inline
function mixed<T>(s: v128, x: v128, c: v128, y: v128): v128 {
  return multiplyAdd<T>(s, x, v128.mul<T>(c, y));
}

function rotateWide<T>(count: i32, places: usize, rotations: usize, x: usize, row: usize): void {
  let held = -1, top: usize = 0;
  let h0 = i64x2.splat(0), h1 = h0, h2 = h0, h3 = h0;
  for (let k = 0; k < count; k++) {
    const i = load<i32>(at(places, k, 4));
    if (i + 1 != held) {
      if (held >= 0) {
        v128.store(top, h0);
        v128.store(top, h1, VECTOR);
        v128.store(top, h2, 2 * VECTOR);
        v128.store(top, h3, 3 * VECTOR);
      }
      top = at(x, i + 1, row);
      h0 = v128.load(top);
      h1 = v128.load(top, VECTOR);
      h2 = v128.load(top, 2 * VECTOR);
      h3 = v128.load(top, 3 * VECTOR);
    }
    const turn = at(rotations, k, 16);
    const cosine = load<f64>(turn), sine = load<f64>(turn, 8);
    const c = v128.splat<T>(<T>cosine), s = v128.splat<T>(<T>sine), negative = v128.splat<T>(<T>-sine);
    const low = at(x, i, row);
    const l0 = v128.load(low), l1 = v128.load(low, VECTOR);
    const l2 = v128.load(low, 2 * VECTOR), l3 = v128.load(low, 3 * VECTOR);
    v128.store(top, mixed<T>(s, l0, c, h0));
    v128.store(top, mixed<T>(s, l1, c, h1), VECTOR);
    v128.store(top, mixed<T>(s, l2, c, h2), 2 * VECTOR);
    v128.store(top, mixed<T>(s, l3, c, h3), 3 * VECTOR);
    h0 = mixed<T>(negative, h0, c, l0);
    h1 = mixed<T>(negative, h1, c, l1);
    h2 = mixed<T>(negative, h2, c, l2);
    h3 = mixed<T>(negative, h3, c, l3);
    held = i;
    top = low;
  }
  if (held < 0) return;
  v128.store(top, h0);
  v128.store(top, h1, VECTOR);
  v128.store(top, h2, 2 * VECTOR);
  v128.store(top, h3, 3 * VECTOR);
}

@inline
function fetch<T>(p: usize, whole: bool): v128 {
  return whole ? v128.load(p) : loadOne<T>(p);
}

@inline
function put<T>(p: usize, value: v128, whole: bool): void {
  if (whole) v128.store(p, value);
  else storeOne<T>(p, value);
}

/** One vector wide, or one element. */
@inline
function rotateNarrow<T>(count: i32, places: usize, rotations: usize, x: usize, row: usize, whole: bool): void {
  for (let k = 0; k < count; k++) {
    const low = at(x, load<i32>(at(places, k, 4)), row), top = low + row, turn = at(rotations, k, 16);
    const cosine = load<f64>(turn), sine = load<f64>(turn, 8);
    const c = v128.splat<T>(<T>cosine), s = v128.splat<T>(<T>sine), negative = v128.splat<T>(<T>-sine);
    const l = fetch<T>(low, whole), h = fetch<T>(top, whole);
    put<T>(top, mixed<T>(s, l, c, h), whole);
    put<T>(low, mixed<T>(negative, h, c, l), whole);
  }
}
