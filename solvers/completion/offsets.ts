import type { Entries } from "./entries.ts";
import { violationOf } from "./violation.ts";

/** A mean, and what rows and columns add to it. */
export interface Offsets {
  /** What a row and a column without offsets have. */
  readonly mean: number;
  /** One number a row; 0 for a row without entries. */
  readonly rows: Float64Array;
  /** One number a column; 0 for a column without entries. */
  readonly columns: Float64Array;
}

/** Entries of no effect that each row and column is thought to have beside its own: they damp what few entries say. */
const damping = 5;

/** Passes over rows and columns; each halves what is left where they overlap much. */
const passes = 12;

/**
 * The damped offsets of the entries: the minimum of `sum w (v - mean - row - column)^2 + 5 (sum row^2 + sum column^2)` by
 * alternating least squares, the mean being that of the values. Exact for what every row and column has many entries of.
 */
export function fitOffsets({ shape, rows, columns, values, weights }: Entries): Offsets {
  const count = values.length, weightOf = (e: number) => weights ? weights[e] : 1;
  let total = 0, mean = 0;
  for (let e = 0; e < count; e++) total += weightOf(e);
  for (let e = 0; e < count; e++) mean += weightOf(e) / total * values[e];
  const offsets = { mean, rows: new Float64Array(shape[0]), columns: new Float64Array(shape[1]) };
  const sides = [[columns, offsets.columns, rows, offsets.rows], [
    rows,
    offsets.rows,
    columns,
    offsets.columns,
  ]] as const;
  const weightsOf = sides.map(([places, own]) => {
    const sums = new Float64Array(own.length).fill(damping);
    for (let e = 0; e < count; e++) sums[places[e]] += weightOf(e);
    return sums;
  });
  for (let pass = 0; pass < passes; pass++) {
    sides.forEach(([places, own, otherPlaces, other], side) => {
      own.fill(0);
      for (let e = 0; e < count; e++) own[places[e]] += weightOf(e) * (values[e] - mean - other[otherPlaces[e]]);
      for (let k = 0; k < own.length; k++) own[k] /= weightsOf[side][k];
    });
  }
  return offsets;
}

/** What the offsets leave of the entries. */
export function withoutOffsets({ rows, columns, values }: Entries, offsets: Offsets | undefined): Float64Array {
  if (!offsets) return values;
  return values.map((value, e) => value - offsets.mean - offsets.rows[rows[e]] - offsets.columns[columns[e]]);
}

/** What the offsets say of an entry. */
export function offsetOf({ rows, columns }: Entries, offsets: Offsets | undefined, entry: number): number {
  return offsets ? offsets.mean + offsets.rows[rows[entry]] + offsets.columns[columns[entry]] : 0;
}

/** How far each entry is from the offsets and what was found beside them in units of `scale`: its value, or its bin. */
export function misses(
  entries: Entries,
  offsets: Offsets | undefined,
  scale = 0,
  found?: ArrayLike<number>,
): Float64Array {
  const { bins, values } = entries;
  if (bins) {
    return values.map((_, e) => {
      const value = offsetOf(entries, offsets, e) + (found ? scale * found[e] : 0);
      return violationOf(bins.lower[e], bins.upper[e], value);
    });
  }
  const rest = withoutOffsets(entries, offsets);
  return found ? rest.map((value, e) => value - scale * found[e]) : rest;
}
