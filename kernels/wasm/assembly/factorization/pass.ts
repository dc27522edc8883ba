// One pass over X [rows, columns] for X ~ W H: for a block of rows at a time, which stays in L1, the inner products
// P = X H^T, sweeps of the weights, and the sums W X of the part; then W W^T of the part. Parts follow from the number of
// rows alone and are added in their order, so that sums are the same however parts are shared out.
//
// X, H [rank, columns], W [rank, rows] and the sums [parts x rank, columns] are T; G = H H^T and the parts of W W^T
// [parts x rank, rank] are f64; strides in elements. [begin, end) are the parts of this call. Scratch: G in T, the
// reciprocals of its diagonal, P and W as tiles.
//
// Components go by threes and twos: four of them are two twos, since one by itself costs as much as two.

import { axpyInline, dot } from "../dense/vector";
import { at, lanes, multiplyAdd } from "../simd";
import { sweepTile } from "./nonnegative";
import { loadGram, loadInverses, loadTile, splatAt, storeTile, TILE_ROW, tileColumns } from "./tile";

/** Rows of a block: few enough for L1, and so many that loading and storing the sums is a small part. */
const BLOCK_ROWS: i32 = 32;

/** Parts begin at multiples of so many rows. */
const PART_STEP: i32 = 8;

@inline
function partBegin(part: i32, count: i32, rows: i32): i32 {
  return part == count ? rows : <i32>(<i64>part * <i64>rows / <i64>count) & -PART_STEP;
}

// exported for f32, f64
export function nonnegativePass<T>(
  rows: i32, columns: i32, rank: i32, sweeps: i32, partCount: i32, x: usize, xStride: i32, h: usize, hStride: i32,
  gram: usize, gramStride: i32, factor: usize, factorStride: i32, parts: usize, partsStride: i32,
  gramParts: usize, gramPartsStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>(), line = <usize>xStride * size, sumsLine = <usize>partsStride * size;
  const hLine = <usize>hStride * size, wLine = <usize>factorStride * size;
  const threes = rank % 3 == 1 && rank > 3 ? rank - 4 : rank - rank % 3;
  const M = scratch, inverses = at(M, rank * rank, size);
  const P = (at(inverses, rank, size) + 15) & ~15, W = at(P, rank, TILE_ROW);
  loadGram<T>(rank, gram, gramStride, M);
  loadInverses<T>(rank, gram, gramStride, inverses);
  for (let part = begin; part < end; part++) {
    const sums = at(parts, part * rank, sumsLine);
    const start = partBegin(part, partCount, rows), last = partBegin(part + 1, partCount, rows);
    for (let t = 0; t < rank; t++) memory.fill(at(sums, t, sumsLine), 0, <usize>columns * size);
    for (let block = start; block < last; block += BLOCK_ROWS) {
      const stop = min(block + BLOCK_ROWS, last);
      for (let i = block; i < stop; i += tileColumns<T>()) {
        const count = min(tileColumns<T>(), stop - i), first = at(x, i, line);
        for (let r = 0; r < count; r += 4) {
          const a = at(first, r, line), left = count - r - 1, target = at(P, r, size);
          // Rows beyond the last are the last once more, and nobody looks at their products.
          const b = at(a, min(1, left), line), c = at(a, min(2, left), line), d = at(a, min(3, left), line);
          let t = 0;
          for (; t < threes; t += 3) dots<T>(3, columns, a, b, c, d, at(h, t, hLine), hLine, at(target, t, TILE_ROW));
          for (; t + 1 < rank; t += 2) dots<T>(2, columns, a, b, c, d, at(h, t, hLine), hLine, at(target, t, TILE_ROW));
          if (t < rank) dots<T>(1, columns, a, b, c, d, at(h, t, hLine), hLine, at(target, t, TILE_ROW));
        }
        loadTile<T>(rank, count, at(factor, i, size), factorStride, W);
        sweepTile<T>(rank, sweeps, 0, M, inverses, P, W);
        storeTile<T>(rank, count, W, at(factor, i, size), factorStride);
      }
      const count = stop - block, first = at(x, block, line), w = at(factor, block, size);
      let t = 0;
      for (; t < threes; t += 3) accumulate<T>(3, columns, count, first, line, at(w, t, wLine), wLine, at(sums, t, sumsLine), sumsLine);
      for (; t + 1 < rank; t += 2) accumulate<T>(2, columns, count, first, line, at(w, t, wLine), wLine, at(sums, t, sumsLine), sumsLine);
      if (t < rank) accumulate<T>(1, columns, count, first, line, at(w, t, wLine), wLine, at(sums, t, sumsLine), sumsLine);
    }
    for (let t = 0; t < rank; t++) {
      const own = at(factor, t * factorStride + start, size);
      for (let s = t; s < rank; s++) {
        const product = dot<T>(last - start, own, at(factor, s * factorStride + start, size));
        store<f64>(at(gramParts, (part * rank + t) * gramPartsStride + s, 8), product);
      }
    }
  }
}

/** Products of four rows with up to three components, a number a row next to one another in each row of a tile. */
@inline
function dots<T>(
  terms: i32, columns: i32, a: usize, b: usize, c: usize, d: usize, h: usize, hLine: usize, target: usize,
): void {
  const size: usize = sizeof<T>(), step = lanes<T>(), whole = columns - columns % step, zero = i64x2.splat(0);
  const second = h + hLine, third = h + 2 * hLine;
  let a0 = zero, b0 = zero, c0 = zero, d0 = zero, a1 = zero, b1 = zero, c1 = zero, d1 = zero;
  let a2 = zero, b2 = zero, c2 = zero, d2 = zero;
  for (let j = 0; j < whole; j += step) {
    const k = at(0, j, size), h0 = v128.load(h + k);
    const h1 = terms > 1 ? v128.load(second + k) : zero, h2 = terms > 2 ? v128.load(third + k) : zero;
    let v = v128.load(a + k);
    a0 = multiplyAdd<T>(h0, v, a0);
    if (terms > 1) a1 = multiplyAdd<T>(h1, v, a1);
    if (terms > 2) a2 = multiplyAdd<T>(h2, v, a2);
    v = v128.load(b + k);
    b0 = multiplyAdd<T>(h0, v, b0);
    if (terms > 1) b1 = multiplyAdd<T>(h1, v, b1);
    if (terms > 2) b2 = multiplyAdd<T>(h2, v, b2);
    v = v128.load(c + k);
    c0 = multiplyAdd<T>(h0, v, c0);
    if (terms > 1) c1 = multiplyAdd<T>(h1, v, c1);
    if (terms > 2) c2 = multiplyAdd<T>(h2, v, c2);
    v = v128.load(d + k);
    d0 = multiplyAdd<T>(h0, v, d0);
    if (terms > 1) d1 = multiplyAdd<T>(h1, v, d1);
    if (terms > 2) d2 = multiplyAdd<T>(h2, v, d2);
  }
  storeDots<T>(columns, whole, a, b, c, d, h, a0, b0, c0, d0, target);
  if (terms > 1) storeDots<T>(columns, whole, a, b, c, d, second, a1, b1, c1, d1, target + TILE_ROW);
  if (terms > 2) storeDots<T>(columns, whole, a, b, c, d, third, a2, b2, c2, d2, target + 2 * TILE_ROW);
}

/** The sums of the lanes of four products, and what is left of their rows. */
@inline
function storeDots<T>(
  columns: i32, whole: i32, a: usize, b: usize, c: usize, d: usize, h: usize,
  a0: v128, b0: v128, c0: v128, d0: v128, target: usize,
): void {
  const size: usize = sizeof<T>();
  if (sizeof<T>() == 4) {
    const ab = f32x4.add(i32x4.shuffle(a0, b0, 0, 4, 1, 5), i32x4.shuffle(a0, b0, 2, 6, 3, 7));
    const cd = f32x4.add(i32x4.shuffle(c0, d0, 0, 4, 1, 5), i32x4.shuffle(c0, d0, 2, 6, 3, 7));
    v128.store(target, f32x4.add(i64x2.shuffle(ab, cd, 0, 2), i64x2.shuffle(ab, cd, 1, 3)));
  } else {
    v128.store(target, f64x2.add(i64x2.shuffle(a0, b0, 0, 2), i64x2.shuffle(a0, b0, 1, 3)));
    v128.store(target, f64x2.add(i64x2.shuffle(c0, d0, 0, 2), i64x2.shuffle(c0, d0, 1, 3)), 16);
  }
  for (let j = whole; j < columns; j++) {
    const k = at(0, j, size), value = load<T>(h + k);
    add<T>(target, load<T>(a + k) * value);
    add<T>(at(target, 1, size), load<T>(b + k) * value);
    add<T>(at(target, 2, size), load<T>(c + k) * value);
    add<T>(at(target, 3, size), load<T>(d + k) * value);
  }
}

@inline
function add<T>(p: usize, value: T): void {
  store<T>(p, load<T>(p) + value);
}

/** Adds `w_r x_r` over rows, two at a time, for up to three rows of weights. */
@inline
function accumulate<T>(
  terms: i32, columns: i32, count: i32, x: usize, line: usize, w: usize, wLine: usize, sums: usize, sumsLine: usize,
): void {
  const size: usize = sizeof<T>(), step = lanes<T>(), zero = i64x2.splat(0), even = count & ~1;
  const second = sums + sumsLine, third = sums + 2 * sumsLine;
  let j = 0;
  for (; j + 4 * step <= columns; j += 4 * step) {
    const k = at(0, j, size);
    let a0 = v128.load(sums + k), a1 = v128.load(sums + k, 16), a2 = v128.load(sums + k, 32), a3 = v128.load(sums + k, 48);
    let b0 = zero, b1 = zero, b2 = zero, b3 = zero, c0 = zero, c1 = zero, c2 = zero, c3 = zero;
    if (terms > 1) {
      b0 = v128.load(second + k);
      b1 = v128.load(second + k, 16);
      b2 = v128.load(second + k, 32);
      b3 = v128.load(second + k, 48);
    }
    if (terms > 2) {
      c0 = v128.load(third + k);
      c1 = v128.load(third + k, 16);
      c2 = v128.load(third + k, 32);
      c3 = v128.load(third + k, 48);
    }
    let row = x + k, own = w;
    for (let r = 0; r < even; r += 2) {
      let u = splatAt<T>(own), v = terms > 1 ? splatAt<T>(own + wLine) : zero;
      let y = terms > 2 ? splatAt<T>(own + 2 * wLine) : zero, e = v128.load(row);
      a0 = multiplyAdd<T>(u, e, a0);
      if (terms > 1) b0 = multiplyAdd<T>(v, e, b0);
      if (terms > 2) c0 = multiplyAdd<T>(y, e, c0);
      e = v128.load(row, 16);
      a1 = multiplyAdd<T>(u, e, a1);
      if (terms > 1) b1 = multiplyAdd<T>(v, e, b1);
      if (terms > 2) c1 = multiplyAdd<T>(y, e, c1);
      e = v128.load(row, 32);
      a2 = multiplyAdd<T>(u, e, a2);
      if (terms > 1) b2 = multiplyAdd<T>(v, e, b2);
      if (terms > 2) c2 = multiplyAdd<T>(y, e, c2);
      e = v128.load(row, 48);
      a3 = multiplyAdd<T>(u, e, a3);
      if (terms > 1) b3 = multiplyAdd<T>(v, e, b3);
      if (terms > 2) c3 = multiplyAdd<T>(y, e, c3);
      row += line;
      own += size;
      u = splatAt<T>(own);
      if (terms > 1) v = splatAt<T>(own + wLine);
      if (terms > 2) y = splatAt<T>(own + 2 * wLine);
      e = v128.load(row);
      a0 = multiplyAdd<T>(u, e, a0);
      if (terms > 1) b0 = multiplyAdd<T>(v, e, b0);
      if (terms > 2) c0 = multiplyAdd<T>(y, e, c0);
      e = v128.load(row, 16);
      a1 = multiplyAdd<T>(u, e, a1);
      if (terms > 1) b1 = multiplyAdd<T>(v, e, b1);
      if (terms > 2) c1 = multiplyAdd<T>(y, e, c1);
      e = v128.load(row, 32);
      a2 = multiplyAdd<T>(u, e, a2);
      if (terms > 1) b2 = multiplyAdd<T>(v, e, b2);
      if (terms > 2) c2 = multiplyAdd<T>(y, e, c2);
      e = v128.load(row, 48);
      a3 = multiplyAdd<T>(u, e, a3);
      if (terms > 1) b3 = multiplyAdd<T>(v, e, b3);
      if (terms > 2) c3 = multiplyAdd<T>(y, e, c3);
      row += line;
      own += size;
    }
    v128.store(sums + k, a0);
    v128.store(sums + k, a1, 16);
    v128.store(sums + k, a2, 32);
    v128.store(sums + k, a3, 48);
    if (terms > 1) {
      v128.store(second + k, b0);
      v128.store(second + k, b1, 16);
      v128.store(second + k, b2, 32);
      v128.store(second + k, b3, 48);
    }
    if (terms > 2) {
      v128.store(third + k, c0);
      v128.store(third + k, c1, 16);
      v128.store(third + k, c2, 32);
      v128.store(third + k, c3, 48);
    }
  }
  for (; j + step <= columns; j += step) {
    const k = at(0, j, size);
    let a = v128.load(sums + k), b = terms > 1 ? v128.load(second + k) : zero, c = terms > 2 ? v128.load(third + k) : zero;
    let row = x + k, own = w;
    for (let r = 0; r < even; r++) {
      const e = v128.load(row);
      a = multiplyAdd<T>(splatAt<T>(own), e, a);
      if (terms > 1) b = multiplyAdd<T>(splatAt<T>(own + wLine), e, b);
      if (terms > 2) c = multiplyAdd<T>(splatAt<T>(own + 2 * wLine), e, c);
      row += line;
      own += size;
    }
    v128.store(sums + k, a);
    if (terms > 1) v128.store(second + k, b);
    if (terms > 2) v128.store(third + k, c);
  }
  for (; j < columns; j++) {
    const k = at(0, j, size);
    for (let t = 0; t < terms; t++) {
      const target = at(sums, t, sumsLine) + k, own = at(w, t, wLine);
      let sum = load<T>(target), row = x + k;
      for (let r = 0; r < even; r++) {
        sum += load<T>(at(own, r, size)) * load<T>(row);
        row += line;
      }
      store<T>(target, sum);
    }
  }
  if (count == even) return;
  for (let t = 0; t < terms; t++) {
    axpyInline<T>(columns, load<T>(at(w, t, wLine) + at(0, even, size)), at(x, even, line), at(sums, t, sumsLine));
  }
}

/** linear = the sum of the parts, in their order, and the Gram matrix that of its own; columns split. */
// exported for f32, f64
export function sumParts<T>(
  rank: i32, count: i32, parts: usize, partsStride: i32, linear: usize, linearStride: i32,
  gramParts: usize, gramPartsStride: i32, gram: usize, gramStride: i32, begin: i32, end: i32,
): void {
  if (begin == 0) sumGrams(rank, count, gramParts, gramPartsStride, gram, gramStride);
  const size: usize = sizeof<T>(), line = <usize>partsStride * size, step = lanes<T>();
  for (let t = 0; t < rank; t++) {
    const target = at(linear, t, <usize>linearStride * size), first = at(parts, t, line);
    let j = begin;
    for (; j + 4 * step <= end; j += 4 * step) {
      let a = i64x2.splat(0), b = a, c = a, d = a, source = at(first, j, size);
      for (let part = 0; part < count; part++) {
        a = v128.add<T>(a, v128.load(source));
        b = v128.add<T>(b, v128.load(source, 16));
        c = v128.add<T>(c, v128.load(source, 32));
        d = v128.add<T>(d, v128.load(source, 48));
        source += rank * line;
      }
      const place = at(target, j, size);
      v128.store(place, a);
      v128.store(place, b, 16);
      v128.store(place, c, 32);
      v128.store(place, d, 48);
    }
    for (; j < end; j++) {
      let sum: T = 0, source = at(first, j, size);
      for (let part = 0; part < count; part++) {
        sum += load<T>(source);
        source += rank * line;
      }
      store<T>(at(target, j, size), sum);
    }
  }
}

/** Both triangles of a symmetric matrix, from the upper ones of its parts. */
function sumGrams(rank: i32, count: i32, parts: usize, partsStride: i32, gram: usize, gramStride: i32): void {
  const part = <usize>(rank * partsStride) * 8;
  for (let t = 0; t < rank; t++) {
    for (let s = t; s < rank; s++) {
      let sum: f64 = 0, source = at(parts, t * partsStride + s, 8);
      for (let i = 0; i < count; i++) {
        sum += load<f64>(source);
        source += part;
      }
      store<f64>(at(gram, t * gramStride + s, 8), sum);
      store<f64>(at(gram, s * gramStride + t, 8), sum);
    }
  }
}
