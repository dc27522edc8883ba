// Steps of factors over observed entries. Entries are listed by line: `indptr` u32 [lines + 1], `indices` u32 the line of
// the other side, `order` u32 the entry (0: they stand in order). Factors are rows of `rank` f64, `stride` apart.
//
// A step of a line: with b~ = [b, 1] where there are offsets, N = sum h b~ b~^T + diag(penalty), d = sum g b~ +
// diag(penalty) a~, and a~ -= N^-1 d by Cholesky. Four entries at a time share the traffic to N; the last ones are
// filled up with entries of weight zero, so that a line's sums do not depend on anything but the line.

import { f64At, u32At } from "../l0/memory";
import { multiplyAdd } from "../simd";

export function factorSteps_f64(
  indptr: usize, order: usize, indices: usize, gradients: usize, curvatures: usize,
  rank: i32, other: usize, otherStride: i32, penalty: f64, offsetPenalty: f64,
  factor: usize, factorStride: i32, offsets: usize, begin: i32, end: i32, scratch: usize,
): void {
  const size = rank + (offsets ? 1 : 0);
  if (size == 0) return;
  const stride = size + (size & 1), row = <usize> stride << 3;
  const normal = scratch, step = normal + <usize> stride * row, lines = step + row, scaled = lines + 4 * row;
  for (let i = begin; i < end; i++) {
    const a = factor + (<usize> i * factorStride << 3);
    memory.fill(normal, 0, <usize> stride * row);
    store<f64>(f64At(step, stride - 1), 0);
    for (let p = 0; p < size; p++) {
      const own = p < rank ? penalty : offsetPenalty;
      store<f64>(f64At(normal + <usize> p * row, p), own);
      store<f64>(f64At(step, p), own * load<f64>(p < rank ? f64At(a, p) : f64At(offsets, i)));
    }
    const stop = u32At(indptr, i + 1);
    for (let at = u32At(indptr, i); at < stop; at += 4) {
      gather(at, min(4, stop - at), order, indices, gradients, curvatures, rank, size, stride, other, otherStride, step, lines, scaled);
      addProducts(size, row, normal, lines, scaled);
    }
    solve(size, row, normal, step);
    for (let p = 0; p < rank; p++) store<f64>(f64At(a, p), load<f64>(f64At(a, p)) - load<f64>(f64At(step, p)));
    if (offsets) {
      const place = f64At(offsets, i);
      store<f64>(place, load<f64>(place) - load<f64>(f64At(step, rank)));
    }
  }
}

/** Copies the lines of `count` entries and their multiples by the curvature; adds their gradients to the step. */
@inline
function gather(
  at: i32, count: i32, order: usize, indices: usize, gradients: usize, curvatures: usize,
  rank: i32, size: i32, stride: i32, other: usize, otherStride: i32, step: usize, lines: usize, scaled: usize,
): void {
  const bytes = <usize> stride << 3;
  if (count < 4) memory.fill(lines, 0, 8 * bytes);
  for (let e = 0; e < count; e++) {
    const k = order ? u32At(order, at + e) : at + e;
    const b = other + (<usize> u32At(indices, at + e) * otherStride << 3);
    const g = f64x2.splat(load<f64>(f64At(gradients, k))), h = f64x2.splat(load<f64>(f64At(curvatures, k)));
    const line = lines + <usize> e * bytes, multiple = scaled + <usize> e * bytes;
    memory.copy(line, b, <usize> rank << 3);
    if (rank < size) store<f64>(f64At(line, rank), 1);
    if (size < stride) store<f64>(f64At(line, size), 0);
    for (let p: usize = 0; p < bytes; p += 16) {
      const value = v128.load(line + p);
      v128.store(multiple + p, f64x2.mul(h, value));
      v128.store(step + p, multiplyAdd<f64>(g, value, v128.load(step + p)));
    }
  }
}

/** Adds four outer products to the lower triangle, whole vectors at a time, two rows together; a last one has one of zeros beside it. */
@inline
function addProducts(size: i32, row: usize, normal: usize, lines: usize, scaled: usize): void {
  const l1 = lines + row, l2 = l1 + row, l3 = l2 + row;
  for (let p = 0; p < size; p += 2) {
    const h = f64At(scaled, p), first = normal + <usize> p * row, second = first + row;
    const a0 = v128.load64_splat(h), a1 = v128.load64_splat(h + row);
    const a2 = v128.load64_splat(h + 2 * row), a3 = v128.load64_splat(h + 3 * row);
    const b0 = v128.load64_splat(h + 8), b1 = v128.load64_splat(h + row + 8);
    const b2 = v128.load64_splat(h + 2 * row + 8), b3 = v128.load64_splat(h + 3 * row + 8);
    for (let q: usize = 0; q <= <usize> p << 3; q += 16) {
      const x0 = v128.load(lines + q), x1 = v128.load(l1 + q), x2 = v128.load(l2 + q), x3 = v128.load(l3 + q);
      let a = multiplyAdd<f64>(a0, x0, v128.load(first + q)), b = multiplyAdd<f64>(b0, x0, v128.load(second + q));
      a = multiplyAdd<f64>(a1, x1, a);
      b = multiplyAdd<f64>(b1, x1, b);
      a = multiplyAdd<f64>(a2, x2, a);
      b = multiplyAdd<f64>(b2, x2, b);
      v128.store(first + q, multiplyAdd<f64>(a3, x3, a));
      v128.store(second + q, multiplyAdd<f64>(b3, x3, b));
    }
  }
}

/** N = L L^T in the lower triangle, column by column, then step = N^-1 step. */
@inline
function solve(size: i32, row: usize, normal: usize, step: usize): void {
  for (let q = 0; q < size; q++) {
    const own = normal + <usize> q * row, place = f64At(step, q);
    const pivot = sqrt(load<f64>(f64At(own, q)) - product(q, own, own));
    store<f64>(f64At(own, q), pivot);
    store<f64>(place, (load<f64>(place) - product(q, own, step)) / pivot);
    let p = q + 1;
    for (; p + 4 <= size; p += 4) fourBelow(q, row, normal + <usize> p * row, own, pivot);
    for (; p < size; p++) {
      const below = normal + <usize> p * row, entry = f64At(below, q);
      store<f64>(entry, (load<f64>(entry) - product(q, below, own)) / pivot);
    }
  }
  for (let p = size - 1; p >= 0; p--) {
    const own = normal + <usize> p * row, place = f64At(step, p);
    const value = load<f64>(place) / load<f64>(f64At(own, p));
    store<f64>(place, value);
    for (let q = 0; q < p; q++) {
      const earlier = f64At(step, q);
      store<f64>(earlier, load<f64>(earlier) - load<f64>(f64At(own, q)) * value);
    }
  }
}

/** Elements of column `q` of L in four rows: their sums do not wait for one another. */
@inline
function fourBelow(q: i32, row: usize, first: usize, own: usize, pivot: f64): void {
  const second = first + row, third = second + row, fourth = third + row;
  let a = f64x2.splat(0), b = a, c = a, d = a, k = 0;
  for (; k + 2 <= q; k += 2) {
    const x = v128.load(f64At(own, k));
    a = multiplyAdd<f64>(v128.load(f64At(first, k)), x, a);
    b = multiplyAdd<f64>(v128.load(f64At(second, k)), x, b);
    c = multiplyAdd<f64>(v128.load(f64At(third, k)), x, c);
    d = multiplyAdd<f64>(v128.load(f64At(fourth, k)), x, d);
  }
  finish(q, k, first, own, a, pivot);
  finish(q, k, second, own, b, pivot);
  finish(q, k, third, own, c, pivot);
  finish(q, k, fourth, own, d, pivot);
}

@inline
function finish(q: i32, k: i32, below: usize, own: usize, sums: v128, pivot: f64): void {
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (k < q) sum += load<f64>(f64At(below, k)) * load<f64>(f64At(own, k));
  const entry = f64At(below, q);
  store<f64>(entry, (load<f64>(entry) - sum) / pivot);
}

@inline
function product(n: i32, x: usize, y: usize): f64 {
  let sums = f64x2.splat(0), p = 0;
  for (; p + 2 <= n; p += 2) sums = multiplyAdd<f64>(v128.load(f64At(x, p)), v128.load(f64At(y, p)), sums);
  let sum = f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
  if (p < n) sum += load<f64>(f64At(x, p)) * load<f64>(f64At(y, p));
  return sum;
}
