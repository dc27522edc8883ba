// Addresses and rows of f64.

@inline
export function f64At(base: usize, i: i32): usize {
  return base + (<usize> i << 3);
}

@inline
export function u32At(base: usize, i: i32): i32 {
  return load<i32>(base + (<usize> i << 2));
}

/** `y += alpha x`, contiguous. */
@inline
export function addScaled(n: i32, alpha: f64, x: usize, y: usize): void {
  const factor = f64x2.splat(alpha);
  const blocks = n & ~3;
  let i: i32 = 0;
  for (; i < blocks; i += 4) {
    const from = f64At(x, i), to = f64At(y, i);
    if (ASC_FEATURE_RELAXED_SIMD) {
      v128.store(to, f64x2.relaxed_madd(factor, v128.load(from), v128.load(to)));
      v128.store(to, f64x2.relaxed_madd(factor, v128.load(from, 16), v128.load(to, 16)), 16);
    } else {
      v128.store(to, f64x2.add(v128.load(to), f64x2.mul(factor, v128.load(from))));
      v128.store(to, f64x2.add(v128.load(to, 16), f64x2.mul(factor, v128.load(from, 16))), 16);
    }
  }
  for (; i < n; i++) store<f64>(f64At(y, i), load<f64>(f64At(y, i)) + alpha * load<f64>(f64At(x, i)));
}

/** Whether one of four magnitudes from `p` on is beyond the limit in both lanes of `limit`. */
@inline
export function anyBeyond(p: usize, limit: v128): bool {
  const low = f64x2.gt(f64x2.abs(v128.load(p)), limit), high = f64x2.gt(f64x2.abs(v128.load(p, 16)), limit);
  return v128.any_true(v128.or(low, high));
}
