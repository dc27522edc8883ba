/** New rows of fits to levels: each row by a convex problem of its own, solved by Newton's method. @module */

import { ShapeError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import { solvePositive } from "./fold_in.ts";
import { checkLevels, type Levels } from "./levels.ts";
import { counted } from "../core/shown.ts";

/** What an entry of a new row costs at a latent value, with two derivatives. */
export type EntryLoss = (level: number, latent: number) => {
  readonly loss: number;
  readonly gradient: number;
  readonly hessian: number;
};

/** The problem of each new row. */
export interface RowProblem {
  /** Factors of the columns [columns, rank]. */
  readonly right: Matrix;
  /** What a latent value has beside the row's own part: one a column. */
  readonly base: Float64Array;
  /** Half of it times its square is the price of each coordinate of the row's factor; infinite for one that stays 0. */
  readonly prices: Float64Array;
  /** The same of the row's offset; without it rows have none. */
  readonly offsetPrice?: number;
  readonly loss: EntryLoss;
}

/** Newton steps of a row, and halvings of one. */
const mostSteps = 100, mostHalvings = 50;

/** Decrease that a Newton step promises, as a share of the objective, at which a row is done. */
const done = 1e-14;

/** Checks the levels of new rows. */
export function newLevels(newRows: Observations, levelCount: number, columns: number): Levels {
  const data = checkLevels("newRows", newRows, levelCount, 0);
  if (data.shape[1] === columns) return data;
  throw new ShapeError(
    "newRows",
    `Cannot fold in new rows: "newRows" has ${counted(data.shape[1], "column")}, but the fit has ${columns}.`,
  );
}

/** Factors and offsets of the rows. O(entries rank^2 + rows rank^3) for each of a few steps. */
export function foldLevels(
  { right, base, prices, offsetPrice, loss }: RowProblem,
  { shape: [height], indptr, columns, levels, weights }: Levels,
): { readonly left: Matrix; readonly rowOffsets?: Float64Array } {
  const rank = right.shape[1], left = matrix(height, rank), rowOffsets = new Float64Array(height);
  // Coordinates that are sought: those of the factor with a finite price, then the offset.
  const free = Array.from(prices.keys()).filter((k) => prices[k] < Infinity),
    size = free.length + (offsetPrice ? 1 : 0);
  const price = Float64Array.from({ length: size }, (_, k) => k < free.length ? prices[free[k]] : offsetPrice!);
  for (let i = 0; i < height; i++) {
    const u = rowOf(indptr[i], indptr[i + 1]);
    free.forEach((k, at) => left.data[i * rank + k] = u[at]);
    if (offsetPrice) rowOffsets[i] = u[size - 1];
  }
  return { left, ...(offsetPrice && { rowOffsets }) };

  function rowOf(from: number, to: number): Float64Array {
    const own = Array.from({ length: to - from }, (_, e) => {
      const row = Float64Array.from(free, (k) => right.data[columns[from + e] * rank + k]);
      return offsetPrice ? Float64Array.of(...row, 1) : row;
    });
    const at = (u: Float64Array, curved: boolean) => {
      const gradient = u.map((value, k) => price[k] * value), form = new Float64Array(curved ? size * size : 0);
      let cost = u.reduce((sum, value, k) => sum + price[k] * value * value / 2, 0);
      if (curved) { for (let k = 0; k < size; k++) form[k * (size + 1)] = price[k]; }
      own.forEach((row, e) => {
        const entry = from + e, weight = weights ? weights[entry] : 1;
        const latent = row.reduce((sum, value, k) => sum + value * u[k], base[columns[entry]]);
        const terms = loss(levels[entry], latent);
        cost += weight * terms.loss;
        if (!curved) return;
        for (let k = 0; k < size; k++) {
          gradient[k] += weight * terms.gradient * row[k];
          for (let l = 0; l <= k; l++) form[k * size + l] += weight * terms.hessian * row[k] * row[l];
        }
      });
      return { cost, gradient, form };
    };
    let u = new Float64Array(size);
    for (let step = 0; step < mostSteps && size > 0; step++) {
      const { cost, gradient, form } = at(u, true), direction = gradient.slice();
      solvePositive(form, direction, size);
      const promised = direction.reduce((sum, value, k) => sum + value * gradient[k], 0);
      if (!(promised > done * cost)) break;
      let share = 1, next = u, moved = false;
      for (let halving = 0; halving < mostHalvings && !moved; halving++, share /= 2) {
        next = u.map((value, k) => value - share * direction[k]);
        moved = at(next, false).cost <= cost - 1e-4 * share * promised;
      }
      if (!moved) break;
      u = next;
    }
    return u;
  }
}
