// The best swap of each edge for an absent one at the same vertex.

import { f64At, u32At } from "./memory";
import { entryGain, Penalty } from "./penalty";

@inline
function isNeighbour(k: i32, from: i32, to: i32, neighbours: usize): bool {
  for (let at = from; at < to; at++) if (u32At(neighbours, at) == k) return true;
  return false;
}

/**
 * Best swaps at vertices `first + begin` to `first + end`. A gain is at most u^2 / (2 h) - lambda0, h the least
 * curvature at i with its ridge: one comparison of squares passes over nearly all k.
 */
export function graphSwaps_f64(
  vertices: i32, starts: usize, neighbours: usize, incident: usize, values: usize, diagonal: usize,
  first: i32, gradient: usize, gradientStride: i32, gram: usize, gramStride: i32, rows: usize, rowsFrom: i32,
  variances: usize, leastCurvatures: usize, penalty: Penalty, gains: usize, targets: usize, along: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const lambda0 = penalty.lambda0;
  for (let row = begin; row < end; row++) {
    const i = first + row, source = gradient + (<usize> row * gradientStride << 3);
    const si = load<f64>(f64At(variances, i)), ti = load<f64>(f64At(diagonal, i));
    const from = u32At(starts, i), to = u32At(starts, i + 1);
    const scale = 2 * (1 - 1e-12) * (load<f64>(f64At(leastCurvatures, i)) + 2 * penalty.lambda2);
    for (let at = from; at < to; at++) {
      const j = u32At(neighbours, at), value = load<f64>(f64At(values, u32At(incident, at)));
      const removed = gram + (<usize> u32At(rows, at - rowsFrom) * gramStride << 3), factor = 2 * value / ti;
      const held = 2 * (load<f64>(f64At(variances, j)) / ti + si / load<f64>(f64At(diagonal, j)));
      const least = entryGain(held, held * value - load<f64>(f64At(source, j)), penalty);
      let best = least + 1e-9, target: i32 = 0, bestDerivative: f64 = 0;
      for (let k: i32 = 0; k < vertices; k++) {
        const derivative = load<f64>(f64At(source, k)) - factor * load<f64>(f64At(removed, k));
        if (!(derivative * derivative > scale * (best + lambda0)) || k == i || isNeighbour(k, from, to, neighbours)) continue;
        const curvature = 2 * (load<f64>(f64At(variances, k)) / ti + si / load<f64>(f64At(diagonal, k)));
        const gain = entryGain(curvature, derivative, penalty);
        if (!(gain > best)) continue;
        best = gain;
        target = k;
        bestDerivative = derivative;
      }
      const found = best > least + 1e-9;
      store<f64>(f64At(gains, at), found ? best - least : 0);
      store<i32>(targets + (<usize> at << 2), target);
      store<f64>(f64At(along, at), bestDerivative);
    }
  }
}
