import type { Observations } from "../mod.ts";
import { normal, uniform } from "./data.ts";

/** A product of Gaussian factors, of which some entries are seen. */
export interface LowRankDesign {
  readonly observed: Observations & {
    readonly rows: Uint32Array;
    readonly columns: Uint32Array;
    readonly values: Float64Array;
  };
  /** The entry at a place. */
  at(row: number, column: number): number;
}

/** Each entry is seen with probability `share`; where that is small, so many of each row, at random places. */
export function lowRankDesign(
  [rows, columns]: readonly [number, number],
  rank: number,
  share: number,
  seed: number,
  noise = 0,
): LowRankDesign {
  const next = normal(seed), chance = uniform(seed + 1);
  const left = Float64Array.from({ length: rows * rank }, next),
    right = Float64Array.from({ length: columns * rank }, next);
  const at = (i: number, j: number) => {
    let sum = 0;
    for (let k = 0; k < rank; k++) sum += left[i * rank + k] * right[j * rank + k];
    return sum;
  };
  const places: [number, number][] = [];
  for (let i = 0; i < rows; i++) {
    if (share > 0.05) {
      for (let j = 0; j < columns; j++) if (chance() < share) places.push([i, j]);
      continue;
    }
    const chosen = new Set<number>();
    while (chosen.size < Math.round(share * columns)) chosen.add(Math.floor(chance() * columns));
    for (const j of chosen) places.push([i, j]);
  }
  return {
    at,
    observed: {
      shape: [rows, columns],
      rows: Uint32Array.from(places, ([i]) => i),
      columns: Uint32Array.from(places, ([, j]) => j),
      values: Float64Array.from(places, ([i, j]) => at(i, j) + noise * next()),
    },
  };
}

/** Relative error of predictions at random places. */
export function sampledError(
  design: LowRankDesign,
  predict: (rows: Uint32Array, columns: Uint32Array) => Float64Array,
  count = 50_000,
): number {
  const [height, width] = design.observed.shape, chance = uniform(99);
  const rows = new Uint32Array(count).map(() => Math.floor(chance() * height));
  const columns = new Uint32Array(count).map(() => Math.floor(chance() * width));
  let off = 0, size = 0;
  predict(rows, columns).forEach((value, k) => {
    const truth = design.at(rows[k], columns[k]);
    off += (value - truth) ** 2;
    size += truth ** 2;
  });
  return Math.sqrt(off / size);
}
