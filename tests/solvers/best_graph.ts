import type { Matrix } from "../../mod.ts";

/** `Y^T Y` for the centred samples over the square root of their number. */
export function covariance({ data, shape: [count, size] }: Matrix): number[][] {
  const means = Array.from({ length: size }, (_, j) => {
    let sum = 0;
    for (let i = 0; i < count; i++) sum += data[i * size + j];
    return sum / count;
  });
  return means.map((mean, i) =>
    means.map((other, j) => {
      let sum = 0;
      for (let k = 0; k < count; k++) sum += (data[k * size + i] - mean) * (data[k * size + j] - other);
      return sum / count;
    })
  );
}

/** The objective of a full symmetric matrix, from its definition. */
export function graphObjective(S: number[][], T: number[][], lambda0: number, lambda2: number): number {
  let value = 0;
  T.forEach((row, i) => {
    let norm = 0;
    row.forEach((a, j) => row.forEach((b, k) => norm += a * S[j][k] * b));
    value += norm / row[i] - Math.log(row[i]);
    for (let j = i + 1; j < row.length; j++) if (row[j] !== 0) value += lambda0 + lambda2 * row[j] ** 2;
  });
  return value;
}

/**
 * The optimum of the l0-penalised pseudolikelihood by enumeration of all graphs: slow, plain and independent of the
 * solvers. Each graph's problem is convex, and descended coordinate by coordinate.
 */
export function bestGraph(
  S: number[][],
  lambda0: number,
  lambda2: number,
  bound: number,
): { objective: number; edges: number } {
  const size = S.length, pairs: [number, number][] = [];
  for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) pairs.push([i, j]);
  let best = { objective: Infinity, edges: 0 };
  for (let edges = 0; edges < 2 ** pairs.length; edges++) {
    const chosen = pairs.filter((_, e) => edges >> e & 1);
    const T = S.map((row, i) => row.map((_, j) => i === j ? 1 / S[i][i] : 0));
    const product = (i: number, j: number) => {
      let sum = 0;
      for (let k = 0; k < size; k++) sum += T[i][k] * S[k][j];
      return sum;
    };
    for (let change = Infinity; change > 1e-9;) {
      change = 0;
      for (const [i, j] of chosen) {
        const a = S[j][j] / T[i][i] + S[i][i] / T[j][j];
        const b = 2 * (product(i, j) / T[i][i] + product(j, i) / T[j][j]) - 2 * a * T[i][j];
        const value = Math.max(-bound, Math.min(bound, -b / (2 * (a + lambda2))));
        change = Math.max(change, Math.abs(value - T[i][j]));
        T[i][j] = T[j][i] = value;
      }
      for (let i = 0; i < size; i++) {
        let rest = 0;
        for (let j = 0; j < size; j++) {
          for (let k = 0; k < size; k++) if (j !== i && k !== i) rest += T[i][j] * S[j][k] * T[i][k];
        }
        const value = (1 + Math.sqrt(1 + 4 * S[i][i] * rest)) / (2 * S[i][i]);
        change = Math.max(change, Math.abs(value - T[i][i]));
        T[i][i] = value;
      }
    }
    const objective = graphObjective(S, T, lambda0, lambda2);
    if (objective < best.objective) best = { objective, edges };
  }
  return best;
}
