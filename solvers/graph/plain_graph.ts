import type { Matrix } from "../core/matrix.ts";
import type { Run } from "../core/run.ts";
import { type L0Penalty, penaltyAt } from "../l0/penalty.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { GraphPoint, PlainGraph, ResidualTerms } from "./pseudolikelihood.ts";

/** How `Y` comes from the samples: `(x - mean) scale`, column by column. */
export interface SampleScaling {
  readonly means: Float64Array;
  readonly scales: Float64Array;
}

/** Multiply-adds between two checkpoints. */
const workPerCheckpoint = 2 ** 25;

/** Sums over samples that stay where the caller has them: no copy is kept. */
export function createPlainGraph(samples: Matrix, { means, scales }: SampleScaling, run: Run): PlainGraph {
  const { data, shape: [count, vertices] } = samples;
  const row = new Float64Array(vertices);

  /** Calls `visit` after each sample has been put into `row`. */
  async function eachSample(work: number, visit: () => void): Promise<void> {
    const together = Math.max(1, Math.floor(workPerCheckpoint / Math.max(1, work)));
    for (let first = 0; first < count; first += together) {
      const end = Math.min(count, first + together);
      for (let sample = first; sample < end; sample++) {
        const at = sample * vertices;
        for (let j = 0; j < vertices; j++) row[j] = (data[at + j] - means[j]) * scales[j];
        visit();
      }
      await run.checkpoint({ stage: "certify", fraction: end / count, iteration: 0 });
    }
  }

  return {
    async terms({ ends, values, diagonal }) {
      const norms = new Float64Array(vertices), diagonalProducts = new Float64Array(vertices);
      const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
      const entries = Float64Array.from(incident, (edge) => values[edge]);
      await eachSample(2 * vertices + entries.length, () => {
        for (let i = 0; i < vertices; i++) {
          let residual = diagonal[i] * row[i];
          for (let at = starts[i]; at < starts[i + 1]; at++) residual += entries[at] * row[neighbours[at]];
          norms[i] += residual * residual;
          diagonalProducts[i] += row[i] * residual;
        }
      });
      return { norms, diagonalProducts };
    },

    async gradientRows({ ends, values, diagonal }, rows) {
      const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
      const products = rows.map(() => new Float64Array(vertices)), gram = rows.map(() => new Float64Array(vertices));
      await eachSample(2 * rows.length * vertices, () => {
        rows.forEach((i, k) => {
          const y = row[i], along = products[k], across = gram[k];
          let residual = diagonal[i] * y;
          for (let at = starts[i]; at < starts[i + 1]; at++) residual += values[incident[at]] * row[neighbours[at]];
          for (let j = 0; j < vertices; j++) {
            along[j] += residual * row[j];
            across[j] += y * row[j];
          }
        });
      });
      return rows.map((i, k) => {
        const gradient = new Float64Array(vertices);
        for (let j = 0; j < vertices; j++) {
          let mirrored = diagonal[j] * gram[k][j];
          for (let at = starts[j]; at < starts[j + 1]; at++) mirrored += values[incident[at]] * gram[k][neighbours[at]];
          gradient[j] = 2 * products[k][j] / diagonal[i] + 2 * mirrored / diagonal[j];
        }
        return gradient;
      });
    },
  };
}

/** Updates of `T S` before it is computed afresh: every edge at a vertex and its diagonal, in so many sweeps. */
const sweepsUpdated = 16;

/**
 * The objective from plain terms, and how far rounding may separate it from what the kernels have. With `u` the unit of
 * rounding and `m_i = sum_k |t_ik| ||y_k||`, `||r_i||^2` is off by `(samples + updates) u m_i^2` at most, however it is
 * summed (Higham 2002, section 3.1).
 */
export function plainGraphObjective(
  { ends, values, diagonal }: GraphPoint,
  { norms }: ResidualTerms,
  variances: Float64Array,
  samples: number,
  penalty: L0Penalty,
): { dataTerm: number; objective: number; rounding: number } {
  const vertices = variances.length, sizes = new Float64Array(vertices), updates = new Float64Array(vertices).fill(4);
  for (let i = 0; i < vertices; i++) sizes[i] = diagonal[i] * Math.sqrt(variances[i]);
  let penalties = 0;
  for (let e = 0; e < values.length; e++) {
    const i = ends[2 * e], j = ends[2 * e + 1], magnitude = Math.abs(values[e]);
    sizes[i] += magnitude * Math.sqrt(variances[j]);
    sizes[j] += magnitude * Math.sqrt(variances[i]);
    updates[i] += 2 * sweepsUpdated;
    updates[j] += 2 * sweepsUpdated;
    penalties += penaltyAt(values[e], penalty);
  }
  let dataTerm = 0, off = 0, magnitude = penalties;
  for (let i = 0; i < vertices; i++) {
    const logarithm = Math.log(diagonal[i]);
    dataTerm += norms[i] / diagonal[i] - logarithm;
    magnitude += norms[i] / diagonal[i] + Math.abs(logarithm);
    off += (samples + updates[i] + 2 * sweepsUpdated) * sizes[i] * sizes[i] / diagonal[i];
  }
  const rounding = 2 * Number.EPSILON * (off + (vertices + values.length + 4) * magnitude);
  return { dataTerm, objective: dataTerm + penalties, rounding };
}
