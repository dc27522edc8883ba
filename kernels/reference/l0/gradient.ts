import type { GraphSlopesArguments, PairedSlopesArguments, SteepEntriesArguments } from "../../contract.ts";
import { neighboursOf } from "./pseudolikelihood_steps.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Slopes along the edges of some vertices, each a sum over the neighbours of both ends. */
export function graphSlopes(operands: GraphSlopesArguments): void {
  const { first, from = 0 } = operands;
  const slopes = matrixView(operands.slopes),
    gram = matrixView(operands.gram),
    diagonal = vectorView(operands.diagonal);
  const eachNeighbour = neighboursOf(operands);
  const product = (i: number, j: number) => {
    let sum = diagonal[i] * gram.values[j * gram.stride + i];
    eachNeighbour(i, (k, value) => sum += value * gram.values[j * gram.stride + k]);
    return sum;
  };
  for (let row = 0; row < slopes.rows; row++) {
    const i = first + row;
    for (let j = from; j < diagonal.length; j++) {
      slopes.values[row * slopes.stride + j] = 2 * (product(i, j) / diagonal[i] + product(j, i) / diagonal[j]);
    }
  }
}

/** Slopes from products. */
export function pairedSlopes(operands: PairedSlopesArguments): void {
  const { first, from = 0, transposed } = operands;
  const slopes = matrixView(operands.slopes), p = matrixView(operands.products), q = matrixView(operands.mirrored);
  const diagonal = vectorView(operands.diagonal);
  for (let i = 0; i < slopes.rows; i++) {
    for (let j = 0; j < slopes.columns; j++) {
      const mirrored = q.values[transposed ? j * q.stride + i : i * q.stride + j];
      const product = p.values[i * p.stride + j];
      slopes.values[i * slopes.stride + j] = 2 * product / diagonal[first + i] + 2 * mirrored / diagonal[from + j];
    }
  }
}

/** The steep entries of each row, moved to its front. */
export function steepEntries(operands: SteepEntriesArguments): void {
  const { values, stride, rows, columns: size } = matrixView(operands.slopes);
  const limits = vectorView(operands.limits), columns = hostView(operands.columns), counts = hostView(operands.counts);
  for (let i = 0; i < rows; i++) {
    let count = 0;
    for (let j = operands.first + i + 1; j < size; j++) {
      const slope = values[i * stride + j];
      if (!(Math.abs(slope) > limits[i])) continue;
      columns[i * size + count] = j;
      values[i * stride + count++] = slope;
    }
    counts[i] = count;
  }
}
