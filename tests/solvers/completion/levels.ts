/** Levels of matrices of low rank, and the objective by its definition. @module */

import assert from "node:assert/strict";
import { createRandom, type Observations, type QuantizedCompletion } from "../../../mod.ts";

/** Settings of {@linkcode simulateLevels}. */
export interface LevelSimulation {
  readonly rows: number;
  readonly columns: number;
  readonly rank: number;
  readonly boundaries: readonly number[];
  /** Share of entries that are observed. */
  readonly share: number;
  /** Size of the offsets. */
  readonly offsets?: number;
  readonly seed: number;
}

/** Observed levels of a noisy matrix of low rank, logistic noise; and the levels that are not observed. */
export function simulateLevels({ rows, columns, rank, boundaries, share, offsets = 0, seed }: LevelSimulation) {
  const random = createRandom(seed), { normal, uniform } = random;
  const draw = (count: number, size = 1) => Float64Array.from({ length: count }, () => size * normal());
  const left = draw(rows * rank),
    right = draw(columns * rank),
    own = draw(rows, offsets),
    other = draw(columns, offsets);
  const seen = { rows: [] as number[], columns: [] as number[], values: [] as number[] };
  const hidden = { rows: [] as number[], columns: [] as number[], values: [] as number[] };
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let x = own[i] + other[j];
      for (let p = 0; p < rank; p++) x += left[i * rank + p] * right[j * rank + p];
      const u = uniform(), latent = x + Math.log(u / (1 - u)), to = uniform() < share ? seen : hidden;
      to.rows.push(i);
      to.columns.push(j);
      to.values.push(boundaries.filter((boundary) => latent > boundary).length);
    }
  }
  const shape = [rows, columns] as const;
  return { observed: { shape, ...seen } satisfies Observations, hidden: { shape, ...hidden } };
}

const logistic = (t: number) => 1 / (1 + Math.exp(-t));

/** `-sum log P + lambda (||U||^2 + ||V||^2) / 2 + offsetPenalty (||r||^2 + ||c||^2) / 2`, from the definition. */
export function quantizedObjective(
  fit: Pick<QuantizedCompletion, "left" | "right" | "rowOffsets" | "columnOffsets" | "boundaries">,
  { rows, columns, values, weights }: Observations,
  { lambda, offsetPenalty }: { readonly lambda: number; readonly offsetPenalty: number },
): number {
  const { left, right, rowOffsets, columnOffsets, boundaries } = fit, rank = left.shape[1];
  const squares = (numbers: ArrayLike<number> = []) =>
    Array.from(numbers).reduce((sum, value) => sum + value * value, 0);
  let sum = lambda / 2 * (squares(left.data) + squares(right.data));
  sum += offsetPenalty / 2 * (squares(rowOffsets) + squares(columnOffsets));
  for (let k = 0; k < values.length; k++) {
    const i = rows[k], j = columns[k];
    let x = (rowOffsets?.[i] ?? 0) + (columnOffsets?.[j] ?? 0);
    for (let p = 0; p < rank; p++) x += left.data[i * rank + p] * right.data[j * rank + p];
    const above = values[k] < boundaries.length ? logistic(boundaries[values[k]] - x) : 1;
    const below = values[k] > 0 ? logistic(boundaries[values[k] - 1] - x) : 0;
    sum -= (weights?.[k] ?? 1) * Math.log(above - below);
  }
  return sum;
}

/** Boundaries of five levels. */
export const boundaries = [-2, -0.7, 0.7, 2];

/** A table of them with half its entries, of three factors. */
export function problem(offsets: boolean, [rows, columns] = [40, 30]) {
  return simulateLevels({ rows, columns, rank: 3, boundaries, share: 0.5, offsets: offsets ? 1 : 0, seed: 6 });
}

/** Whether two numbers are the same but for a share. */
export function close(received: number, expected: number, share: number, what: string): void {
  assert.ok(Math.abs(received - expected) <= share * Math.abs(expected), `${what} is ${received}, not ${expected}`);
}
