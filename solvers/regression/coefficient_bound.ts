import type { LeastSquares } from "./least_squares.ts";

/** Multiply-adds between two checkpoints. */
const workTogether = 1e6;

/** Share of a feature's squared norm below which what the features before it leave of it is rounding. */
const dependentShare = 1e-10;

/**
 * A bound on the entries of every `b` with `||y - X b||^2 / 2 <= objective`: where there is neither a ridge nor a bound of
 * the caller's, the relaxation would be plain least squares without it.
 *
 * With the least-squares solution `b0` and its loss `l0`, `(b - b0)^T G (b - b0) / 2 <= objective - l0`, an ellipsoid in
 * which `|b_j - b0_j| <= sqrt(2 (objective - l0) (G^-1)_jj)`. O(features^3).
 *
 * @param pause Called every now and then; true once the time is up.
 * @returns Nothing where the columns are dependent, so that no finite bound follows from the data, or the time is up.
 */
export async function coefficientBound(
  problem: LeastSquares,
  objective: number,
  pause: () => Promise<boolean>,
): Promise<number | undefined> {
  const { samples, features: p, linear, squaredNorms, nullLoss } = problem;
  const everything = Array.from({ length: p }, (_, j) => j);
  if (p > samples || !await problem.loadRows(everything, pause)) return undefined;
  let work = 0;
  const isDue = (done: number) => {
    work += done;
    if (work < workTogether) return false;
    work = 0;
    return true;
  };
  const factor: Float64Array[] = [];
  for (let i = 0; i < p; i++) {
    const row = await problem.gramRow(i);
    factor.push(row);
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k < j; k++) row[j] -= row[k] * factor[j][k];
      if (j < i) row[j] /= factor[j][j];
      if (isDue(j) && await pause()) return undefined;
    }
    if (!(row[i] > dependentShare * squaredNorms[i])) return undefined;
    row[i] = Math.sqrt(row[i]);
  }
  // Columns of L^-1 below the diagonal: (G^-1)_jj is the squared norm of column j.
  const inverseDiagonal = new Float64Array(p), half = new Float64Array(p);
  for (let j = 0; j < p; j++) {
    half.fill(0);
    for (let i = j; i < p; i++) {
      let sum = i === j ? 1 : 0;
      for (let k = j; k < i; k++) sum -= factor[i][k] * half[k];
      half[i] = sum / factor[i][i];
      inverseDiagonal[j] += half[i] * half[i];
      if (isDue(i - j) && await pause()) return undefined;
    }
  }
  const solution = Float64Array.from(linear);
  for (let i = 0; i < p; i++) {
    for (let k = 0; k < i; k++) solution[i] -= factor[i][k] * solution[k];
    solution[i] /= factor[i][i];
  }
  const least = nullLoss - solution.reduce((sum, value) => sum + value * value, 0) / 2;
  for (let i = p - 1; i >= 0; i--) {
    for (let k = i + 1; k < p; k++) solution[i] -= factor[k][i] * solution[k];
    solution[i] /= factor[i][i];
  }
  const slack = Math.max(0, objective - least) + 1e-10 * nullLoss;
  let bound = 0;
  for (let j = 0; j < p; j++) {
    bound = Math.max(bound, Math.abs(solution[j]) + Math.sqrt(2 * slack * inverseDiagonal[j]));
  }
  return bound;
}
