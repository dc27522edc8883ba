/** Minima over given edges and over all graphs, by a plain Newton's method: independent of the solvers. @module */

/** Solves `A x = b` by elimination with pivoting. */
function solve(A: number[][], b: number[]): number[] {
  const size = b.length, a = A.map((row, i) => [...row, b[i]]);
  for (let k = 0; k < size; k++) {
    let pivot = k;
    for (let i = k + 1; i < size; i++) if (Math.abs(a[i][k]) > Math.abs(a[pivot][k])) pivot = i;
    [a[k], a[pivot]] = [a[pivot], a[k]];
    for (let i = k + 1; i < size; i++) {
      const factor = a[i][k] / a[k][k];
      for (let j = k; j <= size; j++) a[i][j] -= factor * a[k][j];
    }
  }
  const x = new Array<number>(size).fill(0);
  for (let i = size - 1; i >= 0; i--) {
    let sum = a[i][size];
    for (let j = i + 1; j < size; j++) sum -= a[i][j] * x[j];
    x[i] = sum / a[i][i];
  }
  return x;
}

export type Pair = readonly [number, number];

/** The data term with ridge at a symmetric matrix, its gradient along the diagonal and the edges, and its Hessian there. */
function expand(S: number[][], T: number[][], edges: readonly Pair[], lambda2: number) {
  const size = S.length,
    place = (i: number, j: number) =>
      i === j ? i : size + edges.findIndex(([a, b]) => (a === i && b === j) || (a === j && b === i));
  const count = size + edges.length, gradient = new Array<number>(count).fill(0);
  const hessian = Array.from({ length: count }, () => new Array<number>(count).fill(0));
  let value = 0;
  for (let i = 0; i < size; i++) {
    const t = T[i][i], s = S.map((row) => row.reduce((sum, x, k) => sum + x * T[i][k], 0));
    const norm = T[i].reduce((sum, x, k) => sum + x * s[k], 0);
    value += norm / t - Math.log(t);
    const star = [i, ...edges.flatMap(([a, b]) => a === i ? [b] : b === i ? [a] : [])];
    for (const v of star) {
      gradient[place(i, v)] += 2 * s[v] / t - (v === i ? norm / (t * t) + 1 / t : 0);
      for (const w of star) {
        let entry = 2 * S[v][w] / t;
        if (w === i) entry -= 2 * s[v] / (t * t);
        if (v === i) entry -= 2 * s[w] / (t * t);
        if (v === i && w === i) entry += 2 * norm / t ** 3 + 1 / (t * t);
        hessian[place(i, v)][place(i, w)] += entry;
      }
    }
  }
  edges.forEach(([i, j], e) => {
    value += lambda2 * T[i][j] ** 2;
    gradient[size + e] += 2 * lambda2 * T[i][j];
    hessian[size + e][size + e] += 2 * lambda2;
  });
  return { value, gradient, hessian };
}

/** The gradient of the data term with ridge, the diagonal first, then the edges. */
export function gradientOn(S: number[][], T: number[][], edges: readonly Pair[], lambda2: number): number[] {
  return expand(S, T, edges, lambda2).gradient;
}

/** The least data term with ridge over all matrices with these edges. */
export function supportMinimum(S: number[][], edges: readonly Pair[], lambda2: number): number {
  const size = S.length;
  let T = S.map((row, i) => row.map((_, j) => i === j ? 1 / S[i][i] : 0));
  let state = expand(S, T, edges, lambda2);
  for (let step = 0; step < 200; step++) {
    const direction = solve(state.hessian, state.gradient.map((value) => -value));
    const decrement = -direction.reduce((sum, value, k) => sum + value * state.gradient[k], 0);
    if (!(decrement > 1e-13 * (1 + Math.abs(state.value)))) break;
    let share = 1;
    for (;; share /= 2) {
      if (share < 1e-12) return state.value;
      const next = T.map((row) => [...row]);
      for (let i = 0; i < size; i++) next[i][i] += share * direction[i];
      edges.forEach(([i, j], e) => next[i][j] = next[j][i] += share * direction[size + e]);
      if (next.some((row, i) => !(row[i] > 0))) continue;
      const there = expand(S, next, edges, lambda2);
      if (!(there.value <= state.value - 1e-4 * share * decrement)) continue;
      T = next;
      state = there;
      break;
    }
  }
  return state.value;
}

/** The least objective over all graphs that the rules allow, by enumeration; for five variables or fewer. */
export function leastObjective(
  S: number[][],
  lambda0: number,
  lambda2: number,
  allowed: (edges: readonly Pair[]) => boolean = () => true,
): number {
  const pairs: Pair[] = S.flatMap((row, i) => row.flatMap((_, j) => j > i ? [[i, j] as const] : []));
  let least = Infinity;
  for (let bits = 0; bits < 2 ** pairs.length; bits++) {
    const edges = pairs.filter((_, e) => bits >> e & 1);
    if (allowed(edges)) least = Math.min(least, supportMinimum(S, edges, lambda2) + lambda0 * edges.length);
  }
  return least;
}
