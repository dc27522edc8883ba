import { BackendError } from "../../kernels/engine/mod.ts";
import { createRandom } from "../core/random.ts";
import { type L0Penalty, relaxedConjugate } from "../l0/penalty.ts";
import { nodeStatus } from "../l0/search.ts";
import { lowerBound } from "./dual_bound.ts";
import { edgeNumber, type EdgePrices, type GraphEstimate, type Pseudolikelihood } from "./pseudolikelihood.ts";

/** Rows of the gradient that are summed again: drawn afresh for every bound. */
const rowsChecked = 8;

/** Sweeps after which products are computed afresh at the latest: each of its updates may round. */
const sweepsUpdated = 16;

/** What plain sums say of a dual point. */
export interface CertifiedDual {
  /** The bound at the best multiple of the dual point. */
  readonly bound: number;
  /** The bound at the dual point itself: the one whose gradient screening looks at. */
  readonly unscaled: number;
  /** Fails where the kernels have another derivative along `{i, j}` than plain sums, as far as the row of `i` was drawn. */
  checkDerivative(derivative: number, i: number, j: number): void;
}

/** Computes a dual point again, apart from the kernels. @throws {BackendError} where the kernels disagree beyond rounding */
export type DualCertificate = (
  estimate: GraphEstimate,
  prices: EdgePrices,
  statuses: Uint8Array,
) => Promise<CertifiedDual>;

/**
 * The bound of a large relaxation: its residual terms are summed again for all vertices, gradient and conjugates, which
 * are as many as there are edges, for some rows.
 */
export function createDualCertificate(
  { vertices, variances, samples, checked }: Pseudolikelihood,
  penalty: L0Penalty,
): DualCertificate {
  const random = createRandom();
  return async (estimate, prices, statuses) => {
    const { ends, values, diagonal } = estimate, { scales, rowConjugates } = prices;
    const drawn = new Set<number>();
    while (drawn.size < Math.min(rowsChecked, vertices)) drawn.add(random.integer(vertices));
    const order = Array.from(drawn), gradient = await checked.gradientRows(estimate, order);
    const rows = new Map(order.map((i, k) => [i, gradient[k]]));

    // `m_i = sum_k |t_ik| ||y_k||` over t_ii, and the number of roundings that a product of it has been through.
    const norms = variances.map(Math.sqrt),
      sizes = norms.slice(),
      roundings = new Float64Array(vertices).fill(samples + 4 * sweepsUpdated);
    for (let e = 0; e < values.length; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1], magnitude = Math.abs(values[e]);
      sizes[i] += magnitude * norms[j] / diagonal[i];
      sizes[j] += magnitude * norms[i] / diagonal[j];
      roundings[i] += 2 * sweepsUpdated;
      roundings[j] += 2 * sweepsUpdated;
    }
    const part = (i: number, j: number) => roundings[i] * norms[j] * sizes[i];
    const rounding = (i: number, j: number) => 4 * Number.EPSILON * (part(i, j) + part(j, i));

    const least = new Float64Array(scales.length), most = new Float64Array(scales.length);
    for (const [i, row] of rows) {
      least.fill(0);
      most.fill(0);
      for (let j = i + 1, edge = edgeNumber(i, j, vertices); j < vertices; j++, edge++) {
        if (statuses[edge] !== nodeStatus.free) continue;
        const derivative = Math.abs(row[j]), off = rounding(i, j);
        // Conjugates are zero up to the threshold: at the smaller multiples, for most edges at all.
        for (let k = scales.length - 1; k >= 0 && !(scales[k] * derivative + off <= penalty.threshold); k--) {
          const magnitude = scales[k] * derivative;
          least[k] += relaxedConjugate(Math.max(0, magnitude - off), penalty);
          most[k] += relaxedConjugate(magnitude + off, penalty);
        }
      }
      for (let k = 0; k < scales.length; k++) {
        const slack = 2 * Number.EPSILON * vertices * most[k], received = rowConjugates[i * scales.length + k];
        if (!(received >= least[k] - slack && received <= most[k] + slack)) {
          throw disagreement(`the conjugates of row ${i}`, received, most[k]);
        }
      }
    }

    const checkDerivative = (derivative: number, i: number, j: number) => {
      const row = rows.get(i);
      if (row === undefined || Math.abs(derivative - row[j]) <= rounding(i, j)) return;
      throw disagreement(`the derivative along edge ${i}, ${j}`, derivative, row[j]);
    };
    prices.keptEdges.forEach(([i, j], k) => checkDerivative(prices.kept[k], i, j));
    const plain = { ...estimate, ...await checked.terms(estimate) };
    const last = scales.length - 1;
    const unscaled = { ...prices, scales: scales.slice(last), conjugates: prices.conjugates.slice(last) };
    return {
      bound: lowerBound(plain, prices, penalty),
      unscaled: lowerBound(plain, unscaled, penalty),
      checkDerivative,
    };
  };
}

function disagreement(what: string, received: number, expected: number): BackendError {
  return new BackendError(`Cannot certify the relaxation: ${what} is ${received}, but ${expected} by plain sums.`);
}
