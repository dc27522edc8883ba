import type { CholeskyArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";

/**
 * `A = R R^T` in place with `R` upper triangular, column by column from the last to the first.
 *
 * The factor of the reversed order is what greedy quantisation from the first column on needs: `||e R||^2` is a sum
 * over columns in which entry `j` involves `e_0 .. e_j` only.
 */
export function cholesky({ a, schur = 0 }: CholeskyArguments): number {
  const { values, stride, columns } = matrixView(a);
  for (let j = columns - 1; j >= schur; j--) {
    for (let i = j; i >= 0; i--) {
      let sum = values[i * stride + j];
      for (let k = j + 1; k < columns; k++) sum -= values[i * stride + k] * values[j * stride + k];
      if (i === j) {
        if (!(sum > 0)) return j;
        values[j * stride + j] = Math.sqrt(sum);
      } else {
        values[i * stride + j] = sum / values[j * stride + j];
      }
    }
    for (let i = j + 1; i < columns; i++) values[i * stride + j] = 0;
  }
  for (let j = 0; j < schur; j++) {
    for (let i = schur; i < columns; i++) values[i * stride + j] = 0;
    for (let i = 0; i <= j; i++) {
      for (let k = schur; k < columns; k++) values[i * stride + j] -= values[i * stride + k] * values[j * stride + k];
    }
  }
  return -1;
}
