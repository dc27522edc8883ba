import type { Matrix } from "../core/matrix.ts";
import type { SampleScaling } from "./data.ts";
import type { GraphEstimate, GraphEvaluator, GraphPoint, PlainGraph } from "./pseudolikelihood.ts";

/**
 * Evaluation where the time was up before the data were ready: of graphs without edges, from the variances alone, in plain
 * f64. Descents make no sweep, and passes over all edges find nothing.
 */
export function createEmptyGraphs(
  { data, shape: [samples, vertices] }: Matrix,
  { means, tails, scales, variances }: SampleScaling,
  plain: PlainGraph,
): GraphEvaluator & PlainGraph {
  let latest: GraphEstimate | undefined;

  function terms(point: GraphPoint) {
    if (point.values.length > 0) return plain.terms(point);
    const diagonalProducts = variances.map((variance, i) => variance * point.diagonal[i]);
    return Promise.resolve({
      diagonalProducts,
      norms: diagonalProducts.map((product, i) => product * point.diagonal[i]),
    });
  }

  return {
    samples,
    vertices,
    variances,
    covarianceWork: samples,
    covariance(i, j) {
      let sum = 0;
      const entry = (row: number, k: number) => (data[row * vertices + k] - means[k] - tails[k]) * scales[k];
      for (let row = 0; row < samples; row++) sum += entry(row, i) * entry(row, j);
      return sum;
    },
    async descend({ point }) {
      if (point) {
        latest = {
          ends: Uint32Array.from(point.ends),
          values: Float64Array.from(point.values),
          diagonal: Float64Array.from(point.diagonal),
          ...await terms(point),
        };
      }
      return { estimate: latest!, sweeps: 0 };
    },
    sweepWork: () => 0,
    derivativesAbove: () => Promise.resolve(),
    price: () => Promise.resolve(undefined),
    bestSwaps: () =>
      Promise.resolve({
        starts: new Uint32Array(vertices + 1),
        neighbours: new Uint32Array(0),
        incident: new Uint32Array(0),
        gains: new Float64Array(0),
        targets: new Uint32Array(0),
        along: new Float64Array(0),
      }),
    terms,
    gradientRows: plain.gradientRows,
  };
}
