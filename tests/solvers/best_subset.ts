import type { Matrix } from "../../mod.ts";

/** The optimum of best-subset regression by enumeration of all supports: slow, plain and independent of the solvers. */
export function bestSubset(X: Matrix, y: Float64Array, lambda0: number, lambda2: number, bound: number): number {
  const [samples, features] = X.shape;
  let best = Infinity;
  for (let support = 0; support < 2 ** features; support++) {
    const chosen = Array.from({ length: features }, (_, j) => j).filter((j) => support >> j & 1);
    const residual = Float64Array.from(y), coefficients = new Float64Array(features);
    for (let change = Infinity, sweep = 0; change > 1e-13 && sweep < 20_000; sweep++) {
      change = 0;
      for (const j of chosen) {
        let norm = 2 * lambda2, slope = 0;
        for (let i = 0; i < samples; i++) {
          const x = X.data[i * features + j];
          norm += x * x;
          slope += x * (residual[i] + x * coefficients[j]);
        }
        const value = Math.max(-bound, Math.min(bound, slope / norm)), delta = value - coefficients[j];
        for (let i = 0; i < samples; i++) residual[i] -= delta * X.data[i * features + j];
        coefficients[j] = value;
        change = Math.max(change, Math.abs(delta));
      }
    }
    let objective = lambda0 * chosen.length;
    for (const r of residual) objective += r * r / 2;
    for (const b of coefficients) objective += lambda2 * b * b;
    best = Math.min(best, objective);
  }
  return best;
}
