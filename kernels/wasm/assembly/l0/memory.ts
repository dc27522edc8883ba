// Addresses and rows of f64.

@inline
export function f64At(base: usize, i: i32): usize {
  return base + (<usize> i << 3);
}

@inline
export function u32At(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize> i << 2));
}

/** Whether one of four magnitudes from `p` on is above the limit in both lanes of `limit`. */
@inline
export function anyAbove(p: usize, limit: v128): bool {
  const low = f64x2.gt(f64x2.abs(v128.load(p)), limit), high = f64x2.gt(f64x2.abs(v128.load(p, 16)), limit);
  return v128.any_true(v128.or(low, high));
}
