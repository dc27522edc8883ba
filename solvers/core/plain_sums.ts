/** Sums in plain f64, apart from the kernels: what certificates are made of. @module */

/** `x . y`, the elements of `x` from `xOffset` on. */
export function plainDot(x: ArrayLike<number>, y: ArrayLike<number>, length = x.length, xOffset = 0): number {
  // Four sums at a time do not wait for one another.
  let a = 0, b = 0, c = 0, d = 0, i = 0;
  for (; i + 3 < length; i += 4) {
    a += x[xOffset + i] * y[i];
    b += x[xOffset + i + 1] * y[i + 1];
    c += x[xOffset + i + 2] * y[i + 2];
    d += x[xOffset + i + 3] * y[i + 3];
  }
  for (; i < length; i++) a += x[xOffset + i] * y[i];
  return a + b + (c + d);
}

/** `sum += factor x`, the elements of `x` from `offset` on. */
export function addScaled(sum: Float64Array, factor: number, x: ArrayLike<number>, offset = 0): void {
  for (let i = 0; i < sum.length; i++) sum[i] += factor * x[offset + i];
}

/** `products[k] = row_k . y`, rows of `y.length` one after another; four at a time, so that `y` is read less. */
export function rowProducts(matrix: Float64Array, y: Float64Array, products: Float64Array): void {
  const length = y.length;
  let k = 0;
  for (; k + 3 < products.length; k += 4) {
    const first = k * length, second = first + length, third = second + length, fourth = third + length;
    let a = 0, b = 0, c = 0, d = 0;
    for (let i = 0; i < length; i++) {
      const value = y[i];
      a += matrix[first + i] * value;
      b += matrix[second + i] * value;
      c += matrix[third + i] * value;
      d += matrix[fourth + i] * value;
    }
    products[k] = a;
    products[k + 1] = b;
    products[k + 2] = c;
    products[k + 3] = d;
  }
  for (; k < products.length; k++) products[k] = plainDot(matrix, y, length, k * length);
}

/**
 * `sum += sum_k factors[k] row_k`, rows of `matrix` from their offsets on; four at a time, so that `sum` is read less.
 */
export function addRows(
  sum: Float64Array,
  matrix: Float64Array,
  offsets: readonly number[],
  factors: readonly number[],
): void {
  let k = 0;
  for (; k + 3 < offsets.length; k += 4) {
    const a = offsets[k], b = offsets[k + 1], c = offsets[k + 2], d = offsets[k + 3];
    const s = factors[k], t = factors[k + 1], u = factors[k + 2], v = factors[k + 3];
    for (let i = 0; i < sum.length; i++) {
      sum[i] += s * matrix[a + i] + t * matrix[b + i] + (u * matrix[c + i] + v * matrix[d + i]);
    }
  }
  if (k + 1 < offsets.length) {
    const a = offsets[k], b = offsets[k + 1], s = factors[k], t = factors[k + 1];
    for (let i = 0; i < sum.length; i++) sum[i] += s * matrix[a + i] + t * matrix[b + i];
    k += 2;
  }
  if (k < offsets.length) addScaled(sum, factors[k], matrix, offsets[k]);
}
