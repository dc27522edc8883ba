/** First factors of a plain factorisation. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Vector } from "../core/matrix.ts";
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
  const factors = randomFactors(products, rank, mean, random), otherwise = fill ? mean : 0;
  for (let t = 0; t < Math.min(rank, width); t++) {
    const value = subspace.values[t];
    if (!(value > products.unit * subspace.values[0])) break;
    const u = partsOf(left, t, width), v = partsOf(right, t, width);
    // The first vectors have one sign; what rounding left of the other is taken as well.
    const sign = t === 0 ? 0 : u.above * v.above >= u.below * v.below ? 1 : -1;
    const lengths = [u, v].map(({ above, below, whole }) => sign === 0 ? whole : sign > 0 ? above : below);
    const scale = Math.sqrt(value * lengths[0] * lengths[1]);
    const place = { scale, sign, otherwise };
    placePart(left, t, width, factors.weights.subarray(t * rows, (t + 1) * rows), { ...place, length: lengths[0] });
    placePart(right, t, width, factors.components.subarray(t * columns, (t + 1) * columns), {
      ...place,
      length: lengths[1],
    });
    await pause();
  }
  return factors;
}

/** Lengths of column `t` of a matrix of `width` columns, and of its numbers above and below 0. */
function partsOf(vectors: Vector, t: number, width: number): { whole: number; above: number; below: number } {
  let whole = 0, above = 0, below = 0;
  for (let at = t; at < vectors.length; at += width) {
    const value = vectors[at], square = value * value;
    whole += square;
    if (value > 0) above += square;
    else below += square;
  }
  return { whole: Math.sqrt(whole), above: Math.sqrt(above), below: Math.sqrt(below) };
}

/** The magnitudes of the numbers of a sign, or with 0 of all, scaled; another number where that leaves next to nothing. */
function placePart(
  vectors: Vector,
  t: number,
  width: number,
  target: Float64Array,
  { scale, sign, length, otherwise }: {
    readonly scale: number;
    readonly sign: number;
    readonly length: number;
    readonly otherwise: number;
  },
): void {
  for (let i = 0, at = t; i < target.length; i++, at += width) {
    const part = sign === 0 ? Math.abs(vectors[at]) : Math.max(0, sign * vectors[at]);
    const scaled = length > 0 ? scale * part / length : 0;
    target[i] = scaled < leastEntry ? otherwise : scaled;
  }
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
