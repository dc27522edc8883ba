import { inRanges, type Steps } from "../core/steps.ts";
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
export const damping = 5;

/** Most passes over rows and columns; and the change of an offset, as a share of the largest, that ends them. */
const mostPasses = 12, still = 1e-10;

/** Passes for what predicts rows and columns of which nothing is known: to a digit or two. */
export const fewPasses = 2;

/**
 * The damped offsets of the entries: the minimum of `sum w (v - mean - row - column)^2 + 5 (sum row^2 + sum column^2)` by
 * alternating least squares, the mean being that of the values. Exact for what every row and column has many entries of;
 * after the first pass where the time is up.
 */
export function* fitOffsets(entries: Entries, passes = mostPasses): Steps<Offsets> {
  const { shape, rows, columns, values, weights } = entries;
  const count = values.length, total = weights ? weights.reduce((sum, weight) => sum + weight, 0) : count;
  const [ofRows, ofColumns] = shape.map((length) => new Float64Array(length).fill(damping));
  let mean = 0;
  let late = yield* inRanges(count, 6, (begin, end) => {
    mean += addWeights(entries, ofRows, ofColumns, begin, end) / total;
  });
  const offsets = { mean, rows: new Float64Array(shape[0]), columns: new Float64Array(shape[1]) };
  const sides = [
    { places: columns, own: offsets.columns, otherPlaces: rows, other: offsets.rows, sums: ofColumns },
    { places: rows, own: offsets.rows, otherPlaces: columns, other: offsets.columns, sums: ofRows },
  ];
  for (let pass = 0, change = Infinity, largest = 0; pass < passes && change > still * largest; pass++) {
    if (late && pass > 0) break;
    change = 0;
    for (const { places, own, otherPlaces, other, sums } of sides) {
      const before = own.slice();
      own.fill(0);
      late = (yield* inRanges(count, 4, (begin, end) => {
        addRest(entries, mean, places, own, otherPlaces, other, begin, end);
      })) || late;
      for (let k = 0; k < own.length; k++) {
        own[k] /= sums[k];
        change = Math.max(change, Math.abs(own[k] - before[k]));
        largest = Math.max(largest, Math.abs(own[k]));
      }
    }
  }
  return offsets;
}

/** Adds weights to their rows and columns; gives the weighted sum of the values. */
function addWeights(
  { rows, columns, values, weights }: Entries,
  ofRows: Float64Array,
  ofColumns: Float64Array,
  begin: number,
  end: number,
): number {
  let sum = 0;
  for (let e = begin; e < end; e++) {
    const weight = weights ? weights[e] : 1;
    sum += weight * values[e];
    ofRows[rows[e]] += weight;
    ofColumns[columns[e]] += weight;
  }
  return sum;
}

/** Adds to their places what the mean and the others leave of the values. */
function addRest(
  { values, weights }: Entries,
  mean: number,
  places: Uint32Array,
  own: Float64Array,
  otherPlaces: Uint32Array,
  other: Float64Array,
  begin: number,
  end: number,
): void {
  for (let e = begin; e < end; e++) {
    const rest = values[e] - mean - other[otherPlaces[e]];
    own[places[e]] += weights ? weights[e] * rest : rest;
  }
}

/** What the offsets leave of the entries. */
export function withoutOffsets({ rows, columns, values }: Entries, offsets: Offsets | undefined): Float64Array {
  if (!offsets) return values;
  const rest = new Float64Array(values.length), { mean, rows: own, columns: other } = offsets;
  for (let e = 0; e < rest.length; e++) rest[e] = values[e] - mean - own[rows[e]] - other[columns[e]];
  return rest;
}

/** The same offsets in another unit. */
export function timesOffsets({ mean, rows, columns }: Offsets, factor: number): Offsets {
  const times = (values: Float64Array) => values.map((value) => factor * value);
  return { mean: factor * mean, rows: times(rows), columns: times(columns) };
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
