/**
 * Quantized completion of a small matrix: accelerated proximal gradient steps (Beck & Teboulle 2009) on the latent matrix
 * and the offsets, begun anew where the objective rises (O'Donoghue & Candes 2015). The step is one over three times the
 * largest curvature for each of the three parts of a latent value, or over the curvature itself without offsets; the
 * proximal point of the trace norm shrinks singular values, found from the Gram matrix of the smaller side.
 *
 * @module
 */

import type { MatrixOperand } from "../../kernels/contract.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { allocateMatrix } from "../spectral/operands.ts";
import { type Factors, loadLikelihood, squares } from "./factored_likelihood.ts";
import { timeIsUp } from "./time_limit.ts";
import { type Course, createSchedule, type Outcome } from "./quantized_course.ts";

/** A point: the latent matrix and the offsets. */
interface Point {
  readonly matrix: Float64Array;
  readonly rowOffsets: Float64Array;
  readonly columnOffsets: Float64Array;
}

/** Solves from zero, or from earlier factors; ends at a certificate or a limit. */
export async function solveProximal(course: Course, boundaries: Float64Array, start?: Factors): Promise<Outcome> {
  const { workspace, data, link, penalties, tolerance, maxIterations, trace, pause } = course;
  const { lambda, offsetPenalty, offsets } = penalties, [rows, columns] = data.shape, { weights } = data;
  // The smaller side has the columns.
  const turned = columns > rows,
    tall = Math.max(rows, columns),
    narrow = Math.min(rows, columns);
  const places = Uint32Array.from(
    data.rows,
    (i, k) => turned ? data.columns[k] * rows + i : i * columns + data.columns[k],
  );
  const likelihood = loadLikelihood(workspace, data, link, penalties, pause);
  likelihood.setBoundaries(boundaries);
  likelihood.load({
    rank: 0,
    left: new Float64Array(0),
    right: new Float64Array(0),
    rowOffsets: new Float64Array(rows),
    columnOffsets: new Float64Array(columns),
  });
  const heaviest = weights ? weights.reduce((most, weight) => Math.max(most, weight), 0) : 1;
  const curvature = link === "probit" ? 1 : boundaries.length === 1 ? 0.25 : 0.5, parts = offsets ? 3 : 1;
  const step = 1 / (parts * heaviest * curvature);
  const lineSteps = offsets && {
    rows: stepsOf(rows, data.rows, weights, parts * curvature),
    columns: stepsOf(columns, data.columns, weights, parts * curvature),
  };
  const shrinker = createShrinker(course, tall, narrow), { latent, gradients } = likelihood;
  let factors: Factors = start ?? {
    rank: 0,
    left: new Float64Array(0),
    right: new Float64Array(0),
    rowOffsets: new Float64Array(rows),
    columnOffsets: new Float64Array(columns),
  };
  let point: Point = {
    matrix: turned
      ? product(factors.right, factors.left, factors.rank, [columns, rows])
      : product(factors.left, factors.right, factors.rank, [rows, columns]),
    rowOffsets: factors.rowOffsets,
    columnOffsets: factors.columnOffsets,
  };
  let from = point, momentum = 1, objective = Infinity;
  const due = createSchedule();
  const lossAt = async ({ matrix, rowOffsets, columnOffsets }: Point) => {
    for (let k = 0; k < latent.length; k++) {
      latent[k] = matrix[places[k]] + rowOffsets[data.rows[k]] + columnOffsets[data.columns[k]];
    }
    // Factors of rank 0, and offsets of the likelihood that stay zero: the losses alone.
    return await likelihood.terms();
  };
  try {
    for (let iteration = 0; iteration < maxIterations; iteration++) {
      await pause();
      await lossAt(from);
      const moved = from.matrix.slice();
      for (let k = 0; k < places.length; k++) moved[places[k]] -= step * gradients[k];
      const shrunk = await shrinker.shrink(moved, lambda * step);
      const next: Point = {
        matrix: shrunk.matrix,
        rowOffsets: lineSteps
          ? stepped(from.rowOffsets, data.rows, gradients, lineSteps.rows, offsetPenalty)
          : from.rowOffsets,
        columnOffsets: lineSteps
          ? stepped(from.columnOffsets, data.columns, gradients, lineSteps.columns, offsetPenalty)
          : from.columnOffsets,
      };
      let reached = await lossAt(next) + lambda * shrunk.traceNorm;
      if (offsets) reached += offsetPenalty / 2 * (squares(next.rowOffsets) + squares(next.columnOffsets));
      if (reached > objective && momentum > 1) {
        from = point;
        momentum = 1;
        continue;
      }
      trace.push(reached);
      objective = reached;
      const following = (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2, share = (momentum - 1) / following;
      const along = (a: Float64Array, b: Float64Array) => b.map((value, k) => value + share * (value - a[k]));
      from = {
        matrix: along(point.matrix, next.matrix),
        rowOffsets: along(point.rowOffsets, next.rowOffsets),
        columnOffsets: along(point.columnOffsets, next.columnOffsets),
      };
      point = next;
      momentum = following;
      const [left, right] = turned ? [shrunk.right, shrunk.left] : [shrunk.left, shrunk.right];
      factors = { rank: shrunk.rank, left, right, rowOffsets: next.rowOffsets, columnOffsets: next.columnOffsets };
      if (!due(trace.length)) continue;
      if (course.losing?.(factors, boundaries)) break;
      if ((await course.judge(factors, boundaries, "estimate")).gap > tolerance) continue;
      if ((await course.judge(factors, boundaries, "proved")).gap <= tolerance) {
        return { status: "converged", factors, boundaries };
      }
    }
  } catch (error) {
    if (error !== timeIsUp) throw error;
    return { status: "time-limit", factors, boundaries };
  }
  return { status: "iteration-limit", factors, boundaries };
}

/** `left right^T`, row-major, of so many rows and columns. */
function product(left: Float64Array, right: Float64Array, rank: number, [rows, columns]: readonly [number, number]) {
  const result = new Float64Array(rows * columns);
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      for (let k = 0; k < rank; k++) result[at] += left[i * rank + k] * right[j * rank + k];
    }
  }
  return result;
}

/** One over the curvature of each line; 0 for those without an entry. */
function stepsOf(
  count: number,
  lines: Uint32Array,
  weights: Float64Array | undefined,
  curvature: number,
): Float64Array {
  const totals = new Float64Array(count);
  for (let k = 0; k < lines.length; k++) totals[lines[k]] += weights ? weights[k] : 1;
  return totals.map((total) => total > 0 ? 1 / (curvature * total) : 0);
}

/** The proximal point of the squares of the offsets after a gradient step. */
function stepped(
  offsets: Float64Array,
  lines: Uint32Array,
  gradients: Float64Array,
  steps: Float64Array,
  penalty: number,
): Float64Array {
  const sums = new Float64Array(offsets.length);
  for (let k = 0; k < lines.length; k++) sums[lines[k]] += gradients[k];
  return offsets.map((value, i) => (value - steps[i] * sums[i]) / (1 + steps[i] * penalty));
}

/** A matrix whose singular values were shrunk, and its factors `U S^(1/2)` and `V S^(1/2)`. */
interface Shrunk {
  readonly matrix: Float64Array;
  readonly rank: number;
  readonly left: Float64Array;
  readonly right: Float64Array;
  readonly traceNorm: number;
}

function createShrinker({ workspace, pause }: Course, tall: number, narrow: number) {
  const { kernels } = workspace, a = allocateMatrix(workspace, "f64", tall, narrow, "latent matrix");
  const gram = allocateMatrix(workspace, "f64", narrow, narrow, "Gram matrix");
  const scaled = allocateMatrix(workspace, "f64", narrow, narrow, "scaled vectors");
  const product = allocateMatrix(workspace, "f64", tall, narrow, "left factor");
  return {
    async shrink(values: Float64Array, threshold: number): Promise<Shrunk> {
      workspace.write(a.array, values);
      await kernels.syrk({ a, c: gram });
      const { values: eigenvalues, vectors } = await symmetricEigen(workspace, gram, pause);
      const lengths = eigenvalues.map((value) => Math.sqrt(Math.max(0, value)));
      const rank = lengths.filter((length) => length > threshold).length;
      const kept = lengths.subarray(0, rank), roots = kept.map((length) => Math.sqrt(length - threshold));
      const rowsOfV = workspace.view(vectors.array), view = workspace.view(scaled.array);
      const right = new Float64Array(narrow * rank);
      // left = A V S^-1 (S - threshold)^(1/2), right = V (S - threshold)^(1/2).
      for (let p = 0; p < rank; p++) {
        for (let j = 0; j < narrow; j++) {
          view[p * narrow + j] = rowsOfV[p * narrow + j] * roots[p] / lengths[p];
          right[j * rank + p] = rowsOfV[p * narrow + j] * roots[p];
        }
      }
      const factor: MatrixOperand = { ...product, columns: rank }, rightRows: MatrixOperand = { ...scaled, rows: rank };
      await kernels.gemm({ a, b: rightRows, transposeB: true, c: factor });
      for (let p = 0; p < rank; p++) {
        for (let j = 0; j < narrow; j++) view[p * narrow + j] = right[j * rank + p];
      }
      await kernels.gemm({ a: factor, b: rightRows, c: a });
      workspace.free(vectors.array);
      return {
        matrix: Float64Array.from(workspace.view(a.array)),
        rank,
        left: Float64Array.from(workspace.view(product.array).subarray(0, tall * rank)),
        right,
        traceNorm: kept.reduce((sum, length) => sum + length - threshold, 0),
      };
    },
  };
}
