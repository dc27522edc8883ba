// Coordinate descent that touches the residual only where a level changes; spec/quantization.ts has the step and the rule.
//
// A row is scanned a vector of columns at a time for the first level that a step would change; that one changes, its row
// of the coupling is added to the residual, and the scan resumes behind it. Rows are independent.
//
// Scratch: 2 * columns elements of T: scales and zeros of the row by column.

import { at, lanes, loadOne, VECTOR } from "./simd";
import { axpy } from "./vector";

export function quantizationDescent_f32(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: f64, passes: i32, changes: usize,
  begin: i32, end: i32, scratch: usize,
): i32 {
  return descent<f32>(
    columns, levels, levelsStride, residual, residualStride, coupling, couplingStride, scales, scalesStride,
    zeros, zerosStride, groups, <f32>maximumCode, passes, changes, begin, end, scratch,
  );
}

export function quantizationDescent_f64(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: f64, passes: i32, changes: usize,
  begin: i32, end: i32, scratch: usize,
): i32 {
  return descent<f64>(
    columns, levels, levelsStride, residual, residualStride, coupling, couplingStride, scales, scalesStride,
    zeros, zerosStride, groups, maximumCode, passes, changes, begin, end, scratch,
  );
}

/** Returns the number of rows that still changed in their last pass. */
function descent<T>(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: T, passes: i32, changes: usize,
  begin: i32, end: i32, scratch: usize,
): i32 {
  const size: usize = sizeof<T>();
  const rowScales = scratch, rowZeros = at(scratch, columns, size);
  let unfinished = 0;
  for (let i = begin; i < end; i++) {
    const l = at(levels, i * levelsStride, size), g = at(residual, i * residualStride, size);
    const s = at(scales, i * scalesStride, size), z = at(zeros, i * zerosStride, size);
    for (let j = 0; j < columns; j++) {
      const group: i32 = groups ? load<i32>(at(groups, j, 4)) : 0;
      const alive = load<T>(at(coupling, j * couplingStride + j, size)) != 0;
      // Divided by an infinite scale the residual vanishes: the target of a dead column is its own level.
      store<T>(at(rowScales, j, size), alive ? load<T>(at(s, group, size)) : <T>Infinity);
      store<T>(at(rowZeros, j, size), load<T>(at(z, group, size)));
    }
    let total = 0, changed = 1;
    for (let pass = 0; pass < passes && changed > 0; pass++) {
      changed = 0;
      let j = firstChange<T>(0, columns, l, g, rowScales, rowZeros, maximumCode);
      while (j < columns) {
        const level = at(l, j, size), scale = load<T>(at(rowScales, j, size)), zero = load<T>(at(rowZeros, j, size));
        const old = load<T>(level);
        const next = min<T>(max<T>(nearest<T>(old + load<T>(at(g, j, size)) / scale), -zero), maximumCode - zero);
        store<T>(level, next);
        axpy<T>(columns, scale * (old - next), at(coupling, j * couplingStride, size), g);
        changed++;
        j = firstChange<T>(j + 1, columns, l, g, rowScales, rowZeros, maximumCode);
      }
      total += changed;
    }
    store<i32>(at(changes, i, 4), total);
    unfinished += i32(changed > 0);
  }
  return unfinished;
}

/** The first column from `j` on whose step lowers the objective; `columns` if there is none. */
@inline
function firstChange<T>(
  j: i32, columns: i32, levels: usize, residual: usize, scales: usize, zeros: usize, maximumCode: T,
): i32 {
  const most = v128.splat<T>(maximumCode);
  let offset = at(0, j, sizeof<T>());
  for (; j <= columns - lanes<T>(); j += lanes<T>()) {
    const found = improves<T>(
      v128.load(levels + offset), v128.load(residual + offset), v128.load(scales + offset), v128.load(zeros + offset), most,
    );
    if (found != 0) return j + ctz<i32>(found);
    offset += VECTOR;
  }
  for (; j < columns; j++) {
    const found = improves<T>(
      loadOne<T>(levels + offset), loadOne<T>(residual + offset), loadOne<T>(scales + offset), loadOne<T>(zeros + offset),
      most,
    );
    if ((found & 1) != 0) return j;
    offset += sizeof<T>();
  }
  return columns;
}

/** One bit a lane: whether the rounded target is strictly nearer to the target than the level is. */
@inline
function improves<T>(level: v128, residual: v128, scale: v128, zero: v128, most: v128): i32 {
  const target = v128.add<T>(level, v128.div<T>(residual, scale));
  const next = v128.min<T>(v128.max<T>(v128.nearest<T>(target), v128.neg<T>(zero)), v128.sub<T>(most, zero));
  const nearer = v128.lt<T>(v128.abs<T>(v128.sub<T>(target, next)), v128.abs<T>(v128.sub<T>(target, level)));
  return sizeof<T>() == 4 ? i32x4.bitmask(nearer) : i64x2.bitmask(nearer);
}
