// Blocks < H, M H > / 2 - < R, H > over H >= 0, a tile of columns at a time: what a sweep touches stays in L1, and no two
// rows of a tile meet in one place of the cache, whatever the stride of H.
//
// M is f64 [rank, rank], rows `gramStride` elements apart; R and H are T [rank, columns]. [begin, end) are the columns of
// this call. Scratch: M in T, the reciprocals of its diagonal, and three tiles.

import { at, multiplyAdd } from "../simd";
import { loadGram, loadInverses, loadTile, multiplyTile, splatAt, storeTile, TILE_ROW, tileColumns } from "./tile";

/** H_j <- max(H_j + (R_j - M_j H) / M_jj, 0) for each row j in turn. */
// exported for f32, f64
export function nonnegativeSweep<T>(
  rank: i32, sweeps: i32, supported: i32, gram: usize, gramStride: i32, linear: usize, linearStride: i32,
  factor: usize, factorStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>();
  const M = scratch, inverses = at(M, rank * rank, size);
  const R = (at(inverses, rank, size) + 15) & ~15, H = at(R, rank, TILE_ROW);
  loadGram<T>(rank, gram, gramStride, M);
  loadInverses<T>(rank, gram, gramStride, inverses);
  for (let i = begin; i < end; i += tileColumns<T>()) {
    const count = min(tileColumns<T>(), end - i);
    loadTile<T>(rank, count, at(linear, i, size), linearStride, R);
    loadTile<T>(rank, count, at(factor, i, size), factorStride, H);
    sweepTile<T>(rank, sweeps, supported, M, inverses, R, H);
    storeTile<T>(rank, count, H, at(factor, i, size), factorStride);
  }
}

/** Sweeps of a tile H with the linear part R, given M and the reciprocals of its diagonal in T. */
export function sweepTile<T>(
  rank: i32, sweeps: i32, supported: i32, M: usize, inverses: usize, R: usize, H: usize,
): void {
  const size: usize = sizeof<T>(), zero = i64x2.splat(0);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    let m = M;
    for (let j = 0; j < rank; j++) {
      const r = at(R, j, TILE_ROW), h = at(H, j, TILE_ROW), inverse = splatAt<T>(at(inverses, j, size));
      let a = zero, b = zero, c = zero, d = zero, p = H;
      for (let s = 0; s < rank; s++) {
        const own = splatAt<T>(m);
        a = multiplyAdd<T>(own, v128.load(p), a);
        b = multiplyAdd<T>(own, v128.load(p, 16), b);
        c = multiplyAdd<T>(own, v128.load(p, 32), c);
        d = multiplyAdd<T>(own, v128.load(p, 48), d);
        m += size;
        p += TILE_ROW;
      }
      v128.store(h, moved<T>(v128.load(h), v128.load(r), a, inverse, supported));
      v128.store(h, moved<T>(v128.load(h, 16), v128.load(r, 16), b, inverse, supported), 16);
      v128.store(h, moved<T>(v128.load(h, 32), v128.load(r, 32), c, inverse, supported), 32);
      v128.store(h, moved<T>(v128.load(h, 48), v128.load(r, 48), d, inverse, supported), 48);
    }
  }
}

/** max(H + step (R - M H), 0). */
// exported for f32, f64
export function nonnegativeStep<T>(
  rank: i32, step: f64, gram: usize, gramStride: i32, linear: usize, linearStride: i32,
  factor: usize, factorStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>();
  const M = scratch, R = (at(M, rank * rank, size) + 15) & ~15, H = at(R, rank, TILE_ROW);
  const images = at(H, rank, TILE_ROW), length = v128.splat<T>(<T>step);
  loadGram<T>(rank, gram, gramStride, M);
  for (let i = begin; i < end; i += tileColumns<T>()) {
    const count = min(tileColumns<T>(), end - i);
    loadTile<T>(rank, count, at(linear, i, size), linearStride, R);
    loadTile<T>(rank, count, at(factor, i, size), factorStride, H);
    multiplyTile<T>(rank, M, H, images);
    for (let k: usize = 0, bytes = at(0, rank, TILE_ROW); k < bytes; k += 16) {
      v128.store(H + k, moved<T>(v128.load(H + k), v128.load(R + k), v128.load(images + k), length, 0));
    }
    storeTile<T>(rank, count, H, at(factor, i, size), factorStride);
  }
}

/** max(h + length (r - image), 0), by the one instruction that `max` is not; with `supported`, zeros stay. */
@inline
function moved<T>(h: v128, r: v128, image: v128, length: v128, supported: i32): v128 {
  const next = v128.pmax<T>(multiplyAdd<T>(v128.sub<T>(r, image), length, h), i64x2.splat(0));
  return supported ? v128.and(next, v128.gt<T>(h, i64x2.splat(0))) : next;
}
