// Coordinate descent that touches the residual only where a level changes; contract/quantization/descent.ts has the
// step and the rule.
//
// A tile of rows goes through the columns together, a panel of columns at a time. Inside a panel a row is scanned two
// vectors of columns at a time for levels that are free to move and farther than half a step from their targets. The
// first that a step changes adds its row of the coupling to the panel's part of the residual, and to the two vectors,
// which are still at hand. When all rows are through a panel, their changes are added to the rest of the residual, strip
// by strip: the strip of the panel's coupling stays in the cache for all rows, and several changes share one turn over
// the residual. A narrow row is one panel, and goes through all its passes before the next row: the closest cache holds
// it, and the coupling is near.
//
// An element of the residual gets its changes in the order of their columns, whatever the tile, the panel and the
// strip: a row's result depends on nothing but the row.
//
// Half a step is a threshold on twice the residual, which is exact: the scale above, its negative below, and infinite
// where the grid ends or the column is dead. Most levels of small grids are at an end of theirs.
//
// A pass of the heat bath is one with noise on the residual where a target is taken from it; the residual itself does
// not have it. Noise is compiled in by the type N: a float for it, an integer without.
//
// Scratch: DESCENT_SCRATCH words and elements of T, and 2 * DESCENT_TILE + 1 rows of elements: see
// quantization_blocking.ts.

import { DESCENT_PANEL, DESCENT_STRIP, DESCENT_TILE } from "../../quantization/blocking";
import { at, lanes, loadOne, multiplyAdd, storeOne, VECTOR } from "../simd";
import { axpy } from "../dense/vector";

/** Columns up to which a row is one panel, and no tile is needed to share what is loaded of the coupling. */
const NARROW: i32 = 256;

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
  const above = at(dead, columns, size), below = at(above, DESCENT_TILE * columns, size);
  for (let j = 0; j < columns; j++) {
    store<T>(at(dead, j, size), load<T>(at(coupling, j * couplingStride + j, size)) == 0 ? <T>Infinity : 1);
  }
  const tile = columns <= NARROW ? 1 : DESCENT_TILE, panel = columns <= NARROW ? NARROW : DESCENT_PANEL;
  let unfinished = 0;
  for (let top = begin; top < end; top += tile) {
    const rows = min(tile, end - top);
    for (let r = 0; r < rows; r++) {
      placeThresholds<T>(
        columns, at(levels, (top + r) * levelsStride, size), at(scales, (top + r) * scalesStride, size),
        at(zeros, (top + r) * zerosStride, size), groups, maximumCode, dead,
        at(above, r * columns, size), at(below, r * columns, size),
      );
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
      for (let left = 0; left < columns; left += panel) {
        const right = min(left + panel, columns);
        let found = 0;
        for (let r = 0; r < rows; r++) {
          let count = 0;
          if (load<i32>(at(moves, r, 4)) >= 0) {
            count = updatePanel<T, N>(
              left, right, at(levels, (top + r) * levelsStride, size), at(residual, (top + r) * residualStride, size),
              coupling, couplingStride, at(scales, (top + r) * scalesStride, size),
              at(zeros, (top + r) * zerosStride, size), groups, maximumCode,
              at(above, r * columns, size), at(below, r * columns, size),
              n, isFloat<N>() ? load<T>(at(amplitudes, top + r, size)) : 0,
              at(steps, r * DESCENT_PANEL, size), at(places, r * DESCENT_PANEL, 4),
            );
            store<i32>(at(moves, r, 4), load<i32>(at(moves, r, 4)) + count);
          }
          store<i32>(at(counts, r, 4), count);
          found += count;
        }
        // The panel's own columns have their changes already.
        if (found == 0 || right - left == columns) continue;
        for (let from = 0; from < columns; from += DESCENT_STRIP) {
          const to = min(from + DESCENT_STRIP, columns);
          for (let r = 0; r < rows; r++) {
            const g = at(residual, (top + r) * residualStride, size), count = load<i32>(at(counts, r, 4));
            const rowSteps = at(steps, r * DESCENT_PANEL, size), rowPlaces = at(places, r * DESCENT_PANEL, 4);
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

/** The thresholds of a row's levels. */
function placeThresholds<T>(
  columns: i32, l: usize, scales: usize, zeros: usize, groups: usize, maximumCode: T, dead: usize,
  above: usize, below: usize,
): void {
  const size: usize = sizeof<T>(), never = v128.splat<T>(<T>Infinity);
  let j = 0;
  while (j < columns) {
    // Columns of a group mostly follow each other.
    const group: i32 = groups ? load<i32>(at(groups, j, 4)) : 0, zero = load<T>(at(zeros, group, size));
    let end = groups ? j + 1 : columns;
    while (end < columns && load<i32>(at(groups, end, 4)) == group) end++;
    const scale = load<T>(at(scales, group, size));
    const all = v128.splat<T>(scale), least = v128.splat<T>(-zero), most = v128.splat<T>(maximumCode - zero);
    for (; j <= end - lanes<T>(); j += lanes<T>()) {
      const level = v128.load(at(l, j, size)), step = v128.mul<T>(all, v128.load(at(dead, j, size)));
      v128.store(at(above, j, size), v128.bitselect(step, never, v128.lt<T>(level, most)));
      v128.store(at(below, j, size), v128.neg<T>(v128.bitselect(step, never, v128.gt<T>(level, least))));
    }
    for (; j < end; j++) {
      const level = load<T>(at(l, j, size)), step = scale * load<T>(at(dead, j, size));
      store<T>(at(above, j, size), level < maximumCode - zero ? step : <T>Infinity);
      store<T>(at(below, j, size), level > -zero ? -step : <T>-Infinity);
    }
  }
}

/** One row through the columns of a panel; writes down where a level changed and by how much, and returns how often. */
function updatePanel<T, N>(
  left: i32, right: i32, l: usize, g: usize, coupling: usize, couplingStride: i32, scales: usize, zeros: usize,
  groups: usize, maximumCode: T, above: usize, below: usize, n: usize, amplitude: T, steps: usize, places: usize,
): i32 {
  const size: usize = sizeof<T>(), pair = 2 * lanes<T>(), factor = v128.splat<T>(amplitude), panel = at(g, left, size);
  let count = 0, from = left;
  for (; from < right && right - left >= pair; from += pair) {
    // The last two vectors are read from where they have to; what they find in columns that are done does not count.
    const first = min(from, right - pair), offset = at(0, first, size);
    const lowAbove = v128.load(above + offset), highAbove = v128.load(above + offset, VECTOR);
    const lowBelow = v128.load(below + offset), highBelow = v128.load(below + offset, VECTOR);
    let low = v128.load(g + offset), high = v128.load(g + offset, VECTOR), lowNoise = low, highNoise = high;
    if (isFloat<N>()) {
      lowNoise = v128.mul<T>(factor, v128.load(n + offset));
      highNoise = v128.mul<T>(factor, v128.load(n + offset, VECTOR));
    }
    let lowFar = isFar<T, N>(low, lowNoise, lowAbove, lowBelow);
    let highFar = isFar<T, N>(high, highNoise, highAbove, highBelow);
    if (!v128.any_true(v128.or(lowFar, highFar))) continue;
    let ahead = -1 << (from - first), found = (bits<T>(lowFar) | bits<T>(highFar) << lanes<T>()) & ahead;
    while (found != 0) {
      const lane = ctz<i32>(found), j = first + lane, step = at(steps, count, size);
      ahead = -2 << lane;
      if (changesLevel<T, N>(j, l, g, scales, zeros, groups, maximumCode, above, below, n, factor, step)) {
        const row = at(coupling, j * couplingStride, size), s = v128.splat<T>(load<T>(step));
        axpy<T>(right - left, load<T>(step), at(row, left, size), panel);
        store<i32>(at(places, count, 4), j);
        count++;
        low = multiplyAdd<T>(s, v128.load(row + offset), low);
        high = multiplyAdd<T>(s, v128.load(row + offset, VECTOR), high);
        lowFar = isFar<T, N>(low, lowNoise, lowAbove, lowBelow);
        highFar = isFar<T, N>(high, highNoise, highAbove, highBelow);
        found = bits<T>(lowFar) | bits<T>(highFar) << lanes<T>();
      }
      found &= ahead;
    }
  }
  for (; from < right; from++) {
    const offset = at(0, from, size), step = at(steps, count, size), residual = loadOne<T>(g + offset);
    const noise = isFloat<N>() ? v128.mul<T>(factor, loadOne<T>(n + offset)) : residual;
    if ((bits<T>(isFar<T, N>(residual, noise, loadOne<T>(above + offset), loadOne<T>(below + offset))) & 1) == 0) continue;
    if (!changesLevel<T, N>(from, l, g, scales, zeros, groups, maximumCode, above, below, n, factor, step)) continue;
    axpy<T>(right - left, load<T>(step), at(coupling, from * couplingStride + left, size), panel);
    store<i32>(at(places, count, 4), from);
    count++;
  }
  return count;
}

/** Whether targets are farther than half a step from their levels, on sides where the grid goes on. */
@inline
function isFar<T, N>(residual: v128, noise: v128, above: v128, below: v128): v128 {
  const pull = isFloat<N>() ? v128.add<T>(residual, noise) : residual, twice = v128.add<T>(pull, pull);
  return v128.or(v128.gt<T>(twice, above), v128.lt<T>(twice, below));
}

/** One bit a lane. */
@inline
function bits<T>(lanes: v128): i32 {
  return sizeof<T>() == 4 ? i32x4.bitmask(lanes) : i64x2.bitmask(lanes);
}

/**
 * Moves the level of a column to the nearest that the grid has, where that is strictly nearer to the target: says whether,
 * and writes down the step. In the first lane, for vectors are rounded and clamped by an instruction each.
 */
@inline
function changesLevel<T, N>(
  j: i32, l: usize, g: usize, scales: usize, zeros: usize, groups: usize, maximumCode: T, above: usize, below: usize,
  n: usize, factor: v128, step: usize,
): bool {
  const size: usize = sizeof<T>(), inRow = at(0, groups ? load<i32>(at(groups, j, 4)) : 0, size);
  const level = at(l, j, size), scale = loadOne<T>(scales + inRow), zero = loadOne<T>(zeros + inRow);
  const old = loadOne<T>(level), least = v128.neg<T>(zero), most = v128.sub<T>(v128.splat<T>(maximumCode), zero);
  let pull = loadOne<T>(at(g, j, size));
  if (isFloat<N>()) pull = v128.add<T>(pull, v128.mul<T>(factor, loadOne<T>(at(n, j, size))));
  const target = v128.add<T>(old, v128.div<T>(pull, scale));
  const next = v128.pmin<T>(most, v128.pmax<T>(least, v128.nearest<T>(target)));
  const nearer = v128.lt<T>(v128.abs<T>(v128.sub<T>(target, next)), v128.abs<T>(v128.sub<T>(target, old)));
  if ((bits<T>(nearer) & 1) == 0) return false;
  const never = v128.splat<T>(<T>Infinity);
  storeOne<T>(level, next);
  storeOne<T>(at(above, j, size), v128.bitselect(scale, never, v128.lt<T>(next, most)));
  storeOne<T>(at(below, j, size), v128.neg<T>(v128.bitselect(scale, never, v128.gt<T>(next, least))));
  storeOne<T>(step, v128.mul<T>(scale, v128.sub<T>(old, next)));
  return true;
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
