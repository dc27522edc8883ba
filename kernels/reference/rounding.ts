/**
 * The nearest whole number, halves to the even one: IEEE 754 roundTiesToEven, as `f32x4.nearest` and WGSL's `round`.
 */
export function roundHalfToEven(x: number): number {
  // From 2^52 on all numbers are whole, and a sum of that size is rounded to a whole one, by the same rule.
  if (!(Math.abs(x) < 2 ** 52)) return x;
  return x < 0 ? x - 2 ** 52 + 2 ** 52 : x + 2 ** 52 - 2 ** 52;
}
