// Slopes u_ij = 2 y_j . r_i / t_ii + 2 y_i . r_j / t_jj of all edges, tile by tile of rows, and what is looked for in them.

import { addScaled, f64At, u32At } from "./l0";

/** Rows `first + begin` to `first + end`: (T S)_i / t_ii by rows of S, then (T S)_ji / t_jj gathered from row i of S. */
export function graphSlopes_f64(
  vertices: i32, gram: usize, gramStride: i32, starts: usize, neighbours: usize, incident: usize,
  values: usize, diagonal: usize,
  first: i32, from: i32, slopes: usize, slopesStride: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  const gramBytes = <usize> gramStride << 3, slopesBytes = <usize> slopesStride << 3;
  for (let row = begin; row < end; row++) {
    const i = first + row, target = slopes + <usize> row * slopesBytes, own = gram + <usize> i * gramBytes;
    for (let j = from; j < vertices; j++) {
      let sum: f64 = 0;
      const last = u32At(starts, j + 1);
      for (let at = u32At(starts, j); at < last; at++) {
        sum += load<f64>(f64At(values, u32At(incident, at))) * load<f64>(f64At(own, u32At(neighbours, at)));
      }
      store<f64>(f64At(target, j), 4 * load<f64>(f64At(own, j)) + 2 * sum / load<f64>(f64At(diagonal, j)));
    }
    const scale = 2 / load<f64>(f64At(diagonal, i)), last = u32At(starts, i + 1);
    for (let at = u32At(starts, i); at < last; at++) {
      const value = load<f64>(f64At(values, u32At(incident, at)));
      if (value == 0) continue;
      const other = gram + <usize> u32At(neighbours, at) * gramBytes;
      addScaled(vertices - from, scale * value, f64At(other, from), f64At(target, from));
    }
  }
}

/** Rows `begin` to `end` from products p and q; q is taken in stretches of columns, so that its transpose is read by lines. */
export function pairedSlopes_f64(
  columns: i32, first: i32, from: i32, p: usize, pStride: i32, q: usize, qRow: i32, qColumn: i32,
  diagonal: usize, slopes: usize, slopesStride: i32,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let left: i32 = 0; left < columns; left += 64) {
    const right = min(columns, left + 64);
    for (let i = begin; i < end; i++) {
      const pRow = p + (<usize> i * pStride << 3), target = slopes + (<usize> i * slopesStride << 3);
      const ti = load<f64>(f64At(diagonal, first + i));
      for (let j = left; j < right; j++) {
        const mirrored = load<f64>(q + ((<usize> i * qRow + <usize> j * qColumn) << 3));
        const tj = load<f64>(f64At(diagonal, from + j));
        store<f64>(f64At(target, j), 2 * load<f64>(f64At(pRow, j)) / ti + 2 * mirrored / tj);
      }
    }
  }
}

/** Steep entries of rows `begin` to `end` move to the front, in order: each is written where it was read, or before. */
export function steepEntries_f64(
  vertices: i32, first: i32, slopes: usize, slopesStride: i32, limits: usize, columns: usize, counts: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let i = begin; i < end; i++) {
    const row = slopes + (<usize> i * slopesStride << 3), places = columns + (<usize> i * vertices << 2);
    const limit = load<f64>(f64At(limits, i)), beyond = f64x2.splat(limit);
    let count: i32 = 0, j = first + i + 1;
    while (j < vertices) {
      if (j + 4 <= vertices) {
        const low = f64x2.gt(f64x2.abs(v128.load(f64At(row, j))), beyond);
        const high = f64x2.gt(f64x2.abs(v128.load(f64At(row, j), 16)), beyond);
        if (!v128.any_true(v128.or(low, high))) {
          j += 4;
          continue;
        }
      }
      for (const stop = min(vertices, j + 4); j < stop; j++) {
        const slope = load<f64>(f64At(row, j));
        if (!(abs(slope) > limit)) continue;
        store<i32>(places + (<usize> count << 2), j);
        store<f64>(f64At(row, count++), slope);
      }
    }
    store<i32>(counts + (<usize> i << 2), count);
  }
}

/** Decrease of `curvature x^2 / 2 - slope x` net of the penalty, at the best x within the bound. */
@inline
function gainOf(curvature: f64, slope: f64, lambda0: f64, lambda2: f64, bound: f64): f64 {
  const x = min(abs(slope) / (curvature + 2 * lambda2), bound);
  return abs(slope) * x - (curvature / 2 + lambda2) * x * x - lambda0;
}

@inline
function isNeighbour(k: i32, from: i32, to: i32, neighbours: usize): bool {
  for (let at = from; at < to; at++) if (u32At(neighbours, at) == k) return true;
  return false;
}

/**
 * Best swaps at vertices `first + begin` to `first + end`. A gain is at most u^2 / (2 h) - lambda0, h the least curvature at i
 * with its ridge: one comparison of squares passes over nearly all k.
 */
export function graphSwaps_f64(
  vertices: i32, starts: usize, neighbours: usize, incident: usize, values: usize, diagonal: usize,
  first: i32, slopes: usize, slopesStride: i32, gram: usize, gramStride: i32, rows: usize, rowsFrom: i32,
  variances: usize, leastCurvatures: usize, lambda0: f64, lambda2: f64, bound: f64,
  gains: usize, targets: usize, along: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  for (let row = begin; row < end; row++) {
    const i = first + row, source = slopes + (<usize> row * slopesStride << 3);
    const si = load<f64>(f64At(variances, i)), ti = load<f64>(f64At(diagonal, i));
    const from = u32At(starts, i), to = u32At(starts, i + 1);
    const steepness = 2 * (1 - 1e-12) * (load<f64>(f64At(leastCurvatures, i)) + 2 * lambda2);
    for (let at = from; at < to; at++) {
      const j = u32At(neighbours, at), value = load<f64>(f64At(values, u32At(incident, at)));
      const removed = gram + (<usize> u32At(rows, at - rowsFrom) * gramStride << 3), factor = 2 * value / ti;
      const held = 2 * (load<f64>(f64At(variances, j)) / ti + si / load<f64>(f64At(diagonal, j)));
      const least = gainOf(held, held * value - load<f64>(f64At(source, j)), lambda0, lambda2, bound);
      let best = least + 1e-9, target: i32 = 0, bestSlope: f64 = 0;
      for (let k: i32 = 0; k < vertices; k++) {
        const slope = load<f64>(f64At(source, k)) - factor * load<f64>(f64At(removed, k));
        if (!(slope * slope > steepness * (best + lambda0)) || k == i || isNeighbour(k, from, to, neighbours)) continue;
        const curvature = 2 * (load<f64>(f64At(variances, k)) / ti + si / load<f64>(f64At(diagonal, k)));
        const gain = gainOf(curvature, slope, lambda0, lambda2, bound);
        if (!(gain > best)) continue;
        best = gain;
        target = k;
        bestSlope = slope;
      }
      const found = best > least + 1e-9;
      store<f64>(f64At(gains, at), found ? best - least : 0);
      store<i32>(targets + (<usize> at << 2), target);
      store<f64>(f64At(along, at), bestSlope);
    }
  }
}
