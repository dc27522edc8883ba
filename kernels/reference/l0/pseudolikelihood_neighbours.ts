import type { NeighbourDescentArguments } from "../../contract.ts";
import { descend, neighboursOf } from "./pseudolikelihood_steps.ts";
import { matrixView, vectorView } from "../operands.ts";

/** Coordinate descent by sums over neighbours. */
export function neighbourDescent(operands: NeighbourDescentArguments): number {
  const { values, stride } = matrixView(operands.gram), diagonal = vectorView(operands.diagonal);
  const eachNeighbour = neighboursOf(operands);
  return descend(operands, {
    variance: (i) => values[i * (stride + 1)],
    product(i, j) {
      let sum = diagonal[i] * values[j * stride + i];
      eachNeighbour(i, (k, value) => sum += value * values[j * stride + k]);
      return sum;
    },
    move() {},
    refresh() {},
  });
}
