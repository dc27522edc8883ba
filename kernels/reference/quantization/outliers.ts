import type { ColumnSquaresArguments, OutlierCandidatesArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** A gradient step from outliers, in place of the residual. */
export function outlierCandidates(operands: OutlierCandidatesArguments): void {
  const { rows, columns } = operands.residual;
  const residual = matrixView(operands.residual), outliers = matrixView(operands.outliers);
  const steps = vectorView(operands.steps);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const at = i * residual.stride + j;
      residual.values[at] *= steps[j];
      residual.values[at] += outliers.values[i * outliers.stride + j];
    }
  }
}

/** Sum of squares of each column. */
export function columnSquares(operands: ColumnSquaresArguments): void {
  const { rows, columns } = operands.values;
  const { values, stride } = matrixView(operands.values), squares = vectorView(operands.squares);
  const sums = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) sums[j] += values[i * stride + j] ** 2;
  }
  squares.set(sums);
}
