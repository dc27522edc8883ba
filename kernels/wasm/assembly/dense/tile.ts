// The register tile of the matrix product: C[MR x NR] = alpha * (A panel) (B panel) + beta * C.
//
// Panels are packed: A holds MR elements for each step of k, B holds NR; both are padded with zeroes to a multiple of
// DEPTH_STEP steps. The accumulators, NR / lanes vectors for each of MR rows, leave, of 15 vector registers (what x64
// engines allocate), enough for the B vectors, one A vector and one broadcast. A is read as whole vectors and spread by
// shuffles: a splat load costs an address computation and a bounds check for each element.
//
// Fused build: 5 rows x 2 vectors. Plain build: 2 rows x 4 vectors, since a product needs a register of its own.
//
// The order of the statements is the schedule: engines keep it, and `-O2` does (`-O3` nests the steps and spills).
import { broadcast, FUSED, lanes, multiplyAdd, VECTOR } from "../simd";

/** Rows of the register tile. */
export const MR: i32 = FUSED ? 5 : 2;
/** Vectors across one row of the register tile. */
const NV: i32 = FUSED ? 2 : 4;
/** Steps of k in one turn of the inner loop: packed panels are padded to a multiple. */
export const DEPTH_STEP: i32 = 4;

/** Columns of the register tile. */
@inline
export function tileColumns<T>(): i32 {
  return NV * lanes<T>();
}

/** The vector that holds packed element `e`: loads it when `e` opens a vector, else keeps the current one. */
@inline
function fetch<T>(current: v128, panel: usize, e: i32): v128 {
  if (e % lanes<T>() == 0) return v128.load(panel + e * sizeof<T>());
  return current;
}

/** Packed element `e`, which `a` holds, in every lane. */
@inline
function spread<T>(a: v128, e: i32): v128 {
  return broadcast<T>(a, e % lanes<T>());
}

/** Merges one vector of sums into C; C is not read where beta = 0. */
@inline
function put<T>(p: usize, offset: i32, sum: v128, alpha: v128, beta: v128, readC: bool): void {
  const value = readC
    ? multiplyAdd<T>(alpha, sum, v128.mul<T>(beta, v128.load(p + offset)))
    : v128.mul<T>(alpha, sum);
  v128.store(p + offset, value);
}

/** Runs `depth` steps (a multiple of DEPTH_STEP) and merges into C, whose rows are `stride` bytes apart. */
export function tile<T>(depth: i32, a: usize, b: usize, alpha: T, beta: T, c: usize, stride: usize): void {
  if (FUSED) tile5x2<T>(depth, a, b, alpha, beta, c, stride);
  else tile2x4<T>(depth, a, b, alpha, beta, c, stride);
}

@inline
function tile5x2<T>(depth: i32, a: usize, b: usize, alpha: T, beta: T, c: usize, stride: usize): void {
  let c00 = i64x2.splat(0), c01 = c00, c10 = c00, c11 = c00, c20 = c00;
  let c21 = c00, c30 = c00, c31 = c00, c40 = c00, c41 = c00;
  let v = c00, s = c00, b0 = c00, b1 = c00;
  for (; depth > 0; depth -= DEPTH_STEP) {
    b0 = v128.load(b, 0 * VECTOR); b1 = v128.load(b, 1 * VECTOR);
    v = fetch<T>(v, a, 0); s = spread<T>(v, 0);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    v = fetch<T>(v, a, 1); s = spread<T>(v, 1);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    v = fetch<T>(v, a, 2); s = spread<T>(v, 2);
    c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    v = fetch<T>(v, a, 3); s = spread<T>(v, 3);
    c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    v = fetch<T>(v, a, 4); s = spread<T>(v, 4);
    c40 = multiplyAdd<T>(s, b0, c40); c41 = multiplyAdd<T>(s, b1, c41);
    b0 = v128.load(b, 2 * VECTOR); b1 = v128.load(b, 3 * VECTOR);
    v = fetch<T>(v, a, 5); s = spread<T>(v, 5);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    v = fetch<T>(v, a, 6); s = spread<T>(v, 6);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    v = fetch<T>(v, a, 7); s = spread<T>(v, 7);
    c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    v = fetch<T>(v, a, 8); s = spread<T>(v, 8);
    c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    v = fetch<T>(v, a, 9); s = spread<T>(v, 9);
    c40 = multiplyAdd<T>(s, b0, c40); c41 = multiplyAdd<T>(s, b1, c41);
    b0 = v128.load(b, 4 * VECTOR); b1 = v128.load(b, 5 * VECTOR);
    v = fetch<T>(v, a, 10); s = spread<T>(v, 10);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    v = fetch<T>(v, a, 11); s = spread<T>(v, 11);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    v = fetch<T>(v, a, 12); s = spread<T>(v, 12);
    c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    v = fetch<T>(v, a, 13); s = spread<T>(v, 13);
    c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    v = fetch<T>(v, a, 14); s = spread<T>(v, 14);
    c40 = multiplyAdd<T>(s, b0, c40); c41 = multiplyAdd<T>(s, b1, c41);
    b0 = v128.load(b, 6 * VECTOR); b1 = v128.load(b, 7 * VECTOR);
    v = fetch<T>(v, a, 15); s = spread<T>(v, 15);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01);
    v = fetch<T>(v, a, 16); s = spread<T>(v, 16);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11);
    v = fetch<T>(v, a, 17); s = spread<T>(v, 17);
    c20 = multiplyAdd<T>(s, b0, c20); c21 = multiplyAdd<T>(s, b1, c21);
    v = fetch<T>(v, a, 18); s = spread<T>(v, 18);
    c30 = multiplyAdd<T>(s, b0, c30); c31 = multiplyAdd<T>(s, b1, c31);
    v = fetch<T>(v, a, 19); s = spread<T>(v, 19);
    c40 = multiplyAdd<T>(s, b0, c40); c41 = multiplyAdd<T>(s, b1, c41);
    a += 20 * sizeof<T>();
    b += 8 * VECTOR;
  }
  let va = v128.splat<T>(alpha), vb = v128.splat<T>(beta), readC = beta != 0;
  put<T>(c, 0 * VECTOR, c00, va, vb, readC);
  put<T>(c, 1 * VECTOR, c01, va, vb, readC);
  c += stride;
  put<T>(c, 0 * VECTOR, c10, va, vb, readC);
  put<T>(c, 1 * VECTOR, c11, va, vb, readC);
  c += stride;
  put<T>(c, 0 * VECTOR, c20, va, vb, readC);
  put<T>(c, 1 * VECTOR, c21, va, vb, readC);
  c += stride;
  put<T>(c, 0 * VECTOR, c30, va, vb, readC);
  put<T>(c, 1 * VECTOR, c31, va, vb, readC);
  c += stride;
  put<T>(c, 0 * VECTOR, c40, va, vb, readC);
  put<T>(c, 1 * VECTOR, c41, va, vb, readC);
}

@inline
function tile2x4<T>(depth: i32, a: usize, b: usize, alpha: T, beta: T, c: usize, stride: usize): void {
  let c00 = i64x2.splat(0), c01 = c00, c02 = c00, c03 = c00;
  let c10 = c00, c11 = c00, c12 = c00, c13 = c00;
  let v = c00, s = c00, b0 = c00, b1 = c00, b2 = c00, b3 = c00;
  for (; depth > 0; depth -= DEPTH_STEP) {
    b0 = v128.load(b, 0 * VECTOR); b1 = v128.load(b, 1 * VECTOR); b2 = v128.load(b, 2 * VECTOR); b3 = v128.load(b, 3 * VECTOR);
    v = fetch<T>(v, a, 0); s = spread<T>(v, 0);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01); c02 = multiplyAdd<T>(s, b2, c02); c03 = multiplyAdd<T>(s, b3, c03);
    v = fetch<T>(v, a, 1); s = spread<T>(v, 1);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11); c12 = multiplyAdd<T>(s, b2, c12); c13 = multiplyAdd<T>(s, b3, c13);
    b0 = v128.load(b, 4 * VECTOR); b1 = v128.load(b, 5 * VECTOR); b2 = v128.load(b, 6 * VECTOR); b3 = v128.load(b, 7 * VECTOR);
    v = fetch<T>(v, a, 2); s = spread<T>(v, 2);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01); c02 = multiplyAdd<T>(s, b2, c02); c03 = multiplyAdd<T>(s, b3, c03);
    v = fetch<T>(v, a, 3); s = spread<T>(v, 3);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11); c12 = multiplyAdd<T>(s, b2, c12); c13 = multiplyAdd<T>(s, b3, c13);
    b0 = v128.load(b, 8 * VECTOR); b1 = v128.load(b, 9 * VECTOR); b2 = v128.load(b, 10 * VECTOR); b3 = v128.load(b, 11 * VECTOR);
    v = fetch<T>(v, a, 4); s = spread<T>(v, 4);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01); c02 = multiplyAdd<T>(s, b2, c02); c03 = multiplyAdd<T>(s, b3, c03);
    v = fetch<T>(v, a, 5); s = spread<T>(v, 5);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11); c12 = multiplyAdd<T>(s, b2, c12); c13 = multiplyAdd<T>(s, b3, c13);
    b0 = v128.load(b, 12 * VECTOR); b1 = v128.load(b, 13 * VECTOR); b2 = v128.load(b, 14 * VECTOR); b3 = v128.load(b, 15 * VECTOR);
    v = fetch<T>(v, a, 6); s = spread<T>(v, 6);
    c00 = multiplyAdd<T>(s, b0, c00); c01 = multiplyAdd<T>(s, b1, c01); c02 = multiplyAdd<T>(s, b2, c02); c03 = multiplyAdd<T>(s, b3, c03);
    v = fetch<T>(v, a, 7); s = spread<T>(v, 7);
    c10 = multiplyAdd<T>(s, b0, c10); c11 = multiplyAdd<T>(s, b1, c11); c12 = multiplyAdd<T>(s, b2, c12); c13 = multiplyAdd<T>(s, b3, c13);
    a += 8 * sizeof<T>();
    b += 16 * VECTOR;
  }
  let va = v128.splat<T>(alpha), vb = v128.splat<T>(beta), readC = beta != 0;
  put<T>(c, 0 * VECTOR, c00, va, vb, readC);
  put<T>(c, 1 * VECTOR, c01, va, vb, readC);
  put<T>(c, 2 * VECTOR, c02, va, vb, readC);
  put<T>(c, 3 * VECTOR, c03, va, vb, readC);
  c += stride;
  put<T>(c, 0 * VECTOR, c10, va, vb, readC);
  put<T>(c, 1 * VECTOR, c11, va, vb, readC);
  put<T>(c, 2 * VECTOR, c12, va, vb, readC);
  put<T>(c, 3 * VECTOR, c13, va, vb, readC);
}
