import type { Matrix } from "../../../mod.ts";

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
 * The optimum of the l0-penalised pseudolikelihood by enumeration of all graphs: plain and independent of the solvers.
 * `edges` has a bit for each edge `(0, 1), (0, 2), ...`.
 */
export function bestGraph(
  S: number[][],
  lambda0: number,
  lambda2: number,
  bound: number,
): { objective: number; edges: number } {
  const objectives = supportObjectives(S, lambda0, lambda2, bound);
  const objective = objectives.reduce((least, value) => Math.min(least, value), Infinity);
  return { objective, edges: objectives.indexOf(objective) };
}

/**
 * Optimal objective of every graph, whose edges are paid for even where they are 0. Each graph's problem is convex, and
 * descended coordinate by coordinate from the solution of a graph that differs in one edge (Gray code).
 */
export function supportObjectives(S: number[][], lambda0: number, lambda2: number, bound: number): Float64Array {
  const size = S.length, pairs: [number, number][] = [];
  for (let i = 0; i < size; i++) for (let j = i + 1; j < size; j++) pairs.push([i, j]);
  const objectives = new Float64Array(2 ** pairs.length);
  const T = S.map((row, i) => row.map((_, j) => i === j ? 1 / S[i][i] : 0));
  const product = S.map(() => new Array<number>(size).fill(0));
  const norm = (i: number) => T[i].reduce((sum, t, j) => sum + t * product[i][j], 0);
  for (let count = 0; count < objectives.length; count++) {
    const edges = count ^ (count >> 1);
    const chosen = pairs.filter((_, e) => edges >> e & 1);
    pairs.forEach(([i, j], e) => {
      if (!(edges >> e & 1)) T[i][j] = T[j][i] = 0;
    });
    T.forEach((row, i) => S.forEach((_, k) => product[i][k] = row.reduce((sum, t, j) => sum + t * S[j][k], 0)));
    const move = (i: number, j: number, delta: number) => {
      T[i][j] += delta;
      for (let k = 0; k < size; k++) product[i][k] += delta * S[j][k];
    };
    for (let change = Infinity; change > 1e-9;) {
      change = 0;
      for (const [i, j] of chosen) {
        const a = S[j][j] / T[i][i] + S[i][i] / T[j][j];
        const b = 2 * (product[i][j] / T[i][i] + product[j][i] / T[j][j]) - 2 * a * T[i][j];
        const delta = Math.max(-bound, Math.min(bound, -b / (2 * (a + lambda2)))) - T[i][j];
        change = Math.max(change, Math.abs(delta));
        move(i, j, delta);
        move(j, i, delta);
      }
      for (let i = 0; i < size; i++) {
        const t = T[i][i], rest = Math.max(0, norm(i) - 2 * t * product[i][i] + t * t * S[i][i]);
        const delta = (1 + Math.sqrt(1 + 4 * S[i][i] * rest)) / (2 * S[i][i]) - t;
        change = Math.max(change, Math.abs(delta));
        move(i, i, delta);
      }
    }
    let objective = lambda0 * chosen.length;
    for (let i = 0; i < size; i++) objective += norm(i) / T[i][i] - Math.log(T[i][i]);
    for (const [i, j] of chosen) objective += lambda2 * T[i][j] ** 2;
    objectives[edges] = objective;
  }
  return objectives;
}
