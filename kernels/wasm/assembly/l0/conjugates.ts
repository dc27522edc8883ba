// Conjugates of the relaxed penalty over a gradient, at several multiples of it: rows [vertices] of derivatives right
// of the diagonal, a status byte an edge, edges numbered row by row.

import { FREE } from "../../../contract/l0/constants";
import { anyAbove, f64At } from "./memory";
import { Penalty, relaxedConjugate } from "./penalty";

/** Rows `begin` to `end`: nearly all derivatives are within the threshold, and are passed over four at a time. */
export function scaledConjugates_f64(
  vertices: i32, first: i32, gradient: usize, gradientStride: i32, statuses: usize,
  scaleCount: i32, scales: usize, penalty: Penalty, sums: usize, sumsStride: i32, largest: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const threshold = penalty.threshold, limit = f64x2.splat(threshold);
  for (let r = begin; r < end; r++) {
    const row = gradient + (<usize> r * gradientStride << 3), totals = sums + (<usize> r * sumsStride << 3);
    const i = <u32> (first + r);
    // Modulo 2^32, as addresses are: right below 65,536 vertices.
    const states = statuses + <usize> (i * <u32> vertices - ((i * (i + 1)) >> 1) - i - 1);
    memory.fill(totals, 0, <usize> scaleCount << 3);
    let most: f64 = 0, j: i32 = first + r + 1;
    while (j < vertices) {
      if (j + 4 <= vertices && !anyAbove(f64At(row, j), limit)) {
        j += 4;
        continue;
      }
      for (const stop = min(vertices, j + 4); j < stop; j++) {
        const magnitude = abs(load<f64>(f64At(row, j)));
        if (!(magnitude > threshold) || load<u8>(states + j) != FREE) continue;
        most = max(most, magnitude);
        for (let k = scaleCount - 1; k >= 0; k--) {
          const derivative = load<f64>(f64At(scales, k)) * magnitude;
          if (derivative <= threshold) break;
          const total = f64At(totals, k);
          store<f64>(total, load<f64>(total) + relaxedConjugate(derivative, penalty));
        }
      }
    }
    store<f64>(f64At(largest, r), most);
  }
}
