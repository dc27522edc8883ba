// Coordinate descent where entries have weights, row by row: the residual e of a row is held, and moves with each of its
// coefficients.
//
// X and M are T [rows, columns], H is T [rank, columns], W is T [rank, rows], the losses of rows f64. [begin, end) are the
// rows of this call. Scratch: a row of T.

import { axpyInline, laneSum } from "../dense/vector";
import { at, lanes, multiplyAdd } from "../simd";
import { leastCurvature } from "./tile";

/** Elements of f32 that are summed in f32 before their sums move to f64. */
const F32_RUN: i32 = 256;

// exported for f32, f64
export function weightedSweep<T>(
  columns: i32, rank: i32, sweeps: i32, x: usize, xStride: i32, weights: usize, weightsStride: i32,
  components: usize, componentsStride: i32, factor: usize, factorStride: i32, losses: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  const size: usize = sizeof<T>(), line = <usize>componentsStride * size;
  for (let i = begin; i < end; i++) {
    const m = at(weights, i * weightsStride, size), own = at(factor, i, size);
    memory.copy(scratch, at(x, i * xStride, size), at(0, columns, size));
    for (let t = 0; t < rank; t++) {
      const w = load<T>(at(own, t * factorStride, size));
      if (w != 0) axpyInline<T>(columns, -w, at(components, t, line), scratch);
    }
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let t = 0; t < rank; t++) {
        const h = at(components, t, line), place = at(own, t * factorStride, size);
        let slope: f64 = 0, curvature: f64 = 0, j = 0;
        while (columns - j >= lanes<T>()) {
          let slopes = i64x2.splat(0), curvatures = slopes;
          const run = sizeof<T>() == 4 ? F32_RUN : columns;
          for (const stop = min(j + run, columns & -lanes<T>()); j < stop; j += lanes<T>()) {
            const s = at(0, j, size), value = v128.load(h + s), weighted = v128.mul<T>(v128.load(m + s), value);
            slopes = multiplyAdd<T>(weighted, v128.load(scratch + s), slopes);
            curvatures = multiplyAdd<T>(weighted, value, curvatures);
          }
          slope += laneSum<T>(slopes);
          curvature += laneSum<T>(curvatures);
        }
        for (; j < columns; j++) {
          const value = load<T>(at(h, j, size)), weighted = load<T>(at(m, j, size)) * value;
          slope += <f64>weighted * <f64>load<T>(at(scratch, j, size));
          curvature += <f64>weighted * <f64>value;
        }
        if (!(curvature > leastCurvature<T>())) continue;
        const old = load<T>(place), next = <T>max(<f64>old + slope / curvature, 0.0), change = next - old;
        if (change == 0) continue;
        store<T>(place, next);
        axpyInline<T>(columns, -change, h, scratch);
      }
    }
    store<f64>(at(losses, i, 8), lossOfRow<T>(columns, rank, at(x, i * xStride, size), m, components, line, own, at(0, factorStride, size)));
  }
}

/** sum_j m_j e_j^2 in f64, where e = x - sum_t w_t h_t is found anew: what descents compare may not hold their rounding. */
function lossOfRow<T>(
  columns: i32, rank: i32, x: usize, m: usize, components: usize, line: usize, own: usize, step: usize,
): f64 {
  let sums = f64x2.splat(0), j = 0;
  for (; j + 4 <= columns; j += 4) {
    const s = at(0, j, sizeof<T>());
    let a = lowOf<T>(x + s), b = highOf<T>(x + s), w = own, h = components + s;
    for (let t = 0; t < rank; t++) {
      const weight = f64x2.splat(-<f64>load<T>(w));
      a = multiplyAdd<f64>(weight, lowOf<T>(h), a);
      b = multiplyAdd<f64>(weight, highOf<T>(h), b);
      w += step;
      h += line;
    }
    sums = multiplyAdd<f64>(f64x2.mul(lowOf<T>(m + s), a), a, sums);
    sums = multiplyAdd<f64>(f64x2.mul(highOf<T>(m + s), b), b, sums);
  }
  let sum = laneSum<f64>(sums);
  for (; j < columns; j++) {
    const s = at(0, j, sizeof<T>());
    let value = <f64>load<T>(x + s), w = own, h = components + s;
    for (let t = 0; t < rank; t++) {
      value -= <f64>load<T>(w) * <f64>load<T>(h);
      w += step;
      h += line;
    }
    sum += <f64>load<T>(m + s) * value * value;
  }
  return sum;
}

/** The first and the next two of four elements, in f64. */
@inline
function lowOf<T>(p: usize): v128 {
  return sizeof<T>() == 8 ? v128.load(p) : f64x2.promote_low_f32x4(v128.load64_zero(p));
}

@inline
function highOf<T>(p: usize): v128 {
  return sizeof<T>() == 8 ? v128.load(p, 16) : f64x2.promote_low_f32x4(v128.load64_zero(p, 8));
}
