// Derivatives u_ij = 2 y_j . r_i / t_ii + 2 y_i . r_j / t_jj of all edges, tile by tile of rows, and searches over
// them.

import { axpy } from "../dense/vector";
import { anyAbove, f64At, u32At } from "./memory";
import { multiplyAdd } from "../simd";

// Rows that share one pass over the adjacency: their parts of a column of S fill one cache line.
@inline
const GROUP: i32 = 8;

/**
 * Columns of S that belong to `rows` rows from i on, as [vertices x GROUP], zero beyond; S is symmetric, so rows are
 * read.
 */
function packColumns(vertices: i32, i: i32, rows: i32, gram: usize, gramBytes: usize, packed: usize): void {
  memory.fill(packed, 0, <usize> (vertices * GROUP) << 3);
  for (let r: i32 = 0; r < rows; r++) {
    const source = gram + <usize> (i + r) * gramBytes, target = f64At(packed, r);
    for (let k: i32 = 0; k < vertices; k++) store<f64>(f64At(target, k * GROUP), load<f64>(f64At(source, k)));
  }
}

/** Rows `first + begin` to `first + end`: (T S)_ji / t_jj for some rows i at once, then (T S)_i / t_ii by rows of S. */
export function graphGradient_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize,
  first: i32, from: i32, gradient: usize, gradientStride: i32,
  begin: i32, end: i32, packed: usize,
): void {
  const gramBytes = <usize> gramStride << 3, gradientBytes = <usize> gradientStride << 3;
  for (let row = begin; row < end; row += GROUP) {
    const i = first + row, rows = min(GROUP, end - row), target = gradient + <usize> row * gradientBytes;
    packColumns(vertices, i, rows, gram, gramBytes, packed);
    for (let j = from; j < vertices; j++) {
      let s0 = f64x2.splat(0), s1 = s0, s2 = s0, s3 = s0;
      const last = u32At(starts, j + 1);
      for (let at = u32At(starts, j); at < last; at++) {
        const value = load<f64>(f64At(values, u32At(incident, at)));
        if (value == 0) continue;
        const factor = f64x2.splat(value), column = f64At(packed, u32At(neighbours, at) * GROUP);
        s0 = multiplyAdd<f64>(factor, v128.load(column), s0);
        s1 = multiplyAdd<f64>(factor, v128.load(column, 16), s1);
        s2 = multiplyAdd<f64>(factor, v128.load(column, 32), s2);
        s3 = multiplyAdd<f64>(factor, v128.load(column, 48), s3);
      }
      const scale = f64x2.splat(2 / load<f64>(f64At(diagonal, j))), four = f64x2.splat(4), column = f64At(packed, j * GROUP);
      s0 = multiplyAdd<f64>(four, v128.load(column), f64x2.mul(scale, s0));
      s1 = multiplyAdd<f64>(four, v128.load(column, 16), f64x2.mul(scale, s1));
      s2 = multiplyAdd<f64>(four, v128.load(column, 32), f64x2.mul(scale, s2));
      s3 = multiplyAdd<f64>(four, v128.load(column, 48), f64x2.mul(scale, s3));
      const place = f64At(target, j);
      v128.store64_lane(place, s0, 0);
      if (rows > 1) v128.store64_lane(place + gradientBytes, s0, 1);
      if (rows > 2) v128.store64_lane(place + 2 * gradientBytes, s1, 0);
      if (rows > 3) v128.store64_lane(place + 3 * gradientBytes, s1, 1);
      if (rows > 4) v128.store64_lane(place + 4 * gradientBytes, s2, 0);
      if (rows > 5) v128.store64_lane(place + 5 * gradientBytes, s2, 1);
      if (rows > 6) v128.store64_lane(place + 6 * gradientBytes, s3, 0);
      if (rows > 7) v128.store64_lane(place + 7 * gradientBytes, s3, 1);
    }
    for (let r: i32 = 0; r < rows; r++) {
      const scale = 2 / load<f64>(f64At(diagonal, i + r)), last = u32At(starts, i + r + 1);
      const sums = f64At(target + <usize> r * gradientBytes, from);
      for (let at = u32At(starts, i + r); at < last; at++) {
        const value = load<f64>(f64At(values, u32At(incident, at)));
        if (value == 0) continue;
        const other = gram + <usize> u32At(neighbours, at) * gramBytes;
        axpy<f64>(vertices - from, scale * value, f64At(other, from), sums);
      }
    }
  }
}

/**
 * Rows `begin` to `end` from products p and q; q is taken in stretches of columns, so that its transpose is read by
 * lines.
 */
export function pairedGradient_f64(
  columns: i32, first: i32, from: i32, p: usize, pStride: i32, q: usize, qRow: i32, qColumn: i32,
  diagonal: usize, gradient: usize, gradientStride: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let left: i32 = 0; left < columns; left += 64) {
    const right = min(columns, left + 64);
    for (let i = begin; i < end; i++) {
      const pRow = p + (<usize> i * pStride << 3), target = gradient + (<usize> i * gradientStride << 3);
      const ti = load<f64>(f64At(diagonal, first + i));
      for (let j = left; j < right; j++) {
        const mirrored = load<f64>(q + ((<usize> i * qRow + <usize> j * qColumn) << 3));
        const tj = load<f64>(f64At(diagonal, from + j));
        store<f64>(f64At(target, j), 2 * load<f64>(f64At(pRow, j)) / ti + 2 * mirrored / tj);
      }
    }
  }
}

/**
 * Entries above the limits of rows `begin` to `end` move to the front, in order: each is written where it was read, or
 * before.
 */
export function entriesAbove_f64(
  vertices: i32, first: i32, gradient: usize, gradientStride: i32, limits: usize, columns: usize, counts: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = gradient + (<usize> i * gradientStride << 3), places = columns + (<usize> i * vertices << 2);
    const limit = load<f64>(f64At(limits, i)), pair = f64x2.splat(limit);
    let count: i32 = 0, j = first + i + 1;
    while (j < vertices) {
      if (j + 4 <= vertices && !anyAbove(f64At(row, j), pair)) {
        j += 4;
        continue;
      }
      for (const stop = min(vertices, j + 4); j < stop; j++) {
        const derivative = load<f64>(f64At(row, j));
        if (!(abs(derivative) > limit)) continue;
        store<i32>(places + (<usize> count << 2), j);
        store<f64>(f64At(row, count++), derivative);
      }
    }
    store<i32>(counts + (<usize> i << 2), count);
  }
}
