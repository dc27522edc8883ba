import { OptionError } from "../core/errors.ts";
import type { LeastSquares } from "./least_squares.ts";

/**
 * A bound on the entries of every `b` with `||y - X b||^2 / 2 <= objective`: where there is neither a ridge nor a bound of
 * the caller's, the relaxation would be plain least squares without it.
 *
 * With the least-squares solution `b0` and its loss `l0`, `(b - b0)^T G (b - b0) / 2 <= objective - l0`, an ellipsoid in
 * which `|b_j - b0_j| <= sqrt(2 (objective - l0) (G^-1)_jj)`. Needs full column rank. O(features^3).
 *
 * @throws {OptionError} when the columns are dependent: no finite bound follows from the data then
 */
export async function coefficientBound(problem: LeastSquares, objective: number): Promise<number> {
  const { features: p, linear, squaredNorms, nullLoss } = problem;
  const factor: Float64Array[] = [];
  for (let i = 0; i < p; i++) {
    const row = await problem.gramRow(i);
    factor.push(row);
    for (let j = 0; j <= i; j++) {
      for (let k = 0; k < j; k++) row[j] -= row[k] * factor[j][k];
      if (j < i) row[j] /= factor[j][j];
    }
    if (!(row[i] > 1e-10 * squaredNorms[i])) {
      throw new OptionError(
        "lambda2",
        `Cannot certify the regression: with "lambda2" 0 and no "bigM", the columns of X must be independent, but column ${i} depends on those before it.`,
      );
    }
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
  return Math.max(...solution.map((value, j) => Math.abs(value) + Math.sqrt(2 * slack * inverseDiagonal[j])));
}
