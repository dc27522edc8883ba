/** What the descents on the pseudolikelihood share, whatever gives them the products `y_j . r_i`. @module */

import type { AdjacencyOperands, ClassDescentArguments } from "../../contract.ts";
import { minimiser } from "./penalty.ts";
import { hostView, vectorView } from "../operands.ts";

/** The minimiser of the data term in `t_ii = old`, where `product = y_i . r_i` and `norm = ||r_i||^2`. */
export function diagonalMinimiser(s: number, old: number, product: number, norm: number): number {
  // Squared norm of r_i without y_i's part: -log t + s t + rest / t remains.
  const rest = Math.max(0, norm - 2 * old * product + old * old * s);
  return (1 + Math.sqrt(1 + 4 * s * rest)) / (2 * s);
}

/** What a descent needs to know of the data. */
export interface DataTerm {
  variance(i: number): number;
  /** `y_j . r_i` */
  product(i: number, j: number): number;
  /** Adds `delta y_j` to `r_i`. */
  move(i: number, j: number, delta: number): void;
  /** Computes what `move` keeps current afresh. */
  refresh(): void;
}

/** The neighbours of a vertex: calls `visit` with each other end and the value there. */
export function neighboursOf({ starts, neighbours, incident, values }: AdjacencyOperands) {
  const first = hostView(starts), other = hostView(neighbours), edge = hostView(incident), entries = vectorView(values);
  return (i: number, visit: (k: number, value: number) => void) => {
    for (let at = first[i]; at < first[i + 1]; at++) visit(other[at], entries[edge[at]]);
  };
}

/** Coordinate descent, edge by edge in their order: the classes are stretches of it. */
export function descend(operands: ClassDescentArguments, data: DataTerm): number {
  const { penalty, sweeps, tolerance } = operands;
  const { variance, product, move } = data;
  const ends = hostView(operands.ends), kinds = hostView(operands.kinds);
  const values = vectorView(operands.values), diagonal = vectorView(operands.diagonal);
  const norms = vectorView(operands.norms), diagonalProducts = vectorView(operands.diagonalProducts);
  const eachNeighbour = neighboursOf(operands);
  const refresh = () => {
    data.refresh();
    for (let i = 0; i < diagonal.length; i++) {
      diagonalProducts[i] = product(i, i);
      norms[i] = diagonal[i] * diagonalProducts[i];
      eachNeighbour(i, (k, value) => norms[i] += value * product(i, k));
    }
  };
  refresh();
  let sweep = 0;
  while (sweep < sweeps) {
    sweep++;
    let change = 0;
    for (let e = 0; e < values.length; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1];
      const ij = product(i, j), ji = product(j, i);
      const curvature = 2 * (variance(j) / diagonal[i] + variance(i) / diagonal[j]);
      const derivative = curvature * values[e] - 2 * (ij / diagonal[i] + ji / diagonal[j]);
      const delta = minimiser(kinds[e], curvature, derivative, penalty) - values[e];
      if (delta === 0) continue;
      values[e] += delta;
      norms[i] += delta * (2 * ij + delta * variance(j));
      norms[j] += delta * (2 * ji + delta * variance(i));
      move(i, j, delta);
      move(j, i, delta);
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    for (let i = 0; i < diagonal.length; i++) {
      const before = product(i, i);
      const delta = diagonalMinimiser(variance(i), diagonal[i], before, norms[i]) - diagonal[i];
      diagonal[i] += delta;
      norms[i] += delta * (2 * before + delta * variance(i));
      move(i, i, delta);
      change += (delta / diagonal[i]) ** 2;
    }
    if (change <= tolerance) break;
  }
  refresh();
  return sweep;
}
