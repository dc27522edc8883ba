/** The nearest whole number, halves to the even one: IEEE 754 roundTiesToEven, as `f32x4.nearest` and WGSL's `round`. */
export function roundHalfToEven(x: number): number {
  const floor = Math.floor(x), fraction = x - floor;
  if (fraction !== 0.5) return fraction < 0.5 ? floor : floor + 1;
  return floor % 2 === 0 ? floor : floor + 1;
}
