// Tiles of columns: TILE_VECTORS vectors of each row of a matrix, row after row, contiguous. Columns are lanes, so that
// all their arithmetic is the same wherever a range of columns is cut; where fewer columns are left, zeros fill the tile.

import { LEAST_CURVATURE_F32, LEAST_CURVATURE_F64 } from "../../../contract/factorization/constants";
import { at, lanes, multiplyAdd } from "../simd";

/** Vectors of a row in a tile. */
@inline
export const TILE_VECTORS: i32 = 4;

/** Bytes of a row in a tile. */
@inline
export const TILE_ROW: usize = 64;

/** Columns of a tile. */
@inline
export function tileColumns<T>(): i32 {
  return TILE_VECTORS * lanes<T>();
}

/** Copies `count` columns of all rows into a tile. */
export function loadTile<T>(rows: i32, count: i32, source: usize, stride: i32, tile: usize): void {
  const line = <usize>stride * sizeof<T>();
  if (count == tileColumns<T>()) {
    for (let t = 0; t < rows; t++) {
      v128.store(tile, v128.load(source));
      v128.store(tile, v128.load(source, 16), 16);
      v128.store(tile, v128.load(source, 32), 32);
      v128.store(tile, v128.load(source, 48), 48);
      tile += TILE_ROW;
      source += line;
    }
    return;
  }
  for (let t = 0; t < rows; t++) {
    memory.fill(tile, 0, TILE_ROW);
    memory.copy(tile, source, <usize>count * sizeof<T>());
    tile += TILE_ROW;
    source += line;
  }
}

/** Copies the first `count` columns of a tile back. */
export function storeTile<T>(rows: i32, count: i32, tile: usize, target: usize, stride: i32): void {
  const line = <usize>stride * sizeof<T>();
  if (count == tileColumns<T>()) {
    for (let t = 0; t < rows; t++) {
      v128.store(target, v128.load(tile));
      v128.store(target, v128.load(tile, 16), 16);
      v128.store(target, v128.load(tile, 32), 32);
      v128.store(target, v128.load(tile, 48), 48);
      tile += TILE_ROW;
      target += line;
    }
    return;
  }
  for (let t = 0; t < rows; t++) {
    memory.copy(target, tile, <usize>count * sizeof<T>());
    tile += TILE_ROW;
    target += line;
  }
}

/** Copies a square f64 matrix into contiguous rows of T. */
export function loadGram<T>(rank: i32, gram: usize, stride: i32, target: usize): void {
  for (let t = 0; t < rank; t++) {
    let source = at(gram, t, <usize>stride * 8);
    for (let s = 0; s < rank; s++) {
      store<T>(target, <T>load<f64>(source));
      source += 8;
      target += sizeof<T>();
    }
  }
}

/** The curvature up to which rows stay. */
@inline
export function leastCurvature<T>(): f64 {
  return sizeof<T>() == 4 ? LEAST_CURVATURE_F32 : LEAST_CURVATURE_F64;
}

/** Reciprocals in T of the diagonal of a square f64 matrix; 0 for numbers too small for one. */
export function loadInverses<T>(rank: i32, gram: usize, stride: i32, target: usize): void {
  for (let t = 0; t < rank; t++) {
    const curvature = load<f64>(at(gram, t * (stride + 1), 8));
    store<T>(at(target, t, sizeof<T>()), curvature > leastCurvature<T>() ? <T>(1 / curvature) : 0);
  }
}

/** Every lane is the number at `p`. */
@inline
export function splatAt<T>(p: usize): v128 {
  if (sizeof<T>() == 4) return v128.load32_splat(p);
  return v128.load64_splat(p);
}

/** images = M x for a tile. */
export function multiplyTile<T>(rank: i32, gram: usize, x: usize, images: usize): void {
  let g = gram;
  for (let t = 0; t < rank; t++) {
    let a = i64x2.splat(0), b = a, c = a, d = a, p = x;
    for (let s = 0; s < rank; s++) {
      const m = splatAt<T>(g);
      a = multiplyAdd<T>(m, v128.load(p), a);
      b = multiplyAdd<T>(m, v128.load(p, 16), b);
      c = multiplyAdd<T>(m, v128.load(p, 32), c);
      d = multiplyAdd<T>(m, v128.load(p, 48), d);
      g += sizeof<T>();
      p += TILE_ROW;
    }
    v128.store(images, a);
    v128.store(images, b, 16);
    v128.store(images, c, 32);
    v128.store(images, d, 48);
    images += TILE_ROW;
  }
}
