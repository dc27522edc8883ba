import type { EntriesAboveArguments, GraphGradientArguments, PairedGradientArguments } from "../../contract.ts";
import { neighboursOf } from "./pseudolikelihood_steps.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Derivatives along the edges of some vertices, each a sum over the neighbours of both ends. */
export function graphGradient(operands: GraphGradientArguments): void {
  const { first, from = 0 } = operands;
  const gradient = matrixView(operands.gradient),
    gram = matrixView(operands.gram),
    diagonal = vectorView(operands.diagonal);
  const eachNeighbour = neighboursOf(operands);
  const product = (i: number, j: number) => {
    let sum = diagonal[i] * gram.values[j * gram.stride + i];
    eachNeighbour(i, (k, value) => sum += value * gram.values[j * gram.stride + k]);
    return sum;
  };
  for (let row = 0; row < gradient.rows; row++) {
    const i = first + row;
    for (let j = from; j < diagonal.length; j++) {
      gradient.values[row * gradient.stride + j] = 2 * (product(i, j) / diagonal[i] + product(j, i) / diagonal[j]);
    }
  }
}

/** Derivatives from products. */
export function pairedGradient(operands: PairedGradientArguments): void {
  const { first, from = 0, transposed } = operands;
  const gradient = matrixView(operands.gradient), p = matrixView(operands.products), q = matrixView(operands.mirrored);
  const diagonal = vectorView(operands.diagonal);
  for (let i = 0; i < gradient.rows; i++) {
    for (let j = 0; j < gradient.columns; j++) {
      const mirrored = q.values[transposed ? j * q.stride + i : i * q.stride + j];
      const product = p.values[i * p.stride + j];
      gradient.values[i * gradient.stride + j] = 2 * product / diagonal[first + i] + 2 * mirrored / diagonal[from + j];
    }
  }
}

/** The entries of each row above its limit, moved to its front. */
export function entriesAbove(operands: EntriesAboveArguments): void {
  const { values, stride, rows, columns: size } = matrixView(operands.gradient);
  const limits = vectorView(operands.limits), columns = hostView(operands.columns), counts = hostView(operands.counts);
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let j = operands.first + i + 1; j < size; j++) {
      const derivative = values[i * stride + j];
      if (!(Math.abs(derivative) > limits[i])) continue;
      columns[i * size + count] = j;
      values[i * stride + count++] = derivative;
    }
    counts[i] = count;
  }
}
