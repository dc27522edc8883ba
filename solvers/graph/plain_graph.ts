import type { Matrix, Vector } from "../core/matrix.ts";
import type { Run } from "../core/run.ts";
import type { L0Penalty } from "../l0/penalty.ts";
import { adjacencyOf } from "./edge_arrays.ts";
import type { SampleScaling } from "./data.ts";
import {
  type GraphPoint,
  penaltiesOf,
  type PlainGraph,
  type Pseudolikelihood,
  type ResidualTerms,
} from "./pseudolikelihood.ts";

/** Multiply-adds between two checkpoints. */
const workPerCheckpoint = 2 ** 23;

/** Samples that are taken together, so that the indices of `T` are read once for all of them. */
const samplesTogether = 4;

/** Sums over samples that stay where the caller has them: no copy is kept. */
export function createPlainGraph(samples: Matrix, scaling: SampleScaling, run: Run): PlainGraph {
  const { data, shape: [count, vertices] } = samples;
  // Some samples [vertices, samplesTogether]; after the last one there are zeros, which add nothing to any sum.
  const block = new Float64Array(vertices * samplesTogether);

  /** Calls `visit` after each few samples have been put into `block`; `work` is what it costs a sample. */
  async function eachBlock(work: number, visit: () => void): Promise<void> {
    const together = samplesTogether * Math.max(1, Math.floor(workPerCheckpoint / (samplesTogether * work)));
    for (let first = 0; first < count; first += together) {
      const end = Math.min(count, first + together);
      for (let sample = first; sample < end; sample += samplesTogether) {
        for (let k = 0; k < samplesTogether; k++) {
          if (sample + k < count) loadSample(block, k, data, (sample + k) * vertices, scaling);
          else for (let at = k; at < block.length; at += samplesTogether) block[at] = 0;
        }
        visit();
      }
      await run.checkpoint({ stage: "certify", fraction: end / count, iteration: 0 });
    }
  }

  function rowsOf({ ends, values, diagonal }: GraphPoint): SparseRows {
    const { starts, neighbours, incident } = adjacencyOf(ends, vertices);
    const entries = Float64Array.from(incident, (edge) => values[edge]);
    return { starts, neighbours, entries, diagonal: Float64Array.from(diagonal) };
  }

  return {
    async terms(point) {
      const norms = new Float64Array(vertices), diagonalProducts = new Float64Array(vertices);
      const matrix = rowsOf(point);
      await eachBlock(2 * vertices + matrix.entries.length, () => addTerms(norms, diagonalProducts, block, matrix));
      return { norms, diagonalProducts };
    },

    async gradientRows(point, rows) {
      const matrix = rowsOf(point), { starts, neighbours, entries, diagonal } = matrix;
      const products = rows.map(() => new Float64Array(vertices)), gram = rows.map(() => new Float64Array(vertices));
      await eachBlock(2 * (rows.length + 1) * vertices, () => {
        rows.forEach((i, k) => addRowProducts(products[k], gram[k], i, block, matrix));
      });
      return rows.map((i, k) => {
        const gradient = new Float64Array(vertices);
        for (let j = 0; j < vertices; j++) {
          let mirrored = diagonal[j] * gram[k][j];
          for (let at = starts[j]; at < starts[j + 1]; at++) mirrored += entries[at] * gram[k][neighbours[at]];
          gradient[j] = 2 * products[k][j] / diagonal[i] + 2 * mirrored / diagonal[j];
        }
        return gradient;
      });
    },
  };
}

/** Rows of `T`: entry `entries[at]` at `neighbours[at]`, those of row `i` from `starts[i]` to `starts[i + 1]`. */
interface SparseRows {
  readonly starts: Uint32Array;
  readonly neighbours: Uint32Array;
  readonly entries: Float64Array;
  readonly diagonal: Float64Array;
}

// Functions of a few samples, because engines compile what is called often sooner than a loop that runs long.

function loadSample(
  block: Float64Array,
  place: number,
  data: Vector,
  from: number,
  { means, tails, scales }: SampleScaling,
): void {
  for (let j = 0, at = place; j < means.length; j++, at += samplesTogether) {
    block[at] = (data[from + j] - means[j] - tails[j]) * scales[j];
  }
}

/** Adds what the samples `y` of a block add to `||r_i||^2` and `y_i . r_i`, with `r = T y`. */
function addTerms(
  norms: Float64Array,
  diagonalProducts: Float64Array,
  block: Float64Array,
  { starts, neighbours, entries, diagonal }: SparseRows,
): void {
  for (let i = 0, at = 0; i < norms.length; i++) {
    const own = samplesTogether * i, end = starts[i + 1], factor = diagonal[i];
    const y = block[own], z = block[own + 1], v = block[own + 2], w = block[own + 3];
    let a = factor * y, b = factor * z, c = factor * v, d = factor * w;
    for (; at < end; at++) {
      const entry = entries[at], from = samplesTogether * neighbours[at];
      a += entry * block[from];
      b += entry * block[from + 1];
      c += entry * block[from + 2];
      d += entry * block[from + 3];
    }
    norms[i] += a * a + b * b + (c * c + d * d);
    diagonalProducts[i] += a * y + b * z + (c * v + d * w);
  }
}

/** Adds what the samples `y` of a block add to `Y^T r_i` and `Y^T y_i`. */
function addRowProducts(
  products: Float64Array,
  gram: Float64Array,
  i: number,
  block: Float64Array,
  { starts, neighbours, entries, diagonal }: SparseRows,
): void {
  const own = samplesTogether * i, factor = diagonal[i];
  const y = block[own], z = block[own + 1], v = block[own + 2], w = block[own + 3];
  let a = factor * y, b = factor * z, c = factor * v, d = factor * w;
  for (let at = starts[i]; at < starts[i + 1]; at++) {
    const entry = entries[at], from = samplesTogether * neighbours[at];
    a += entry * block[from];
    b += entry * block[from + 1];
    c += entry * block[from + 2];
    d += entry * block[from + 3];
  }
  for (let j = 0, at = 0; j < products.length; j++, at += samplesTogether) {
    const p = block[at], q = block[at + 1], r = block[at + 2], s = block[at + 3];
    products[j] += a * p + b * q + (c * r + d * s);
    gram[j] += y * p + z * q + (v * r + w * s);
  }
}

/** Updates of `T S` before it is computed afresh: every edge at a vertex and its diagonal, in so many sweeps. */
const sweepsUpdated = 16;

/**
 * The objective from plain terms, and how far rounding may separate it from what the kernels have. With `u` the unit of
 * rounding and `m_i = sum_k |t_ik| ||y_k||`, `||r_i||^2` is off by `(samples + updates) u m_i^2` at most, however it is
 * summed (Higham 2002, section 3.1).
 */
function plainGraphObjective(
  point: GraphPoint,
  { norms }: ResidualTerms,
  { variances, samples, rules }: Pick<Pseudolikelihood, "variances" | "samples" | "rules">,
  penalty: L0Penalty,
): { dataTerm: number; objective: number; rounding: number } {
  const { ends, values, diagonal } = point;
  const vertices = variances.length, sizes = new Float64Array(vertices), updates = new Float64Array(vertices).fill(4);
  for (let i = 0; i < vertices; i++) sizes[i] = diagonal[i] * Math.sqrt(variances[i]);
  const penalties = penaltiesOf(point, penalty, rules);
  for (let e = 0; e < values.length; e++) {
    const i = ends[2 * e], j = ends[2 * e + 1], magnitude = Math.abs(values[e]);
    sizes[i] += magnitude * Math.sqrt(variances[j]);
    sizes[j] += magnitude * Math.sqrt(variances[i]);
    updates[i] += 2 * sweepsUpdated;
    updates[j] += 2 * sweepsUpdated;
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

/** Share of the objective up to which rounding may separate sums from the Gram matrix from those over the samples. */
const leastRounding = 1e-10;

/**
 * What an answer is certified by: sums over the samples. One graph of many has them from the Gram matrix that has been checked
 * against the samples, wherever rounding makes no difference: of many samples they would take longer than the search.
 */
export async function plainSums(
  problem: Pick<Pseudolikelihood, "plain" | "checked" | "variances" | "samples" | "rules">,
  penalty: L0Penalty,
  point: GraphPoint,
  isOneOfMany: boolean,
) {
  const by = async ({ terms: sum }: PlainGraph) => {
    const terms = await sum(point);
    return { terms, sums: plainGraphObjective(point, terms, problem, penalty) };
  };
  if (isOneOfMany) {
    const found = await by(problem.checked), { rounding, objective } = found.sums;
    if (rounding <= leastRounding * (1 + Math.abs(objective))) return found;
  }
  return by(problem.plain);
}
