import type { GraphOperands, GraphSlopesArguments, NeighbourDescentArguments } from "../spec.ts";
import { diagonalMinimiser, minimiser } from "./l0.ts";
import { hostView, matrixView, vectorView } from "./operands.ts";

/** `(i, j) -> y_j . r_i`, summed over the neighbours of `i`. */
function productsOf({ gram, starts, neighbours, incident, values, diagonal }: GraphOperands) {
  const source = matrixView(gram), first = hostView(starts), other = hostView(neighbours), edge = hostView(incident);
  const entries = vectorView(values), own = vectorView(diagonal);
  return (i: number, j: number) => {
    let sum = own[i] * source.values[j * source.stride + i];
    for (let at = first[i]; at < first[i + 1]; at++) {
      const value = entries[edge[at]];
      if (value !== 0) sum += value * source.values[j * source.stride + other[at]];
    }
    return sum;
  };
}

/** Coordinate descent by sums over neighbours; norms follow each step, and are computed afresh at the end. */
export function neighbourDescent(operands: NeighbourDescentArguments): number {
  const { penalty, sweeps, tolerance } = operands;
  const gram = matrixView(operands.gram), productAt = productsOf(operands);
  const ends = hostView(operands.ends), kinds = hostView(operands.kinds);
  const values = vectorView(operands.values), diagonal = vectorView(operands.diagonal);
  const norms = vectorView(operands.norms), own = vectorView(operands.own);
  const variance = (i: number) => gram.values[i * (gram.stride + 1)];
  const refresh = () => {
    for (let i = 0; i < diagonal.length; i++) {
      own[i] = productAt(i, i);
      norms[i] = diagonal[i] * own[i];
    }
    for (let e = 0; e < values.length; e++) {
      if (values[e] === 0) continue;
      const i = ends[2 * e], j = ends[2 * e + 1];
      norms[i] += values[e] * productAt(i, j);
      norms[j] += values[e] * productAt(j, i);
    }
  };
  refresh();
  let sweep = 0;
  while (sweep < sweeps) {
    sweep++;
    let change = 0;
    for (let e = 0; e < values.length; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1];
      const ij = productAt(i, j), ji = productAt(j, i);
      const curvature = 2 * (variance(j) / diagonal[i] + variance(i) / diagonal[j]);
      const slope = curvature * values[e] - 2 * (ij / diagonal[i] + ji / diagonal[j]);
      const delta = minimiser(kinds[e], curvature, slope, penalty) - values[e];
      if (delta === 0) continue;
      values[e] += delta;
      norms[i] += delta * (2 * ij + delta * variance(j));
      norms[j] += delta * (2 * ji + delta * variance(i));
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    for (let i = 0; i < diagonal.length; i++) {
      const product = productAt(i, i);
      const delta = diagonalMinimiser(variance(i), diagonal[i], product, norms[i]) - diagonal[i];
      diagonal[i] += delta;
      norms[i] += delta * (2 * product + delta * variance(i));
      change += (delta / diagonal[i]) ** 2;
    }
    if (change <= tolerance) break;
  }
  refresh();
  return sweep;
}

/** Slopes along the edges of some vertices, each a sum over the neighbours of both ends. */
export function graphSlopes(operands: GraphSlopesArguments): void {
  const { first, slopes: { rows } } = operands;
  const slopes = matrixView(operands.slopes), diagonal = vectorView(operands.diagonal);
  const productAt = productsOf(operands);
  for (let i = first; i < first + rows; i++) {
    for (let j = 0; j < diagonal.length; j++) {
      const slope = 2 * (productAt(i, j) / diagonal[i] + productAt(j, i) / diagonal[j]);
      slopes.values[(i - first) * slopes.stride + j] = slope;
    }
  }
}
