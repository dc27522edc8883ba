/** First factors of a plain factorisation. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Random } from "../core/random.ts";
import type { Pause } from "../core/run.ts";
import { createSubspace, type LinearOperator } from "../spectral/subspace.ts";
import { elementsOf, factorIn, type Products } from "./products.ts";

/** Vectors beyond the rank, and steps, of the subspace iteration. */
const furtherVectors = 10, steps = 6;

/** Entries below become zero before they are filled. */
const leastEntry = 1e-6;

/** Factors [rank, rows] and [rank, columns]. */
export interface StartFactors {
  readonly weights: Float64Array;
  readonly components: Float64Array;
}

/** Magnitudes of normal numbers around the root of the mean over the rank. */
export function randomFactors(products: Products, rank: number, mean: number, random: Random): StartFactors {
  const scale = Math.sqrt(Math.max(mean, 0) / rank);
  const draw = (length: number) => Float64Array.from({ length }, () => scale * Math.abs(random.normal()));
  return { components: draw(rank * products.columns), weights: draw(rank * products.rows) };
}

/**
 * Nonnegative double singular value decomposition (Boutsidis & Gallopoulos 2008): of each pair of singular vectors the
 * parts of one sign with the larger product. With `fill`, zeros become the mean. Components beyond the rank of the data
 * are drawn. Singular vectors are those that are known once the time is up.
 */
export async function singularFactors(
  workspace: Workspace,
  products: Products,
  { rank, mean, fill }: { readonly rank: number; readonly mean: number; readonly fill: boolean },
  random: Random,
  pause: Pause,
): Promise<StartFactors> {
  const { rows, columns, dtype } = products, { host } = workspace;
  const width = Math.min(rank + furtherVectors, rows, columns);
  const subspace = createSubspace(host, dtype, [rows, columns], width, random.integer(2 ** 32));
  const operator = operatorOf(workspace, products, width);
  for (let step = 0; step < steps; step++) {
    await subspace.step(operator);
    if (await pause()) break;
  }
  const left = elementsOf(workspace, subspace.left), right = elementsOf(workspace, subspace.right);
  const factors = randomFactors(products, rank, mean, random);
  for (let t = 0; t < Math.min(rank, width); t++) {
    const value = subspace.values[t];
    if (!(value > products.unit * subspace.values[0])) break;
    const u = Float64Array.from({ length: rows }, (_, i) => left[i * width + t]);
    const v = Float64Array.from({ length: columns }, (_, j) => right[j * width + t]);
    const sign = t === 0 ? 0 : partOf(u, v);
    const w = signed(u, sign), h = signed(v, sign), lengths = [norm(w), norm(h)];
    const scale = Math.sqrt(value * lengths[0] * lengths[1]);
    const place = (target: Float64Array, from: number, part: Float64Array, length: number) =>
      part.forEach((entry, i) => {
        const scaled = length > 0 ? scale * entry / length : 0;
        target[from + i] = scaled < leastEntry ? (fill ? mean : 0) : scaled;
      });
    place(factors.weights, t * rows, w, lengths[0]);
    place(factors.components, t * columns, h, lengths[1]);
  }
  return factors;
}

/** The sign whose parts of two vectors have the larger product of lengths. */
function partOf(u: Float64Array, v: Float64Array): number {
  const product = (sign: number) => norm(signed(u, sign)) * norm(signed(v, sign));
  return product(1) >= product(-1) ? 1 : -1;
}

/** The part of a sign, as magnitudes; with 0, all magnitudes. */
function signed(x: Float64Array, sign: number): Float64Array {
  return x.map((value) => sign === 0 ? Math.abs(value) : Math.max(0, sign * value));
}

function norm(x: Float64Array): number {
  let sum = 0;
  for (const value of x) sum += value * value;
  return Math.sqrt(sum);
}

/** The data as an operator on columns, by way of transposed copies. */
function operatorOf(workspace: Workspace, products: Products, width: number): LinearOperator {
  const { rows, columns, dtype } = products;
  const across = factorIn(workspace, dtype, width, columns, "vectors");
  const down = factorIn(workspace, dtype, width, rows, "vectors");
  const turn = (from: MatrixOperand, to: MatrixOperand) => {
    const source = elementsOf(workspace, from), target = elementsOf(workspace, to);
    for (let i = 0; i < from.rows; i++) {
      for (let j = 0; j < from.columns; j++) target[j * from.rows + i] = source[i * from.columns + j];
    }
  };
  return {
    rows,
    columns,
    async times(x, y) {
      turn(x, across);
      await products.timesTransposed(across, down);
      turn(down, y);
    },
    async transposeTimes(x, y) {
      turn(x, down);
      await products.times(down, across);
      turn(across, y);
    },
  };
}
