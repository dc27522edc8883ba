import type { ResidualDescentArguments } from "../../contract.ts";
import { descend, neighboursOf } from "./pseudolikelihood_steps.ts";
import { matrixView, vectorView } from "../operands.ts";

/** Coordinate descent from the samples: residuals follow each step. */
export function residualDescent(operands: ResidualDescentArguments): number {
  const y = matrixView(operands.samples), r = matrixView(operands.residuals);
  const variances = vectorView(operands.variances), diagonal = vectorView(operands.diagonal);
  const eachNeighbour = neighboursOf(operands);
  const move = (i: number, j: number, delta: number) => {
    for (let k = 0; k < y.columns; k++) r.values[i * r.stride + k] += delta * y.values[j * y.stride + k];
  };
  return descend(operands, {
    variance: (i) => variances[i],
    product(i, j) {
      let sum = 0;
      for (let k = 0; k < y.columns; k++) sum += r.values[i * r.stride + k] * y.values[j * y.stride + k];
      return sum;
    },
    move,
    refresh() {
      for (let i = 0; i < diagonal.length; i++) {
        r.values.fill(0, i * r.stride, i * r.stride + y.columns);
        move(i, i, diagonal[i]);
        eachNeighbour(i, (k, value) => move(i, k, value));
      }
    },
  });
}
