/** The problems of branch-and-bound nodes, batch by batch: see `relaxation.ts` for what is done with them. @module */

import type { Dtype, GraphNodesArguments, HostArray, RegressionNodesArguments, ViewOf } from "../../contract.ts";
import { GATHER_COST } from "../../contract/l0/constants.ts";
import { leastSquaresDescent } from "./least_squares.ts";
import { productDescent } from "./pseudolikelihood_products.ts";
import { type NodePoint, type NodeProblem, relaxNode } from "./relaxation.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

const host = <D extends Dtype>(dtype: D, view: ViewOf[D]): HostArray<D> => ({
  dtype,
  view,
  length: view.length,
  label: "node",
  address: 0,
});
const vector = (view: Float64Array) => ({ array: host("f64", view), length: view.length });

/** Relaxations of best-subset regression. */
export function regressionNodes(operands: RegressionNodesArguments): number {
  const { nodes, variables, gram, nullLoss, penalty } = operands;
  const linear = vectorView(operands.linear);
  const rowOf = hostView(operands.rowOf), wanted = hostView(operands.wanted);
  const correlations = new Float64Array(variables);
  /** `||y||^2 / 2 - sum (c_j + sign u_j) b_j / 2`. */
  const lossWith = (sign: number, { variables: features, values }: NodePoint) =>
    features.reduce((sum, j, k) => sum - (linear[j] + sign * correlations[j]) * values[k] / 2, nullLoss);
  const descend: NodeProblem["descend"] = ({ variables: features, kinds, values }, sweeps, tolerance) =>
    leastSquaresDescent({
      gram,
      features: host("u32", Uint32Array.from(features)),
      rows: host("u32", Uint32Array.from(features, (feature) => rowOf[feature])),
      kinds: host("u8", Uint8Array.from(kinds)),
      coefficients: vector(values),
      linear: operands.linear,
      correlations: vector(correlations),
      penalty,
      sweeps,
      tolerance,
    });
  const sweepWork = (active: number) => active * Math.min(variables, GATHER_COST * active);
  const problem: NodeProblem = {
    ready(feature) {
      if (rowOf[feature] < 0) wanted[feature] = 1;
      return rowOf[feature] >= 0;
    },
    descend,
    sweepWork,
    roundWork: (active) => sweepWork(active) + (active + 4) * variables,
    loss: (point) => lossWith(1, point),
    price: (point) => ({ dual: lossWith(-1, point), size: nullLoss, gradient: correlations }),
    descendOnSupport: (point, sweeps, tolerance) => descend(point, sweeps, tolerance * nullLoss),
  };
  let sweeps = 0;
  for (let node = 0; node < nodes; node++) sweeps += relaxNode(operands, node, problem);
  return sweeps;
}

/** Relaxations of a sparse precision matrix. */
export function graphNodes(operands: GraphNodesArguments): number {
  const diagonals = matrixView(operands.diagonals), vertices = operands.gram.rows;
  const ends: [number, number][] = [];
  for (let i = 0; i < vertices; i++) for (let j = i + 1; j < vertices; j++) ends.push([i, j]);
  let sweeps = 0;
  for (let node = 0; node < operands.nodes; node++) {
    const first = node * diagonals.stride, diagonal = diagonals.values.subarray(first, first + vertices);
    sweeps += relaxNode(operands, node, graphProblem(operands, ends, diagonal as Float64Array));
  }
  return sweeps;
}

function graphProblem(
  { gram, penalty }: GraphNodesArguments,
  ends: readonly [number, number][],
  given: Float64Array,
): NodeProblem {
  const vertices = gram.rows;
  const products = new Float64Array(vertices * vertices), norms = new Float64Array(vertices);
  const diagonalProducts = new Float64Array(vertices);
  let diagonal = given;
  const descend: NodeProblem["descend"] = ({ variables: edges, kinds, values }, sweeps, tolerance) =>
    productDescent({
      gram,
      ends: host("u32", Uint32Array.from(edges.flatMap((edge) => ends[edge]))),
      kinds: host("u8", Uint8Array.from(kinds)),
      values: vector(values),
      diagonal: vector(diagonal),
      products: { array: host("f64", products), rows: vertices, columns: vertices },
      norms: vector(norms),
      diagonalProducts: vector(diagonalProducts),
      penalty,
      sweeps,
      tolerance,
    });
  const sweepWork = (active: number) => (2 * active + 1) * vertices;
  return {
    ready: () => true,
    descend,
    sweepWork,
    roundWork: (active) => sweepWork(active) + vertices * vertices + 4 * ends.length,
    loss: () => diagonal.reduce((sum, t, i) => sum + norms[i] / t - Math.log(t), 0),
    price() {
      let dual = vertices, size = vertices;
      diagonal.forEach((t, i) => {
        const argument = 2 * diagonalProducts[i] / t - norms[i] / (t * t);
        const term = argument > 0 ? Math.log(argument) : -Infinity;
        dual += term;
        size += Math.abs(term);
      });
      const derivativeAt = ([i, j]: readonly [number, number]) =>
        2 * (products[i * vertices + j] / diagonal[i] + products[j * vertices + i] / diagonal[j]);
      return { dual, size, gradient: Float64Array.from(ends, derivativeAt) };
    },
    descendOnSupport(point, sweeps, tolerance) {
      diagonal = diagonal.slice();
      return descend(point, sweeps, tolerance);
    },
  };
}
