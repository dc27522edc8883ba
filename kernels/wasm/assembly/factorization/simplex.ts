// < w, M w > - 2 < p, w > over the simplex for each column, by projected gradients with Nesterov's momentum; columns are
// lanes, with a momentum each. A step that does not improve a column is not taken, and its momentum begins again.
//
// M is f64 [rank, rank]; P and W are T [rank, columns]. [begin, end) are the columns of this call. Scratch: M in T, seven
// tiles (p, x, x before, their images, z, its image), and a tile's row of momenta.

import { at, multiplyAdd } from "../simd";
import { loadGram, loadTile, multiplyTile, storeTile, TILE_ROW, tileColumns } from "./tile";

// exported for f32, f64
export function simplexDescent<T>(
  rank: i32, step: f64, steps: i32, gram: usize, gramStride: i32, linear: usize, linearStride: i32,
  factor: usize, factorStride: i32, begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>();
  const M = scratch, P = (at(M, rank * rank, size) + 15) & ~15;
  const X = at(P, rank, TILE_ROW), before = at(X, rank, TILE_ROW), images = at(before, rank, TILE_ROW);
  const imagesBefore = at(images, rank, TILE_ROW), Z = at(imagesBefore, rank, TILE_ROW);
  const imagesOfZ = at(Z, rank, TILE_ROW), momenta = at(imagesOfZ, rank, TILE_ROW);
  const tileBytes = at(0, rank, TILE_ROW);
  const one = v128.splat<T>(1), four = v128.splat<T>(4), half = v128.splat<T>(<T>0.5);
  const length = v128.splat<T>(<T>step);
  loadGram<T>(rank, gram, gramStride, M);
  for (let i = begin; i < end; i += tileColumns<T>()) {
    const count = min(tileColumns<T>(), end - i);
    loadTile<T>(rank, count, at(linear, i, size), linearStride, P);
    loadTile<T>(rank, count, at(factor, i, size), factorStride, X);
    memory.copy(before, X, tileBytes);
    multiplyTile<T>(rank, M, X, images);
    memory.copy(imagesBefore, images, tileBytes);
    for (let lane: usize = 0; lane < TILE_ROW; lane += 16) v128.store(momenta + lane, one);
    for (let k = 0; k < steps; k++) {
      for (let lane: usize = 0; lane < TILE_ROW; lane += 16) {
        const t = v128.load(momenta + lane);
        const beta = v128.div<T>(v128.sub<T>(t, one), following<T>(t, one, four, half));
        for (let s = lane; s < tileBytes; s += TILE_ROW) {
          const x = v128.load(X + s), q = v128.load(images + s);
          const y = multiplyAdd<T>(beta, v128.sub<T>(x, v128.load(before + s)), x);
          const g = multiplyAdd<T>(beta, v128.sub<T>(q, v128.load(imagesBefore + s)), q);
          v128.store(Z + s, multiplyAdd<T>(v128.sub<T>(v128.load(P + s), g), length, y));
        }
        project<T>(tileBytes, Z + lane, one);
      }
      multiplyTile<T>(rank, M, Z, imagesOfZ);
      let moves = i64x2.splat(0);
      for (let lane: usize = 0; lane < TILE_ROW; lane += 16) {
        const t = v128.load(momenta + lane), carried = v128.gt<T>(t, one);
        const gain = change<T>(tileBytes, Z + lane, X + lane, imagesOfZ + lane, images + lane, P + lane);
        const better = v128.le<T>(gain, i64x2.splat(0));
        for (let s = lane; s < tileBytes; s += TILE_ROW) {
          const x = v128.load(X + s), q = v128.load(images + s);
          const next = v128.bitselect(v128.load(Z + s), x, better);
          // A column has arrived where neither this step nor its momentum has moved it.
          moves = v128.or(moves, v128.or(v128.xor(next, x), v128.and(carried, v128.xor(x, v128.load(before + s)))));
          v128.store(before + s, x);
          v128.store(imagesBefore + s, q);
          v128.store(X + s, next);
          v128.store(images + s, v128.bitselect(v128.load(imagesOfZ + s), q, better));
        }
        v128.store(momenta + lane, v128.bitselect(following<T>(t, one, four, half), one, better));
      }
      if (!v128.any_true(moves)) break;
    }
    storeTile<T>(rank, count, X, at(factor, i, size), factorStride);
  }
}

/** The next of Nesterov's numbers: (1 + sqrt(1 + 4 t^2)) / 2. */
@inline
function following<T>(t: v128, one: v128, four: v128, half: v128): v128 {
  return v128.mul<T>(v128.add<T>(one, v128.sqrt<T>(v128.add<T>(one, v128.mul<T>(four, v128.mul<T>(t, t))))), half);
}

/**
 * The value at z less that at x: (z - x) . (M z + M x - 2 p), in which nothing cancels where the two are close. As z - x
 * sums to zero but for rounding, the slopes are taken less their mean under x. Rows are TILE_ROW bytes apart.
 */
@inline
function change<T>(bytes: usize, z: usize, x: usize, imageOfZ: usize, image: usize, p: usize): v128 {
  let mean = i64x2.splat(0), sum = mean;
  for (let s: usize = 0; s < bytes; s += TILE_ROW) {
    mean = multiplyAdd<T>(v128.load(x + s), slope<T>(imageOfZ + s, image + s, p + s), mean);
  }
  for (let s: usize = 0; s < bytes; s += TILE_ROW) {
    const own = v128.sub<T>(slope<T>(imageOfZ + s, image + s, p + s), mean);
    sum = multiplyAdd<T>(v128.sub<T>(v128.load(z + s), v128.load(x + s)), own, sum);
  }
  return sum;
}

@inline
function slope<T>(imageOfZ: usize, image: usize, p: usize): v128 {
  const linear = v128.load(p);
  return v128.add<T>(v128.sub<T>(v128.load(imageOfZ), linear), v128.sub<T>(v128.load(image), linear));
}

/** Michelot's rounds, lane by lane: entries less the largest, so that at least that one stays in. */
function project<T>(bytes: usize, x: usize, one: v128): void {
  let largest = v128.load(x);
  for (let s = TILE_ROW; s < bytes; s += TILE_ROW) largest = v128.pmax<T>(largest, v128.load(x + s));
  let threshold = v128.splat<T>(-<T>Infinity), kept = v128.splat<T>(<T>Infinity);
  while (true) {
    let sum = i64x2.splat(0), count = sum;
    for (let s: usize = 0; s < bytes; s += TILE_ROW) {
      const own = v128.sub<T>(v128.load(x + s), largest), stays = v128.gt<T>(own, threshold);
      sum = v128.add<T>(sum, v128.and(own, stays));
      count = v128.add<T>(count, v128.and(one, stays));
    }
    // A lane is done where none has dropped out: by rounding, further rounds might bring one back, and go on for ever.
    const fewer = v128.lt<T>(count, kept);
    if (!v128.any_true(fewer)) break;
    kept = v128.bitselect(count, kept, fewer);
    threshold = v128.bitselect(v128.div<T>(v128.sub<T>(sum, one), count), threshold, fewer);
  }
  const least = i64x2.splat(0);
  for (let s: usize = 0; s < bytes; s += TILE_ROW) {
    const own = v128.sub<T>(v128.load(x + s), largest);
    v128.store(x + s, v128.pmax<T>(v128.sub<T>(own, threshold), least));
  }
}

/** y - step (g - p) with y = x + b (x - x'), g = q + b (q - q'). */
// exported for f32, f64
export function extrapolatedStep<T>(
  columns: i32, step: f64, x: usize, xStride: i32, before: usize, beforeStride: i32, image: usize, imageStride: i32,
  imageBefore: usize, imageBeforeStride: i32, linear: usize, linearStride: i32, momenta: usize,
  target: usize, targetStride: i32, begin: i32, end: i32,
): void {
  const size: usize = sizeof<T>(), whole = at(0, columns, size) & ~15, bytes = at(0, columns, size);
  const length = v128.splat<T>(<T>step);
  for (let i = begin; i < end; i++) {
    const a = at(x, i * xStride, size), b = at(before, i * beforeStride, size);
    const c = at(image, i * imageStride, size), d = at(imageBefore, i * imageBeforeStride, size);
    const p = at(linear, i * linearStride, size), z = at(target, i * targetStride, size);
    const momentum = <T>load<f64>(at(momenta, i, 8)), beta = v128.splat<T>(momentum);
    let s: usize = 0;
    for (; s < whole; s += 16) {
      const own = v128.load(a + s), q = v128.load(c + s);
      const y = multiplyAdd<T>(beta, v128.sub<T>(own, v128.load(b + s)), own);
      const g = multiplyAdd<T>(beta, v128.sub<T>(q, v128.load(d + s)), q);
      v128.store(z + s, multiplyAdd<T>(v128.sub<T>(v128.load(p + s), g), length, y));
    }
    for (; s < bytes; s += size) {
      const own = load<T>(a + s), q = load<T>(c + s);
      const y = own + momentum * (own - load<T>(b + s)), g = q + momentum * (q - load<T>(d + s));
      store<T>(z + s, y + <T>step * (load<T>(p + s) - g));
    }
  }
}
