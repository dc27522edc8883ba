// Packing: a `count` x `depth` block of a strided matrix becomes panels of `width` elements a step, as the register
// tile reads them. Panel p holds elements p * width .. of the first index; inside it, step k is `width` consecutive
// elements. The last panel is padded with zeroes across, every panel along, to a multiple of DEPTH_STEP steps.
//
// Strides are in bytes. Two layouts have vector paths: unit stride across (rows are copied) and unit stride along
// (squares of lanes x lanes are transposed).
import { at, lanes, VECTOR } from "../simd";
import { DEPTH_STEP } from "./tile";

/** Rows of the source copied before moving on to the next panel: each is one stream for the hardware prefetcher. */
const ROW_GROUP: i32 = 8;

/** Steps of a packed panel of `depth` steps. */
@inline
export function paddedDepth(depth: i32): i32 {
  return (depth + DEPTH_STEP - 1) & -DEPTH_STEP;
}

/** `width` is a compile-time constant. */
@inline
export function pack<T>(
  width: i32,
  source: usize,
  across: usize,
  along: usize,
  count: i32,
  depth: i32,
  target: usize,
): void {
  const step: usize = width * sizeof<T>();
  const panel = <usize>paddedDepth(depth) * step;
  const panels = count / width;
  if (across == sizeof<T>()) packRows<T>(width, source, along, panels, depth, target, panel);
  else if (along == sizeof<T>()) packColumns<T>(width, source, across, panels, depth, target, panel);
  else {
    for (let p = 0; p < panels; p++) {
      packElements<T>(width, at(source, p * width, across), across, along, width, 0, depth, at(target, p, panel));
    }
  }
  const rest = count - panels * width;
  if (rest > 0) {
    const from = at(source, panels * width, across);
    packElements<T>(width, from, across, along, rest, 0, depth, at(target, panels, panel));
  }
  const padding = panel - <usize>depth * step;
  if (padding > 0) {
    const all = panels + i32(rest > 0);
    for (let p = 0; p < all; p++) zero(at(target, p + 1, panel) - padding, padding);
  }
}

function zero(p: usize, bytes: usize): void {
  for (const end = p + bytes; p < end; p += 4) store<i32>(p, 0);
}

/** Element by element, `count` of `width` across (the rest zero), steps begin..end. */
function packElements<T>(
  width: i32,
  source: usize,
  across: usize,
  along: usize,
  count: i32,
  begin: i32,
  end: i32,
  target: usize,
): void {
  source = at(source, begin, along);
  target = at(target, begin * width, sizeof<T>());
  for (let k = begin; k < end; k++) {
    let p = source;
    for (let i = 0; i < width; i++) {
      store<T>(target, i < count ? load<T>(p) : 0);
      p += across;
      target += sizeof<T>();
    }
    source += along;
  }
}

@inline
function packRows<T>(
  width: i32,
  source: usize,
  along: usize,
  panels: i32,
  depth: i32,
  target: usize,
  panel: usize,
): void {
  const step: usize = width * sizeof<T>();
  for (let first = 0; first < depth; first += ROW_GROUP) {
    const rows = min(ROW_GROUP, depth - first);
    let from = at(source, first, along);
    let to = at(target, first, step);
    for (let p = 0; p < panels; p++) {
      let row = from;
      let out = to;
      for (let r = 0; r < rows; r++) {
        copy<T>(width, row, out);
        row += along;
        out += step;
      }
      from += step;
      to += panel;
    }
  }
}

/** Copies `width` consecutive elements. */
@inline
function copy<T>(width: i32, from: usize, to: usize): void {
  const bytes: usize = width * sizeof<T>();
  if (bytes >= 16) v128.store(to, v128.load(from));
  if (bytes >= 32) v128.store(to, v128.load(from, 16), 16);
  if (bytes >= 64) {
    v128.store(to, v128.load(from, 32), 32);
    v128.store(to, v128.load(from, 48), 48);
  }
  const done = bytes & -16;
  if (bytes - done >= 8) store<i64>(to + done, load<i64>(from + done));
  else if (bytes - done == 4) store<i32>(to + done, load<i32>(from + done));
}

@inline
function packColumns<T>(
  width: i32,
  source: usize,
  across: usize,
  panels: i32,
  depth: i32,
  target: usize,
  panel: usize,
): void {
  const step: usize = width * sizeof<T>();
  const squares = width / lanes<T>();
  const whole = depth & -lanes<T>();
  for (let p = 0; p < panels; p++) {
    let from = source;
    let to = target;
    for (let k = 0; k < whole; k += lanes<T>()) {
      let row = from;
      for (let q = 0; q < squares; q++) {
        transpose<T>(row, across, to + q * VECTOR, step);
        row = at(row, lanes<T>(), across);
      }
      for (let i = squares * lanes<T>(); i < width; i++) {
        scatter<T>(v128.load(row), to + i * sizeof<T>(), step);
        row += across;
      }
      from += VECTOR;
      to = at(to, lanes<T>(), step);
    }
    packElements<T>(width, source, across, sizeof<T>(), width, whole, depth, target);
    source = at(source, width, across);
    target += panel;
  }
}

/** A square of lanes x lanes elements: rows `across` bytes apart become columns, written `step` bytes apart. */
@inline
export function transpose<T>(from: usize, across: usize, to: usize, step: usize): void {
  const r0 = v128.load(from);
  const r1 = v128.load(from + across);
  if (sizeof<T>() == 8) {
    v128.store(to, i64x2.shuffle(r0, r1, 0, 2));
    v128.store(to + step, i64x2.shuffle(r0, r1, 1, 3));
  } else {
    const r2 = v128.load(from + 2 * across);
    const r3 = v128.load(from + 3 * across);
    const low01 = i32x4.shuffle(r0, r1, 0, 4, 1, 5);
    const low23 = i32x4.shuffle(r2, r3, 0, 4, 1, 5);
    const high01 = i32x4.shuffle(r0, r1, 2, 6, 3, 7);
    const high23 = i32x4.shuffle(r2, r3, 2, 6, 3, 7);
    v128.store(to, i64x2.shuffle(low01, low23, 0, 2));
    v128.store(to + step, i64x2.shuffle(low01, low23, 1, 3));
    v128.store(to + 2 * step, i64x2.shuffle(high01, high23, 0, 2));
    v128.store(to + 3 * step, i64x2.shuffle(high01, high23, 1, 3));
  }
}

/** The lanes of one vector, written `step` bytes apart. */
@inline
function scatter<T>(v: v128, to: usize, step: usize): void {
  v128.store_lane<T>(to, v, 0);
  v128.store_lane<T>(to + step, v, 1);
  if (sizeof<T>() == 4) {
    v128.store_lane<T>(to + 2 * step, v, 2);
    v128.store_lane<T>(to + 3 * step, v, 3);
  }
}
