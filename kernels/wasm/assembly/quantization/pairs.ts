// Two neighbours of a row at a time, in f64 whatever T, and what their groups have in a row of the grid.

import { at } from "../simd";

/** Two elements of T, in f64. */
@inline
export function loadPair<T>(p: usize): v128 {
  if (sizeof<T>() == 4) return f64x2.promote_low_f32x4(v128.load64_zero(p));
  return v128.load(p);
}

/** Two numbers of f64, rounded to T. */
@inline
export function storePair<T>(p: usize, pair: v128): void {
  if (sizeof<T>() == 4) v128.store_lane<f64>(p, f32x4.demote_f64x2_zero(pair), 0);
  else v128.store(p, pair);
}

/** What the group of column j has in a row of the grid, in f64. */
@inline
export function oneOf<T>(ofGroups: usize, groups: usize, j: i32): f64 {
  return <f64>load<T>(groups ? at(ofGroups, load<i32>(at(groups, j, 4)), sizeof<T>()) : ofGroups);
}

/** The same for columns j and j + 1, of several groups. */
@inline
export function pairOf<T>(ofGroups: usize, groups: usize, j: i32): v128 {
  return f64x2.replace_lane(f64x2.splat(oneOf<T>(ofGroups, groups, j)), 1, oneOf<T>(ofGroups, groups, j + 1));
}
