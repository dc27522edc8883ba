/** Eigenvalues of the small tridiagonal matrices of Lanczos' method, in plain f64. @module */

/** An eigenvalue, and the first and last entries of its unit eigenvector. */
export interface RitzPair {
  readonly value: number;
  readonly first: number;
  readonly last: number;
  /** The whole eigenvector. */
  readonly vector: Float64Array;
}

/** Turns that a value may take; it takes two or three. */
const mostTurns = 100;

/**
 * Eigenpairs of a symmetric tridiagonal matrix from the largest value down: QL with implicit shifts (Bowdler, Martin,
 * Reinsch & Wilkinson 1968). @param beta Beside the diagonal, one less than `alpha`.
 */
export function tridiagonalEigenpairs(alpha: ArrayLike<number>, beta: ArrayLike<number>): RitzPair[] {
  const n = alpha.length, d = Float64Array.from(alpha), e = new Float64Array(n);
  for (let i = 0; i + 1 < n; i++) e[i] = beta[i];
  const V = Array.from({ length: n }, (_, i) => Float64Array.from({ length: n }, (_, j) => Number(i === j)));
  for (let l = 0; l < n; l++) {
    for (let turn = 0; turn < mostTurns; turn++) {
      let m = l;
      while (m + 1 < n && Math.abs(e[m]) > Number.EPSILON * (Math.abs(d[m]) + Math.abs(d[m + 1]))) m++;
      if (m === l) break;
      const half = (d[l + 1] - d[l]) / (2 * e[l]);
      let g = d[m] - d[l] + e[l] / (half + Math.sign(half || 1) * Math.hypot(half, 1)), s = 1, c = 1, p = 0;
      for (let i = m - 1; i >= l; i--) {
        const f = s * e[i], b = c * e[i], r = Math.hypot(f, g);
        e[i + 1] = r;
        if (r === 0) {
          d[i + 1] -= p;
          e[m] = 0;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - p;
        const t = (d[i] - g) * s + 2 * c * b;
        p = s * t;
        d[i + 1] = g + p;
        g = c * t - b;
        for (let k = 0; k < n; k++) {
          const above = V[k][i + 1];
          V[k][i + 1] = s * V[k][i] + c * above;
          V[k][i] = c * V[k][i] - s * above;
        }
        if (i === l) {
          d[l] -= p;
          e[l] = g;
          e[m] = 0;
        }
      }
    }
  }
  return Array.from(d, (value, j) => {
    return { value, first: V[0][j], last: V[n - 1][j], vector: Float64Array.from(V, (row) => row[j]) };
  }).sort((a, b) => b.value - a.value);
}
