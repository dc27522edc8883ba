// Lane primitives shared by every kernel: T is f32 (four lanes) or f64 (two), chosen at compile time.

/** True in the relaxed-simd build, where `multiplyAdd` is one fused instruction. */
export const FUSED: bool = ASC_FEATURE_RELAXED_SIMD;

/** Bytes of one vector. */
export const VECTOR: i32 = 16;

/** Elements of T in one vector. */
@inline
export function lanes<T>(): i32 {
  return VECTOR / <i32>sizeof<T>();
}

/** Address of element `index` of a row of things `stride` bytes apart. */
@inline
export function at(p: usize, index: i32, stride: usize): usize {
  return p + <usize>index * stride;
}

/** a * b + c, rounded once in the relaxed build and twice in the plain one. */
@inline
export function multiplyAdd<T>(a: v128, b: v128, c: v128): v128 {
  if (FUSED) return v128.relaxed_madd<T>(a, b, c);
  return v128.add<T>(v128.mul<T>(a, b), c);
}

/** Every lane of the result is lane `index` of `a`; `index` is a compile-time constant. */
@inline
export function broadcast<T>(a: v128, index: i32): v128 {
  if (sizeof<T>() == 4) {
    if (index == 0) return i32x4.shuffle(a, a, 0, 0, 0, 0);
    if (index == 1) return i32x4.shuffle(a, a, 1, 1, 1, 1);
    if (index == 2) return i32x4.shuffle(a, a, 2, 2, 2, 2);
    return i32x4.shuffle(a, a, 3, 3, 3, 3);
  }
  if (index == 0) return i64x2.shuffle(a, a, 0, 0);
  return i64x2.shuffle(a, a, 1, 1);
}

/** One element in lane 0, zeroes elsewhere: tails run through the same vector arithmetic as whole vectors. */
@inline
export function loadOne<T>(p: usize): v128 {
  if (sizeof<T>() == 4) return v128.load32_zero(p);
  return v128.load64_zero(p);
}

/** Stores lane 0. */
@inline
export function storeOne<T>(p: usize, a: v128): void {
  if (sizeof<T>() == 4) v128.store_lane<f32>(p, a, 0);
  else v128.store_lane<f64>(p, a, 0);
}
