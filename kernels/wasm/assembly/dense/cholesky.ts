// Blocked Cholesky factor of the reversed order, A = R R^T with R upper triangular, in place: only the upper triangle
// of A is read. For each block J of CHOLESKY_BLOCK columns, from the last on (the one that is reached last may be
// narrower, and then the first step brings the rows above along, in place of the second):
//
//     choleskyBlock    A_JJ = R_JJ R_JJ^T, unblocked                       one call; zeroes below the diagonal
//     choleskySolve    A[0:J, J] = A[0:J, J] R_JJ^-T                        rows split
//     choleskyUpdate   A[0:J, 0:J] -= A[0:J, J] A[0:J, J]^T, upper half     pairs of rows split, as in syrk
//
// Scratch: CHOLESKY_SCRATCH elements for the solve, PRODUCT_SCRATCH for the update.

import { CHOLESKY_BLOCK } from "../../dense/cholesky_blocking";
import { pack } from "./pack";
import { at, broadcast, VECTOR } from "../simd";
import { gram } from "./syrk";
import { unpack } from "./unpack";
import { dot } from "./vector";

/** Rows of the tile of the solve: two vectors; and its columns. */
const TILE: i32 = 4;

/** Factors columns first..end, rows `top` to end; returns the index of a pivot that is not positive, or -1. */
export function choleskyBlock_f64(top: i32, first: i32, end: i32, a: usize, aRowStride: i32): i32 {
  const row = <usize>aRowStride * 8;
  for (let j = end - 1; j >= first; j--) {
    const pivotRow = at(a, j, row), right = j + 1;
    for (let i = j; i >= top; i--) {
      const p = at(at(a, i, row), j, 8);
      const rest = load<f64>(p) - dot<f64>(end - right, at(at(a, i, row), right, 8), at(pivotRow, right, 8));
      if (i < j) store<f64>(p, rest / load<f64>(at(pivotRow, j, 8)));
      else if (rest > 0) store<f64>(p, Math.sqrt(rest));
      else return j;
    }
  }
  for (let i = first; i < end; i++) memory.fill(at(a, i, row), 0, <usize>i * 8);
  return -1;
}

/** Rows begin..end of the CHOLESKY_BLOCK columns from `first` on, divided by the transpose of their diagonal block. */
export function choleskySolve_f64(first: i32, a: usize, aRowStride: i32, begin: i32, end: i32, scratch: usize): void {
  const row = <usize>aRowStride * 8;
  const tile = at(scratch, CHOLESKY_BLOCK * CHOLESKY_BLOCK, 8);
  pack<f64>(TILE, at(at(a, first, row), first, 8), row, 8, CHOLESKY_BLOCK, CHOLESKY_BLOCK, scratch);
  for (let i = begin; i < end; i += TILE) {
    const height = min(TILE, end - i), source = at(at(a, i, row), first, 8);
    pack<f64>(TILE, source, row, 8, height, CHOLESKY_BLOCK, tile);
    solveTile(scratch, tile);
    unpack<f64>(TILE, tile, height, CHOLESKY_BLOCK, source, row);
  }
}

/**
 * Four rows at once, four columns at a time from the last on: subtracts what the columns behind contribute, then solves
 * in registers. `block` holds R_JJ in panels of four rows, step k its column k.
 */
function solveTile(block: usize, tile: usize): void {
  const step: usize = 2 * VECTOR, panel: usize = TILE * CHOLESKY_BLOCK * 8;
  for (let first = CHOLESKY_BLOCK - TILE; first >= 0; first -= TILE) {
    const own = at(tile, first, step), r = at(block, first / TILE, panel);
    let x00 = v128.load(own), x01 = v128.load(own, 1 * VECTOR);
    let x10 = v128.load(own, 2 * VECTOR), x11 = v128.load(own, 3 * VECTOR);
    let x20 = v128.load(own, 4 * VECTOR), x21 = v128.load(own, 5 * VECTOR);
    let x30 = v128.load(own, 6 * VECTOR), x31 = v128.load(own, 7 * VECTOR);
    let m = at(r, first + TILE, 4 * 8), y0 = x00, y1 = x00, low = x00, high = x00, s = x00;
    const end = at(tile, CHOLESKY_BLOCK, step);
    for (let y = at(own, TILE, step); y < end; y += step) {
      y0 = v128.load(y);
      y1 = v128.load(y, VECTOR);
      low = v128.load(m);
      high = v128.load(m, VECTOR);
      s = broadcast<f64>(low, 0);
      x00 = less(x00, s, y0);
      x01 = less(x01, s, y1);
      s = broadcast<f64>(low, 1);
      x10 = less(x10, s, y0);
      x11 = less(x11, s, y1);
      s = broadcast<f64>(high, 0);
      x20 = less(x20, s, y0);
      x21 = less(x21, s, y1);
      s = broadcast<f64>(high, 1);
      x30 = less(x30, s, y0);
      x31 = less(x31, s, y1);
      m += 4 * 8;
    }
    m = at(r, first + 3, 4 * 8);
    s = v128.load64_splat(m, 3 * 8);
    x30 = f64x2.div(x30, s);
    x31 = f64x2.div(x31, s);
    s = v128.load64_splat(m, 2 * 8);
    x20 = less(x20, s, x30);
    x21 = less(x21, s, x31);
    s = v128.load64_splat(m, 1 * 8);
    x10 = less(x10, s, x30);
    x11 = less(x11, s, x31);
    s = v128.load64_splat(m);
    x00 = less(x00, s, x30);
    x01 = less(x01, s, x31);
    m -= 4 * 8;
    s = v128.load64_splat(m, 2 * 8);
    x20 = f64x2.div(x20, s);
    x21 = f64x2.div(x21, s);
    s = v128.load64_splat(m, 1 * 8);
    x10 = less(x10, s, x20);
    x11 = less(x11, s, x21);
    s = v128.load64_splat(m);
    x00 = less(x00, s, x20);
    x01 = less(x01, s, x21);
    m -= 4 * 8;
    s = v128.load64_splat(m, 1 * 8);
    x10 = f64x2.div(x10, s);
    x11 = f64x2.div(x11, s);
    s = v128.load64_splat(m);
    x00 = less(x00, s, x10);
    x01 = less(x01, s, x11);
    m -= 4 * 8;
    s = v128.load64_splat(m);
    v128.store(own, f64x2.div(x00, s));
    v128.store(own, f64x2.div(x01, s), 1 * VECTOR);
    v128.store(own, x10, 2 * VECTOR);
    v128.store(own, x11, 3 * VECTOR);
    v128.store(own, x20, 4 * VECTOR);
    v128.store(own, x21, 5 * VECTOR);
    v128.store(own, x30, 6 * VECTOR);
    v128.store(own, x31, 7 * VECTOR);
  }
}

/** a - s * b. */
@inline
function less(a: v128, s: v128, b: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_nmadd(s, b, a);
  return f64x2.sub(a, f64x2.mul(s, b));
}

/** The columns 0..first less what the `width` columns from `first` on make of them. */
export function choleskyUpdate_f64(
  first: i32, width: i32, a: usize, aRowStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  gram<f64, f64>(
    first, width, -1, at(a, first, 8), aRowStride, 1, 1, a, aRowStride, begin, end, scratch,
  );
}
