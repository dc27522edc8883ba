/** What is said of an answer, by plain f64 sums over its factors, apart from the kernels. @module */

import { plainDot } from "../core/plain_sums.ts";
import { inRanges, type Steps } from "../core/steps.ts";

/** `F^T F` for factors [length, rank]. */
function* gramOf(factor: Float64Array, rank: number): Steps<Float64Array> {
  const gram = new Float64Array(rank * rank);
  yield* inRanges(rank > 0 ? factor.length / rank : 0, rank * rank / 2, (begin, end) => {
    addProducts(factor, rank, gram, begin, end);
  });
  for (let i = 0; i < rank; i++) for (let j = 0; j < i; j++) gram[j * rank + i] = gram[i * rank + j];
  return gram;
}

/** Adds the products of rows to the lower triangle. */
function addProducts(factor: Float64Array, rank: number, gram: Float64Array, begin: number, end: number): void {
  let from = begin * rank;
  // Four rows at a time, so that the sums are read less.
  for (const last = (end - 3) * rank; from < last; from += 4 * rank) {
    for (let i = 0, one = from; i < rank; i++, one++) {
      const two = one + rank, three = two + rank, four = three + rank;
      const a = factor[one], b = factor[two], c = factor[three], d = factor[four];
      for (let k = from, at = i * rank; k <= one; k++, at++) {
        gram[at] += a * factor[k] + b * factor[k + rank] + (c * factor[k + 2 * rank] + d * factor[k + 3 * rank]);
      }
    }
  }
  for (; from < end * rank; from += rank) {
    for (let i = 0; i < rank; i++) {
      const value = factor[from + i], row = i * rank;
      for (let j = 0; j <= i; j++) gram[row + j] += value * factor[from + j];
    }
  }
}

/** Most sweeps of Jacobi. */
const mostSweeps = 60;

/** Cosine between columns up to which they count as orthogonal: it moves singular values by its square. */
const orthogonal = 1e-9;

/** Singular values of `left right^T`, falling. */
export function* singularValuesOfProduct(left: Float64Array, right: Float64Array, rank: number): Steps<Float64Array> {
  const one = yield* gramOf(left, rank), other = yield* gramOf(right, rank);
  if (isDiagonal(one, rank) && isDiagonal(other, rank)) {
    return Float64Array.from({ length: rank }, (_, k) => Math.sqrt(one[k * (rank + 1)] * other[k * (rank + 1)]))
      .sort().reverse();
  }
  // Rows of sqrt(L^T L) R^T R sqrt(L^T L), by its eigenvalues.
  const { values, vectors } = jacobi(one, rank), root = new Float64Array(rank * rank);
  for (let k = 0; k < rank; k++) {
    const scale = Math.sqrt(Math.max(0, values[k]));
    for (let i = 0; i < rank; i++) {
      for (let j = 0; j < rank; j++) root[i * rank + j] += scale * vectors[k * rank + i] * vectors[k * rank + j];
    }
  }
  const half = multiply(root, other, rank), form = multiply(half, root, rank);
  return jacobi(form, rank).values.map((value) => Math.sqrt(Math.max(0, value))).sort().reverse();
}

function isDiagonal(gram: Float64Array, rank: number): boolean {
  for (let i = 0; i < rank; i++) {
    for (let j = 0; j < i; j++) {
      const size = Math.sqrt(gram[i * (rank + 1)] * gram[j * (rank + 1)]);
      if (Math.abs(gram[i * rank + j]) > orthogonal * size) return false;
    }
  }
  return true;
}

function multiply(a: Float64Array, b: Float64Array, n: number): Float64Array {
  const product = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let k = 0; k < n; k++) {
      const value = a[i * n + k];
      for (let j = 0; j < n; j++) product[i * n + j] += value * b[k * n + j];
    }
  }
  return product;
}

/** Eigenvalues and eigenvectors (rows) of a symmetric matrix, by cyclic rotations; the matrix is destroyed. */
function jacobi(a: Float64Array, n: number): { values: Float64Array; vectors: Float64Array } {
  const vectors = new Float64Array(n * n);
  for (let i = 0; i < n; i++) vectors[i * (n + 1)] = 1;
  const size = Math.sqrt(plainDot(a, a)), threshold = Number.EPSILON / Math.max(1, n) * size;
  for (let sweep = 0, rotations = 1; rotations > 0 && sweep < mostSweeps; sweep++) {
    rotations = 0;
    for (let p = 0; p < n; p++) {
      for (let q = p + 1; q < n; q++) {
        const gamma = a[p * n + q];
        if (!(Math.abs(gamma) > threshold)) continue;
        const zeta = (a[q * (n + 1)] - a[p * (n + 1)]) / (2 * gamma);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        const c = 1 / Math.sqrt(1 + t * t), s = c * t;
        for (let k = 0; k < n; k++) {
          const x = a[p * n + k], y = a[q * n + k];
          a[p * n + k] = c * x - s * y;
          a[q * n + k] = s * x + c * y;
        }
        for (let k = 0; k < n; k++) {
          const x = a[k * n + p], y = a[k * n + q], v = vectors[p * n + k], w = vectors[q * n + k];
          a[k * n + p] = c * x - s * y;
          a[k * n + q] = s * x + c * y;
          vectors[p * n + k] = c * v - s * w;
          vectors[q * n + k] = s * v + c * w;
        }
        rotations++;
      }
    }
  }
  return { values: Float64Array.from({ length: n }, (_, i) => a[i * (n + 1)]), vectors };
}
