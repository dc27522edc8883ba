import type { Matrix } from "../../../mod.ts";

/** The optimum of best-subset regression by enumeration of all supports: plain and independent of the solvers. */
export function bestSubset(X: Matrix, y: Float64Array, lambda0: number, lambda2: number, bound: number): number {
  return subsetObjectives(X, y, lambda0, lambda2, bound).reduce((least, value) => Math.min(least, value), Infinity);
}

/** Optimal objective of every support, a bit a feature; features in the support are paid for even where they are 0. */
export function subsetObjectives(
  X: Matrix,
  y: Float64Array,
  lambda0: number,
  lambda2: number,
  bound: number,
): Float64Array {
  const [samples, features] = X.shape;
  const gram = new Float64Array(features * features), linear = new Float64Array(features);
  for (let i = 0; i < features; i++) {
    for (let k = 0; k < samples; k++) linear[i] += X.data[k * features + i] * y[k];
    for (let j = 0; j < features; j++) {
      for (let k = 0; k < samples; k++) gram[i * features + j] += X.data[k * features + i] * X.data[k * features + j];
      if (i === j) gram[i * features + j] += 2 * lambda2;
    }
  }
  return Float64Array.from({ length: 2 ** features }, (_, support) => {
    const chosen = Array.from({ length: features }, (_, j) => j).filter((j) => support >> j & 1);
    const b = solve(chosen, gram, linear, features);
    const inside = chosen.every((_, k) => Math.abs(b[k]) <= bound);
    if (!inside) descend(chosen, gram, linear, features, bound, b);
    // From the residual: differences of large terms would cost digits.
    let objective = lambda0 * chosen.length;
    for (const x of b) objective += lambda2 * x * x;
    for (let i = 0; i < samples; i++) {
      const residual = chosen.reduce((sum, j, k) => sum - X.data[i * features + j] * b[k], y[i]);
      objective += residual * residual / 2;
    }
    return objective;
  });
}

/** The unbounded minimiser, by Gaussian elimination. */
function solve(chosen: number[], gram: Float64Array, linear: Float64Array, stride: number): number[] {
  const rows = chosen.map((i) => [...chosen.map((j) => gram[i * stride + j]), linear[i]]);
  rows.forEach((row, i) => {
    for (let k = i + 1; k < rows.length; k++) {
      const factor = rows[k][i] / row[i];
      for (let j = i; j < row.length; j++) rows[k][j] -= factor * row[j];
    }
  });
  const b = new Array<number>(chosen.length).fill(0);
  for (let i = chosen.length - 1; i >= 0; i--) {
    b[i] = b.reduce((sum, x, k) => k > i ? sum - rows[i][k] * x : sum, rows[i][chosen.length]) / rows[i][i];
  }
  return b;
}

/** The minimiser within the bound, by coordinate descent. */
function descend(
  chosen: number[],
  gram: Float64Array,
  linear: Float64Array,
  stride: number,
  bound: number,
  b: number[],
): void {
  b.forEach((x, k) => b[k] = Math.max(-bound, Math.min(bound, x)));
  for (let change = Infinity, sweep = 0; change > 1e-12 && sweep < 100_000; sweep++) {
    change = 0;
    chosen.forEach((i, k) => {
      const derivative = chosen.reduce((sum, j, l) => l === k ? sum : sum - gram[i * stride + j] * b[l], linear[i]);
      const value = Math.max(-bound, Math.min(bound, derivative / gram[i * stride + i]));
      change = Math.max(change, Math.abs(value - b[k]));
      b[k] = value;
    });
  }
}
