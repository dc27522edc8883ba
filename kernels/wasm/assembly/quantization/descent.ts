// Coordinate descent that touches the residual only where a level changes; contract/quantization/descent.ts has the
// step and the rule.
//
// A tile of rows goes through the columns together, a panel of columns at a time. Inside a panel a row is scanned a
// vector of columns at a time for the first level that a step would change; that one changes, its row of the coupling
// is added to the panel's part of the residual, and the scan resumes behind it. When all rows are through a panel,
// their changes are added to the rest of the residual, strip by strip: the strip of the panel's coupling stays in the
// cache for all rows, and several changes share one turn over the residual.
//
// An element of the residual gets its changes in the order of their columns, whatever the tile, the panel and the
// strip: a row's result depends on nothing but the row.
//
// A pass of the heat bath is one with noise on the residual where a target is taken from it; the residual itself does
// not have it. Noise is compiled in by the type N: a float for it, an integer without.
//
// A dead column has an infinite scale here: divided by it the residual vanishes, and the target is the column's own
// level.
//
// Scratch: DESCENT_SCRATCH words and elements of T, and 2 * DESCENT_TILE + 1 rows of elements: see
// quantization_blocking.ts.

import { DESCENT_PANEL, DESCENT_STRIP, DESCENT_TILE } from "../../quantization/blocking";
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";
import { axpy } from "../dense/vector";

/** Columns up to which a tile has fewer rows, and how many. */
const NARROW: i32 = 256, NARROW_TILE: i32 = 8;

/** Returns the number of rows that still changed in their last pass. */
// exported for f32, f64
export function quantizationDescent<T>(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: T, passes: i32, changes: usize,
  begin: i32, end: i32, scratch: usize,
): i32 {
  return passesOver<T, i32>(
    columns, levels, levelsStride, residual, residualStride, coupling, couplingStride, scales, scalesStride,
    zeros, zerosStride, groups, maximumCode, passes, 0, 0, 0, changes, begin, end, scratch,
  );
}

/** A row of noise for each pass, and a factor of it for each row of levels. */
// exported for f32, f64
export function quantizationAnnealing<T>(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: T, passes: i32, noise: usize, noiseStride: i32, amplitudes: usize, changes: usize,
  begin: i32, end: i32, scratch: usize,
): void {
  passesOver<T, T>(
    columns, levels, levelsStride, residual, residualStride, coupling, couplingStride, scales, scalesStride,
    zeros, zerosStride, groups, maximumCode, passes, noise, noiseStride, amplitudes, changes, begin, end, scratch,
  );
}

function passesOver<T, N>(
  columns: i32, levels: usize, levelsStride: i32, residual: usize, residualStride: i32,
  coupling: usize, couplingStride: i32, scales: usize, scalesStride: i32, zeros: usize, zerosStride: i32,
  groups: usize, maximumCode: T, passes: i32, noise: usize, noiseStride: i32, amplitudes: usize, changes: usize,
  begin: i32, end: i32, scratch: usize,
): i32 {
  const size: usize = sizeof<T>();
  const steps = scratch, places = at(steps, DESCENT_TILE * DESCENT_PANEL, size);
  const counts = at(places, DESCENT_TILE * DESCENT_PANEL, 4), moves = at(counts, DESCENT_TILE, 4);
  const dead = at(moves, DESCENT_TILE, 4);
  const tileScales = at(dead, columns, size), tileZeros = at(tileScales, DESCENT_TILE * columns, size);
  for (let j = 0; j < columns; j++) {
    store<T>(at(dead, j, size), load<T>(at(coupling, j * couplingStride + j, size)) == 0 ? <T>Infinity : 1);
  }
  // Where a close cache holds the coupling, so that nothing is to be shared, it had better hold the rows of a tile as well.
  const tile = columns <= NARROW ? NARROW_TILE : DESCENT_TILE;
  let unfinished = 0;
  for (let top = begin; top < end; top += tile) {
    const rows = min(tile, end - top);
    for (let r = 0; r < rows; r++) {
      const s = at(scales, (top + r) * scalesStride, size), z = at(zeros, (top + r) * zerosStride, size);
      expand<T>(columns, s, groups, dead, at(tileScales, r * columns, size));
      expand<T>(columns, z, groups, 0, at(tileZeros, r * columns, size));
      store<i32>(at(changes, top + r, 4), 0);
      // The changes of the pass before: none means that no change improves the row.
      store<i32>(at(moves, r, 4), 1);
    }
    let moving = rows;
    for (let pass = 0; pass < passes && (isFloat<N>() || moving > 0); pass++) {
      const n = at(noise, pass * noiseStride, size);
      for (let r = 0; r < rows; r++) {
        store<i32>(at(moves, r, 4), isFloat<N>() || load<i32>(at(moves, r, 4)) > 0 ? 0 : -1);
      }
      for (let left = 0; left < columns; left += DESCENT_PANEL) {
        const right = min(left + DESCENT_PANEL, columns);
        let found = 0;
        for (let r = 0; r < rows; r++) {
          let count = 0;
          if (load<i32>(at(moves, r, 4)) >= 0) {
            count = updatePanel<T, N>(
              left, right, at(levels, (top + r) * levelsStride, size), at(residual, (top + r) * residualStride, size),
              coupling, couplingStride, at(tileScales, r * columns, size), at(tileZeros, r * columns, size), maximumCode,
              n, isFloat<N>() ? load<T>(at(amplitudes, top + r, size)) : 0,
              at(steps, r * DESCENT_PANEL, size), at(places, r * DESCENT_PANEL, 4),
            );
            store<i32>(at(moves, r, 4), load<i32>(at(moves, r, 4)) + count);
          }
          store<i32>(at(counts, r, 4), count);
          found += count;
        }
        if (found == 0) continue;
        for (let from = 0; from < columns; from += DESCENT_STRIP) {
          const to = min(from + DESCENT_STRIP, columns);
          for (let r = 0; r < rows; r++) {
            const g = at(residual, (top + r) * residualStride, size), count = load<i32>(at(counts, r, 4));
            const rowSteps = at(steps, r * DESCENT_PANEL, size), rowPlaces = at(places, r * DESCENT_PANEL, 4);
            // The panel's own columns have their changes already.
            spread<T>(from, min(to, left), count, rowSteps, rowPlaces, coupling, couplingStride, g);
            spread<T>(max(from, right), to, count, rowSteps, rowPlaces, coupling, couplingStride, g);
          }
        }
      }
      moving = 0;
      for (let r = 0; r < rows; r++) {
        const moved = max(load<i32>(at(moves, r, 4)), 0), total = at(changes, top + r, 4);
        store<i32>(at(moves, r, 4), moved);
        store<i32>(total, load<i32>(total) + moved);
        moving += i32(moved > 0);
      }
    }
    unfinished += moving;
  }
  return unfinished;
}

/** What a row has for each group, for each column: times a factor of the column where there are `factors`. */
function expand<T>(columns: i32, values: usize, groups: usize, factors: usize, expanded: usize): void {
  const size: usize = sizeof<T>();
  let j = 0;
  while (j < columns) {
    // Columns of a group mostly follow each other.
    const group: i32 = groups ? load<i32>(at(groups, j, 4)) : 0, value = load<T>(at(values, group, size));
    let end = groups ? j + 1 : columns;
    while (end < columns && load<i32>(at(groups, end, 4)) == group) end++;
    const all = v128.splat<T>(value);
    for (; j <= end - lanes<T>(); j += lanes<T>()) {
      v128.store(at(expanded, j, size), factors ? v128.mul<T>(all, v128.load(at(factors, j, size))) : all);
    }
    for (; j < end; j++) store<T>(at(expanded, j, size), factors ? value * load<T>(at(factors, j, size)) : value);
  }
}

/** One row through the columns of a panel; writes down where a level changed and by how much, and returns how often. */
function updatePanel<T, N>(
  left: i32, right: i32, l: usize, g: usize, coupling: usize, couplingStride: i32, scales: usize, zeros: usize,
  maximumCode: T, n: usize, amplitude: T, steps: usize, places: usize,
): i32 {
  const size: usize = sizeof<T>();
  let count = 0;
  let j = firstChange<T, N>(left, left, right, l, g, scales, zeros, maximumCode, n, amplitude);
  while (j < right) {
    // In the first lane: vectors are rounded and clamped by an instruction each.
    const level = at(l, j, size), scale = loadOne<T>(at(scales, j, size)), old = loadOne<T>(level);
    let pull = loadOne<T>(at(g, j, size));
    if (isFloat<N>()) pull = v128.add<T>(pull, v128.mul<T>(v128.splat<T>(amplitude), loadOne<T>(at(n, j, size))));
    const target = v128.add<T>(old, v128.div<T>(pull, scale));
    const next = clamped<T>(target, loadOne<T>(at(zeros, j, size)), v128.splat<T>(maximumCode));
    const step = v128.extract_lane<T>(v128.mul<T>(scale, v128.sub<T>(old, next)), 0);
    storeOne<T>(level, next);
    axpy<T>(right - left, step, at(coupling, j * couplingStride + left, size), at(g, left, size));
    store<T>(at(steps, count, size), step);
    store<i32>(at(places, count, 4), j);
    count++;
    j = firstChange<T, N>(j + 1, left, right, l, g, scales, zeros, maximumCode, n, amplitude);
  }
  return count;
}

/** Adds `count` changes to columns `[from, to)` of a row's residual: four to a turn, in their order. */
function spread<T>(
  from: i32, to: i32, count: i32, steps: usize, places: usize, coupling: usize, couplingStride: i32, g: usize,
): void {
  const size: usize = sizeof<T>(), length = to - from;
  if (length <= 0) return;
  const target = at(g, from, size);
  let c = 0;
  for (; c <= count - 4; c += 4) {
    const step = at(steps, c, size), place = at(places, c, 4);
    const s0 = v128.splat<T>(load<T>(step)), s1 = v128.splat<T>(load<T>(at(step, 1, size)));
    const s2 = v128.splat<T>(load<T>(at(step, 2, size))), s3 = v128.splat<T>(load<T>(at(step, 3, size)));
    let y = target;
    let m0 = at(coupling, load<i32>(place) * couplingStride + from, size);
    let m1 = at(coupling, load<i32>(place, 4) * couplingStride + from, size);
    let m2 = at(coupling, load<i32>(place, 8) * couplingStride + from, size);
    let m3 = at(coupling, load<i32>(place, 12) * couplingStride + from, size);
    let n = length;
    for (; n >= 2 * lanes<T>(); n -= 2 * lanes<T>()) {
      let low = multiplyAdd<T>(s0, v128.load(m0), v128.load(y));
      let high = multiplyAdd<T>(s0, v128.load(m0, VECTOR), v128.load(y, VECTOR));
      low = multiplyAdd<T>(s1, v128.load(m1), low);
      high = multiplyAdd<T>(s1, v128.load(m1, VECTOR), high);
      low = multiplyAdd<T>(s2, v128.load(m2), low);
      high = multiplyAdd<T>(s2, v128.load(m2, VECTOR), high);
      low = multiplyAdd<T>(s3, v128.load(m3), low);
      high = multiplyAdd<T>(s3, v128.load(m3, VECTOR), high);
      v128.store(y, low);
      v128.store(y, high, VECTOR);
      y += 2 * VECTOR;
      m0 += 2 * VECTOR;
      m1 += 2 * VECTOR;
      m2 += 2 * VECTOR;
      m3 += 2 * VECTOR;
    }
    for (; n > 0; n--) {
      let sum = multiplyAdd<T>(s0, loadOne<T>(m0), loadOne<T>(y));
      sum = multiplyAdd<T>(s1, loadOne<T>(m1), sum);
      sum = multiplyAdd<T>(s2, loadOne<T>(m2), sum);
      sum = multiplyAdd<T>(s3, loadOne<T>(m3), sum);
      storeOne<T>(y, sum);
      y += size;
      m0 += size;
      m1 += size;
      m2 += size;
      m3 += size;
    }
  }
  for (; c < count; c++) {
    const place = load<i32>(at(places, c, 4));
    axpy<T>(length, load<T>(at(steps, c, size)), at(coupling, place * couplingStride + from, size), target);
  }
}

/**
 * The first column from `j` on whose step lowers the objective; `right` if there is none. A target within half a step of
 * its level changes nothing, which is told first and of two vectors at a time. These are read as a change has written
 * them, which is faster, the last two from where they have to; what they find before `j` does not count.
 */
@inline
function firstChange<T, N>(
  j: i32, left: i32, right: i32, levels: usize, residual: usize, scales: usize, zeros: usize, maximumCode: T,
  noise: usize, amplitude: T,
): i32 {
  const most = v128.splat<T>(maximumCode), factor = v128.splat<T>(amplitude), pair = 2 * lanes<T>();
  let from = j;
  if (right - left >= pair) {
    while (j < right) {
      from = min(left + ((j - left) & -pair), right - pair);
      const offset = at(0, from, sizeof<T>());
      const low = pulled<T, N>(v128.load(residual + offset), factor, noise + offset);
      const high = pulled<T, N>(v128.load(residual + offset, VECTOR), factor, noise + offset + VECTOR);
      const lowScale = v128.load(scales + offset), highScale = v128.load(scales + offset, VECTOR);
      if (v128.any_true(v128.or(isFar<T>(low, lowScale), isFar<T>(high, highScale)))) {
        const lowLevel = v128.load(levels + offset), highLevel = v128.load(levels + offset, VECTOR);
        const lowZero = v128.load(zeros + offset), highZero = v128.load(zeros + offset, VECTOR);
        const isLowFree = isFree<T>(lowLevel, low, lowScale, lowZero, most);
        if (v128.any_true(v128.or(isLowFree, isFree<T>(highLevel, high, highScale, highZero, most)))) {
          const first = improves<T>(lowLevel, low, lowScale, lowZero, most);
          const second = improves<T>(highLevel, high, highScale, highZero, most);
          const found = (first | second << lanes<T>()) & -1 << (j - from);
          if (found != 0) return from + ctz<i32>(found);
        }
      }
      j = from + pair;
    }
    return right;
  }
  let offset = at(0, j, sizeof<T>());
  for (; j < right; j++) {
    let pull = loadOne<T>(residual + offset);
    if (isFloat<N>()) pull = v128.add<T>(pull, v128.mul<T>(factor, loadOne<T>(noise + offset)));
    const found = improves<T>(
      loadOne<T>(levels + offset), pull, loadOne<T>(scales + offset), loadOne<T>(zeros + offset), most,
    );
    if ((found & 1) != 0) return j;
    offset += sizeof<T>();
  }
  return right;
}

/** The residual, with the noise where there is any: a product and a sum, rounded each. */
@inline
function pulled<T, N>(residual: v128, factor: v128, noise: usize): v128 {
  return isFloat<N>() ? v128.add<T>(residual, v128.mul<T>(factor, v128.load(noise))) : residual;
}

/** Whether a target is farther than half a step from its level; twice the residual is exact. */
@inline
function isFar<T>(pull: v128, scale: v128): v128 {
  return v128.gt<T>(v128.abs<T>(v128.add<T>(pull, pull)), scale);
}

/** Whether it is so on a side where the grid goes on: levels at the ends of small grids are mostly held there. */
@inline
function isFree<T>(level: v128, pull: v128, scale: v128, zero: v128, most: v128): v128 {
  const twice = v128.add<T>(pull, pull);
  const above = v128.and(v128.gt<T>(twice, scale), v128.lt<T>(level, v128.sub<T>(most, zero)));
  return v128.or(above, v128.and(v128.lt<T>(twice, v128.neg<T>(scale)), v128.gt<T>(level, v128.neg<T>(zero))));
}

/** One bit a lane: whether the rounded target is strictly nearer to the target than the level is. */
@inline
function improves<T>(level: v128, residual: v128, scale: v128, zero: v128, most: v128): i32 {
  const target = v128.add<T>(level, v128.div<T>(residual, scale));
  const next = clamped<T>(target, zero, most);
  const nearer = v128.lt<T>(v128.abs<T>(v128.sub<T>(target, next)), v128.abs<T>(v128.sub<T>(target, level)));
  return sizeof<T>() == 4 ? i32x4.bitmask(nearer) : i64x2.bitmask(nearer);
}

/** The nearest level to a target that the grid has. */
@inline
function clamped<T>(target: v128, zero: v128, most: v128): v128 {
  return v128.pmin<T>(v128.sub<T>(most, zero), v128.pmax<T>(v128.neg<T>(zero), v128.nearest<T>(target)));
}
