/** Factors with more columns, or fewer. @module */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { createRandom } from "../core/random.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { allocateMatrix } from "../spectral/operands.ts";
import type { Factors } from "./factored_likelihood.ts";
import type { EntryMatrix, SingularTriples } from "./spectral_norm.ts";

/** Random factors, small: normal numbers times 0.1. */
export function initialFactors([rows, columns]: readonly [number, number], rank: number, seed: number): Factors {
  const { normal } = createRandom(seed), small = () => 0.1 * normal();
  return {
    rank,
    left: Float64Array.from({ length: rows * rank }, small),
    right: Float64Array.from({ length: columns * rank }, small),
    rowOffsets: new Float64Array(rows),
    columnOffsets: new Float64Array(columns),
  };
}

/** [lines, rank + added], zeros in the new columns. */
function widened(factor: Float64Array, rank: number, added: number): Float64Array {
  const lines = factor.length / Math.max(1, rank), wider = new Float64Array(lines * (rank + added));
  for (let i = 0; i < lines; i++) wider.set(factor.subarray(i * rank, (i + 1) * rank), i * (rank + added));
  return wider;
}

/**
 * Adds the directions in which the gradient is steeper than the trace norm: `-s u v^T` for singular values above
 * `lambda`, with the `s` at which parabolas above the losses, shared among the directions, are least. The objective falls.
 *
 * @param gradient The derivatives of the losses, one an entry.
 * @param curvatures Those of parabolas above the losses.
 * @param most Most columns to add.
 */
export function grown(
  factors: Factors,
  { shape, indptr, columns }: EntryMatrix,
  triples: SingularTriples,
  curvatures: Float64Array,
  lambda: number,
  most: number,
): Factors {
  const count = Math.min(most, triples.values.filter((value) => value > lambda).length), { rank } = factors;
  const wide = rank + count, left = widened(factors.left, rank, count), right = widened(factors.right, rank, count);
  for (let t = 0; t < count; t++) {
    const u = triples.left[t], v = triples.right[t];
    let curvature = 0;
    for (let i = 0; i < shape[0]; i++) {
      for (let k = indptr[i]; k < indptr[i + 1]; k++) {
        curvature += curvatures[k] * (u[i] * v[columns[k]]) ** 2;
      }
    }
    const step = Math.sqrt((triples.values[t] - lambda) / (count * curvature));
    for (let i = 0; i < shape[0]; i++) left[i * wide + rank + t] = step * u[i];
    for (let j = 0; j < shape[1]; j++) right[j * wide + rank + t] = -step * v[j];
  }
  return { ...factors, rank: wide, left, right };
}

/**
 * The same product by balanced orthogonal factors: `left = U S^(1/2)` and `right = V S^(1/2)` of its singular values `S`,
 * from the largest to the smallest, so that half the squares of both sum to the trace norm. From the Gram matrices `A` and
 * `B` of the factors: with `A = E L^2 E^T`, the eigenvectors of `L E^T B E L` are the right singular vectors of
 * `left E L^-1 . L E^T right^T`.
 */
export async function balanced(
  workspace: Workspace,
  factors: Factors,
): Promise<Factors & { readonly values: Float64Array }> {
  const { rank, left, right } = factors;
  const a = gramOf(workspace, left, rank), b = gramOf(workspace, right, rank);
  const first = await eigen(workspace, a), lengths = first.values.map((value) => Math.sqrt(Math.max(0, value)));
  const view = workspace.view(b.array);
  const image = productOf(rank, (p, r) => first.vectors[p * rank + r], (r, t) => view[r * rank + t]);
  const middle = productOf(
    rank,
    (p, t) => lengths[p] * image[p * rank + t],
    (t, q) => first.vectors[q * rank + t] * lengths[q],
  );
  view.set(middle);
  const second = await eigen(workspace, b);
  for (const { array } of [a, b]) workspace.free(array);
  const values = second.values.map((value) => Math.sqrt(Math.max(0, value)));
  // left E L^-1 W and right E L W, scaled to equal lengths.
  const turn = (factor: Float64Array, power: 1 | -1) => {
    const lines = factor.length / Math.max(1, rank), turned = new Float64Array(factor.length);
    const matrix = productOf(
      rank,
      (r, p) => lengths[p] > 1e-14 * lengths[0] ? first.vectors[p * rank + r] * lengths[p] ** power : 0,
      (p, q) => values[q] > 1e-14 * values[0] ? second.vectors[q * rank + p] * values[q] ** (-power / 2) : 0,
    );
    for (let i = 0; i < lines; i++) {
      for (let r = 0; r < rank; r++) {
        const value = factor[i * rank + r];
        for (let q = 0; q < rank; q++) turned[i * rank + q] += value * matrix[r * rank + q];
      }
    }
    return turned;
  };
  return { ...factors, values, left: turn(left, -1), right: turn(right, 1) };
}

/** A product of two square matrices that functions give. */
function productOf(
  size: number,
  a: (i: number, k: number) => number,
  b: (k: number, j: number) => number,
): Float64Array {
  const product = new Float64Array(size * size);
  for (let i = 0; i < size; i++) {
    for (let k = 0; k < size; k++) {
      const value = a(i, k);
      for (let j = 0; j < size; j++) product[i * size + j] += value * b(k, j);
    }
  }
  return product;
}

function gramOf(workspace: Workspace, factor: Float64Array, rank: number): MatrixOperand {
  const gram = allocateMatrix(workspace, "f64", rank, rank, "Gram matrix of a factor"),
    view = workspace.view(gram.array);
  for (let i = 0; i < factor.length; i += rank) {
    for (let p = 0; p < rank; p++) for (let q = 0; q < rank; q++) view[p * rank + q] += factor[i + p] * factor[i + q];
  }
  return gram;
}

async function eigen(workspace: Workspace, a: MatrixOperand): Promise<{ values: Float64Array; vectors: Float64Array }> {
  const { values, vectors } = await symmetricEigen(workspace, a),
    view = Float64Array.from(workspace.view(vectors.array));
  workspace.free(vectors.array);
  return { values, vectors: view };
}

/** The first `rank` columns. */
export function truncated(factors: Factors, rank: number): Factors {
  const cut = (factor: Float64Array) => {
    const lines = factor.length / factors.rank, narrow = new Float64Array(lines * rank);
    for (let i = 0; i < lines; i++) {
      narrow.set(factor.subarray(i * factors.rank, i * factors.rank + rank), i * rank);
    }
    return narrow;
  };
  return { ...factors, rank, left: cut(factors.left), right: cut(factors.right) };
}
