/**
 * Small dense matrices, row-major in f64, for designs and their measures: plain loops, apart from the library's
 * kernels.
 */

/** The lower Cholesky factor of a symmetric matrix, or `undefined` where it is not positive definite. */
export function cholesky(values: Float64Array, size: number): Float64Array | undefined {
  const factor = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = values[i * size + j];
      for (let k = 0; k < j; k++) sum -= factor[i * size + k] * factor[j * size + k];
      if (j < i) factor[i * size + j] = sum / factor[j * size + j];
      else if (sum > 0) factor[i * size + i] = Math.sqrt(sum);
      else return undefined;
    }
  }
  return factor;
}

/** `log det` of the matrix with this Cholesky factor. */
export function logDeterminantOf(factor: Float64Array, size: number): number {
  let sum = 0;
  for (let i = 0; i < size; i++) sum += 2 * Math.log(factor[i * (size + 1)]);
  return sum;
}

/** The inverse of a lower triangular matrix. */
export function inverseOfLower(factor: Float64Array, size: number): Float64Array {
  const inverse = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    const row = inverse.subarray(i * size, (i + 1) * size);
    row[i] = 1;
    for (let k = 0; k < i; k++) {
      const weight = factor[i * size + k];
      if (weight === 0) continue;
      for (let j = 0; j <= k; j++) row[j] -= weight * inverse[k * size + j];
    }
    for (let j = 0; j <= i; j++) row[j] /= factor[i * size + i];
  }
  return inverse;
}

/** The inverse of a positive definite matrix. @throws {RangeError} for another */
export function inverseOf(values: Float64Array, size: number): Float64Array {
  const factor = cholesky(values, size);
  if (!factor) throw new RangeError("Cannot invert: the matrix is not positive definite.");
  const lower = inverseOfLower(factor, size), inverse = new Float64Array(size * size);
  for (let k = 0; k < size; k++) {
    for (let i = 0; i <= k; i++) {
      const weight = lower[k * size + i];
      for (let j = 0; j <= k; j++) inverse[i * size + j] += weight * lower[k * size + j];
    }
  }
  return inverse;
}

/** Least and largest eigenvalue of a symmetric matrix, by power iterations shifted by Gershgorin's bound. */
export function extremeEigenvalues(
  values: Float64Array,
  size: number,
  draw: () => number,
): [least: number, most: number] {
  let radius = 0;
  for (let i = 0; i < size; i++) {
    radius = Math.max(radius, values.subarray(i * size, (i + 1) * size).reduce((sum, x) => sum + Math.abs(x), 0));
  }
  const nonzeros = Array.from({ length: size }, (_, i) => {
    const row = values.subarray(i * size, (i + 1) * size);
    return Uint32Array.from(row.keys()).filter((j) => row[j] !== 0);
  });
  const largest = (sign: number) => {
    let vector = Float64Array.from({ length: size }, draw), previous = 0;
    for (let step = 0; step < 2000; step++) {
      const image = vector.map((x, i) => {
        let sum = radius * x;
        for (const j of nonzeros[i]) sum += sign * values[i * size + j] * vector[j];
        return sum;
      });
      const length = Math.hypot(...image);
      if (length === 0) break;
      vector = image.map((x) => x / length);
      if (Math.abs(length - previous) <= 1e-9 * length) break;
      previous = length;
    }
    return previous - radius;
  };
  return [-largest(-1), largest(1)];
}
