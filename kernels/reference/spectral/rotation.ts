type Values = Float32Array | Float64Array;

/** `(x, y)` becomes `(c x - s y, s x + c y)`, element by element. */
export function rotate(values: Values, x: number, y: number, length: number, c: number, s: number): void {
  for (let k = 0; k < length; k++) {
    const one = values[x + k], other = values[y + k];
    values[x + k] = c * one - s * other;
    values[y + k] = s * one + c * other;
  }
}
