// Products of small matrices, without packing: C = op(A) B + beta C, for rows of B and C that are contiguous. Packing
// costs as much as it saves where there are few rows (micro-batches) or little to begin with.
//
// Tiles of 4 rows and two vectors of columns: the columns of a tile go down the whole depth in registers. Rows and columns
// at the edge run one by one through the same order of sums.

import { transpose as transposeSquare } from "../dense/pack";
import { at, broadcast, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";

/** Rows of a tile. */
const TILE: i32 = 4;

/** Whether this is faster than packing: `rows` of C, and elements of B. */
@inline
export function isDirect(rows: i32, elements: i32): bool {
  return rows <= 16 || elements <= 8192;
}

/** Rows of B and of C that are worked on together: their pages stay known to the processor. */
const DEPTH: i32 = 128, ROWS: i32 = 64;

/** {@linkcode directProduct} of matrices of many rows, by blocks of them: the same sums in the same order. */
export function directByBlocks<T>(
  m: i32, n: i32, k: i32, a: usize, aStride: i32, transposed: bool, b: usize, bStride: i32, beta: T, c: usize, cStride: i32,
): void {
  const size: usize = sizeof<T>();
  for (let p = 0; p == 0 || p < k; p += DEPTH) {
    const depth = min(DEPTH, k - p), factor = p > 0 ? <T> 1 : beta;
    for (let i = 0; i < m; i += ROWS) {
      directProduct<T>(
        min(ROWS, m - i), n, depth, at(a, transposed ? p * aStride + i : i * aStride + p, size), aStride, transposed,
        at(b, p * bStride, size), bStride, factor, at(c, i * cStride, size), cStride,
      );
    }
  }
}

/** C [m, n] = A [m, k] B + beta C, beta 0 or 1; A by rows of `aStride`, or, transposed, [k, m] by rows of `aStride`. */
export function directProduct<T>(
  m: i32, n: i32, k: i32, a: usize, aStride: i32, transposed: bool, b: usize, bStride: i32, beta: T, c: usize, cStride: i32,
): void {
  const aRow = <usize> aStride * sizeof<T>(), bRow = <usize> bStride * sizeof<T>(), cRow = <usize> cStride * sizeof<T>();
  const size: usize = sizeof<T>(), width = 2 * lanes<T>(), read = beta != 0;
  let j = 0;
  for (; j + width <= n; j += width) {
    const bj = at(b, j, size), cj = at(c, j, size);
    let i = 0;
    for (; i + TILE <= m; i += TILE) {
      const ci = at(cj, i, cRow);
      if (transposed) tileTransposed<T>(k, at(a, i, size), aRow, bj, bRow, read, ci, cRow);
      else tileOfRows<T>(k, at(a, i, aRow), aRow, bj, bRow, read, ci, cRow);
    }
    for (; i < m; i++) {
      const ai = at(a, i, transposed ? size : aRow);
      rowOfTwo<T>(k, ai, transposed ? aRow : size, bj, bRow, read, at(cj, i, cRow));
    }
  }
  const aNext = transposed ? size : aRow, aStep = transposed ? aRow : size;
  while (j < n) {
    // A vector, two elements of f32, or one.
    const count = n - j >= lanes<T>() ? lanes<T>() : sizeof<T>() == 4 && n - j >= 2 ? 2 : 1;
    const bj = at(b, j, size), cj = at(c, j, size);
    let i = 0;
    for (; i + 2 * TILE <= m; i += 2 * TILE) {
      edgeOfEight<T>(k, at(a, i, aNext), aNext, aStep, bj, bRow, read, at(cj, i, cRow), cRow, count);
    }
    for (; i + TILE <= m; i += TILE) edgeOfFour<T>(k, at(a, i, aNext), aNext, aStep, bj, bRow, read, at(cj, i, cRow), cRow, count);
    for (; i < m; i++) edgeOfOne<T>(k, at(a, i, aNext), aStep, bj, bRow, read, at(cj, i, cRow), count);
    j += count;
  }
}

/** The first `count` elements: a whole vector, two of f32, or one. */
@inline
function loadSome<T>(p: usize, count: i32): v128 {
  if (count == lanes<T>()) return v128.load(p);
  return sizeof<T>() == 4 && count == 2 ? v128.load64_zero(p) : loadOne<T>(p);
}

@inline
function storeSome<T>(p: usize, value: v128, count: i32): void {
  if (count == lanes<T>()) v128.store(p, value);
  else if (sizeof<T>() == 4 && count == 2) v128.store64_lane(p, value, 0);
  else storeOne<T>(p, value);
}

/** Eight rows, so that no sum waits for itself, and a few columns. */
function edgeOfEight<T>(
  k: i32, a: usize, aNext: usize, aStep: usize, b: usize, bRow: usize, read: bool, c: usize, cRow: usize, count: i32,
): void {
  let s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0, s4 = s0, s5 = s0, s6 = s0, s7 = s0;
  if (read) {
    let p = c;
    s0 = loadSome<T>(p, count);
    p += cRow;
    s1 = loadSome<T>(p, count);
    p += cRow;
    s2 = loadSome<T>(p, count);
    p += cRow;
    s3 = loadSome<T>(p, count);
    p += cRow;
    s4 = loadSome<T>(p, count);
    p += cRow;
    s5 = loadSome<T>(p, count);
    p += cRow;
    s6 = loadSome<T>(p, count);
    p += cRow;
    s7 = loadSome<T>(p, count);
  }
  for (; k > 0; k--) {
    const value = loadSome<T>(b, count);
    let p = a;
    s0 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s0);
    p += aNext;
    s1 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s1);
    p += aNext;
    s2 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s2);
    p += aNext;
    s3 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s3);
    p += aNext;
    s4 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s4);
    p += aNext;
    s5 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s5);
    p += aNext;
    s6 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s6);
    p += aNext;
    s7 = multiplyAdd<T>(v128.splat<T>(load<T>(p)), value, s7);
    a += aStep;
    b += bRow;
  }
  storeSome<T>(c, s0, count);
  c += cRow;
  storeSome<T>(c, s1, count);
  c += cRow;
  storeSome<T>(c, s2, count);
  c += cRow;
  storeSome<T>(c, s3, count);
  c += cRow;
  storeSome<T>(c, s4, count);
  c += cRow;
  storeSome<T>(c, s5, count);
  c += cRow;
  storeSome<T>(c, s6, count);
  c += cRow;
  storeSome<T>(c, s7, count);
}

/** Four rows and a few columns. */
function edgeOfFour<T>(
  k: i32, a0: usize, aNext: usize, aStep: usize, b: usize, bRow: usize, read: bool, c: usize, cRow: usize, count: i32,
): void {
  let a1 = a0 + aNext, a2 = a1 + aNext, a3 = a2 + aNext, s0 = i64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
  const c1 = c + cRow, c2 = c1 + cRow, c3 = c2 + cRow;
  if (read) {
    s0 = loadSome<T>(c, count);
    s1 = loadSome<T>(c1, count);
    s2 = loadSome<T>(c2, count);
    s3 = loadSome<T>(c3, count);
  }
  for (; k > 0; k--) {
    const value = loadSome<T>(b, count);
    s0 = multiplyAdd<T>(v128.splat<T>(load<T>(a0)), value, s0);
    s1 = multiplyAdd<T>(v128.splat<T>(load<T>(a1)), value, s1);
    s2 = multiplyAdd<T>(v128.splat<T>(load<T>(a2)), value, s2);
    s3 = multiplyAdd<T>(v128.splat<T>(load<T>(a3)), value, s3);
    a0 += aStep;
    a1 += aStep;
    a2 += aStep;
    a3 += aStep;
    b += bRow;
  }
  storeSome<T>(c, s0, count);
  storeSome<T>(c1, s1, count);
  storeSome<T>(c2, s2, count);
  storeSome<T>(c3, s3, count);
}

/** One row, a few columns. */
function edgeOfOne<T>(
  k: i32, a: usize, aStep: usize, b: usize, bRow: usize, read: bool, c: usize, count: i32,
): void {
  let sum = read ? loadSome<T>(c, count) : i64x2.splat(0);
  for (; k > 0; k--) {
    sum = multiplyAdd<T>(v128.splat<T>(load<T>(a)), loadSome<T>(b, count), sum);
    a += aStep;
    b += bRow;
  }
  storeSome<T>(c, sum, count);
}

/** Four rows of A, each contiguous: as many steps of the depth at a time as a vector has lanes. */
function tileOfRows<T>(
  k: i32, a0: usize, aRow: usize, b: usize, bRow: usize, read: bool, c: usize, cRow: usize,
): void {
  const a1 = a0 + aRow, a2 = a1 + aRow, a3 = a2 + aRow;
  let c00 = i64x2.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (read) {
    c00 = v128.load(c); c01 = v128.load(c, 16);
    c10 = v128.load(c + cRow); c11 = v128.load(c + cRow, 16);
    c20 = v128.load(c + 2 * cRow); c21 = v128.load(c + 2 * cRow, 16);
    c30 = v128.load(c + 3 * cRow); c31 = v128.load(c + 3 * cRow, 16);
  }
  let p: usize = 0;
  for (; k >= lanes<T>(); k -= lanes<T>()) {
    const v0 = v128.load(a0 + p), v1 = v128.load(a1 + p), v2 = v128.load(a2 + p), v3 = v128.load(a3 + p);
    let b0 = v128.load(b), b1 = v128.load(b, 16), s = broadcast<T>(v0, 0);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    s = broadcast<T>(v1, 0); c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    s = broadcast<T>(v2, 0); c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    s = broadcast<T>(v3, 0); c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    b += bRow;
    b0 = v128.load(b); b1 = v128.load(b, 16);
    s = broadcast<T>(v0, 1); c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    s = broadcast<T>(v1, 1); c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    s = broadcast<T>(v2, 1); c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    s = broadcast<T>(v3, 1); c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    b += bRow;
    if (sizeof<T>() == 4) {
      b0 = v128.load(b); b1 = v128.load(b, 16);
      s = broadcast<T>(v0, 2); c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
      s = broadcast<T>(v1, 2); c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
      s = broadcast<T>(v2, 2); c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
      s = broadcast<T>(v3, 2); c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
      b += bRow;
      b0 = v128.load(b); b1 = v128.load(b, 16);
      s = broadcast<T>(v0, 3); c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
      s = broadcast<T>(v1, 3); c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
      s = broadcast<T>(v2, 3); c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
      s = broadcast<T>(v3, 3); c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
      b += bRow;
    }
    p += VECTOR;
  }
  for (; k > 0; k--) {
    const b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = v128.splat<T>(load<T>(a0 + p)); c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    s = v128.splat<T>(load<T>(a1 + p)); c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    s = v128.splat<T>(load<T>(a2 + p)); c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    s = v128.splat<T>(load<T>(a3 + p)); c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    b += bRow;
    p += sizeof<T>();
  }
  v128.store(c, c00); v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10); v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20); v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30); v128.store(c, c31, 16);
}

/** Four columns of A, next to each other in each of its rows. */
function tileTransposed<T>(
  k: i32, a: usize, aRow: usize, b: usize, bRow: usize, read: bool, c: usize, cRow: usize,
): void {
  let c00 = i64x2.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00, c21 = c00, c30 = c00, c31 = c00;
  if (read) {
    c00 = v128.load(c); c01 = v128.load(c, 16);
    c10 = v128.load(c + cRow); c11 = v128.load(c + cRow, 16);
    c20 = v128.load(c + 2 * cRow); c21 = v128.load(c + 2 * cRow, 16);
    c30 = v128.load(c + 3 * cRow); c31 = v128.load(c + 3 * cRow, 16);
  }
  for (; k > 0; k--) {
    const v = v128.load(a), w = sizeof<T>() == 4 ? v : v128.load(a, 16), b0 = v128.load(b), b1 = v128.load(b, 16);
    let s = broadcast<T>(v, 0); c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    s = broadcast<T>(v, 1); c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    s = broadcast<T>(w, sizeof<T>() == 4 ? 2 : 0); c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    s = broadcast<T>(w, sizeof<T>() == 4 ? 3 : 1); c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    a += aRow;
    b += bRow;
  }
  v128.store(c, c00); v128.store(c, c01, 16);
  c += cRow;
  v128.store(c, c10); v128.store(c, c11, 16);
  c += cRow;
  v128.store(c, c20); v128.store(c, c21, 16);
  c += cRow;
  v128.store(c, c30); v128.store(c, c31, 16);
}

/** One row, two vectors of columns. */
function rowOfTwo<T>(k: i32, a: usize, aStep: usize, b: usize, bRow: usize, read: bool, c: usize): void {
  let c0 = i64x2.splat(0), c1 = c0;
  if (read) {
    c0 = v128.load(c);
    c1 = v128.load(c, 16);
  }
  for (; k > 0; k--) {
    const s = v128.splat<T>(load<T>(a));
    c0 = multiplyAdd<T>(s, v128.load(b), c0);
    c1 = multiplyAdd<T>(s, v128.load(b, 16), c1);
    a += aStep;
    b += bRow;
  }
  v128.store(c, c0);
  v128.store(c, c1, 16);
}

/** to [columns, rows] = from [rows, columns], by squares of as many rows as a vector has lanes. */
export function transpose<T>(rows: i32, columns: i32, from: usize, to: usize): void {
  const size: usize = sizeof<T>(), row = <usize> columns * size, column = <usize> rows * size;
  const wholeRows = rows & -lanes<T>(), wholeColumns = columns & -lanes<T>();
  for (let i = 0; i < wholeRows; i += lanes<T>()) {
    for (let j = 0; j < wholeColumns; j += lanes<T>()) {
      transposeSquare<T>(at(from, i, row) + at(0, j, size), row, at(to, j, column) + at(0, i, size), column);
    }
    copyColumns<T>(i, i + lanes<T>(), wholeColumns, columns, from, row, to, column);
  }
  copyColumns<T>(wholeRows, rows, 0, columns, from, row, to, column);
}

/** Some columns of some rows, one by one. */
function copyColumns<T>(
  firstRow: i32, lastRow: i32, first: i32, last: i32, from: usize, row: usize, to: usize, column: usize,
): void {
  const size: usize = sizeof<T>();
  for (let j = first; j < last; j++) {
    for (let i = firstRow; i < lastRow; i++) {
      store<T>(at(to, j, column) + at(0, i, size), load<T>(at(from, i, row) + at(0, j, size)));
    }
  }
}
