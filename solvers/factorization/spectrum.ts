/** Largest eigenvalues, for the lengths of steps. @module */

/** Turns of the power method. */
const turns = 60;

/** What the power method may lack of the eigenvalue. */
const margin = 1.01;

/** `A x` for a small symmetric matrix. */
function image(a: ArrayLike<number>, size: number, x: Float64Array): Float64Array {
  const y = new Float64Array(size);
  for (let i = 0; i < size; i++) {
    let sum = 0;
    for (let j = 0; j < size; j++) sum += a[i * size + j] * x[j];
    y[i] = sum;
  }
  return y;
}

/** Subtracts the mean. */
export function centre(x: Float64Array): void {
  let mean = 0;
  for (const value of x) mean += value / x.length;
  for (let i = 0; i < x.length; i++) x[i] -= mean;
}

/** Divides by the length, which it returns. */
export function normalize(x: Float64Array): number {
  let squares = 0;
  for (const value of x) squares += value * value;
  const length = Math.sqrt(squares);
  if (length > 0) { for (let i = 0; i < x.length; i++) x[i] /= length; }
  return length;
}

/** A start of the power method that is orthogonal to no simple vector. */
export function unevenVector(size: number): Float64Array {
  return Float64Array.from({ length: size }, (_, i) => 1 + Math.cos(2.4 * i + 1) / 2);
}

/**
 * At least the largest eigenvalue of a symmetric matrix whose entries are not negative: `max_i (A x)_i / x_i` is a bound
 * for every positive `x` (Collatz 1942), and tight at the eigenvector.
 */
export function largestEigenvalue(a: ArrayLike<number>, size: number): number {
  let x = unevenVector(size), bound = Infinity;
  for (let turn = 0; turn < turns; turn++) {
    const y = image(a, size, x);
    let most = 0, norm = 0;
    for (let i = 0; i < size; i++) {
      most = Math.max(most, y[i] / x[i]);
      norm = Math.max(norm, y[i]);
    }
    bound = Math.min(bound, most);
    if (!(norm > 0)) return 0;
    // Entries stay positive, so that the bound holds.
    x = y.map((value) => Math.max(value / norm, 1e-3));
  }
  return bound;
}

/** About the largest eigenvalue of a symmetric matrix on the vectors that sum to zero. */
export function largestCentredEigenvalue(a: ArrayLike<number>, size: number): number {
  let x: Float64Array = unevenVector(size), value = 0;
  centre(x);
  normalize(x);
  for (let turn = 0; turn < turns; turn++) {
    x = image(a, size, x);
    centre(x);
    value = normalize(x);
    if (!(value > 0)) return 0;
  }
  return margin * value;
}
