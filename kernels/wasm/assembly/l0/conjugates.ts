// Conjugates of the relaxed penalty over many slopes, at several multiples of them: rows [vertices] of slopes right of the
// diagonal, a status byte an edge, edges numbered row by row.

import { anyBeyond, f64At } from "./memory";
import { FREE } from "./nodes";
import { relaxedConjugate } from "./penalty";

/** Rows `begin` to `end`: nearly all slopes are within the threshold, and are passed over four at a time. */
export function scaledConjugates_f64(
  vertices: i32, first: i32, gradient: usize, gradientStride: i32, statuses: usize,
  scaleCount: i32, scales: usize, lambda0: f64, lambda2: f64, bound: f64, threshold: f64,
  sums: usize, sumsStride: i32, largest: usize,
  begin: i32, end: i32, _scratch: usize,
): void {
  const beyond = f64x2.splat(threshold);
  for (let r = begin; r < end; r++) {
    const row = gradient + (<usize> r * gradientStride << 3), totals = sums + (<usize> r * sumsStride << 3);
    const i = <u32> (first + r);
    // Modulo 2^32, as addresses are: below 65,536 vertices all is well.
    const states = statuses + <usize> (i * <u32> vertices - ((i * (i + 1)) >> 1) - i - 1);
    memory.fill(totals, 0, <usize> scaleCount << 3);
    let most: f64 = 0, j: i32 = first + r + 1;
    while (j < vertices) {
      if (j + 4 <= vertices && !anyBeyond(f64At(row, j), beyond)) {
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
          store<f64>(total, load<f64>(total) + relaxedConjugate(derivative, lambda0, lambda2, bound, threshold));
        }
      }
    }
    store<f64>(f64At(largest, r), most);
  }
}
