/** The entries that a completion is fitted to, in the unit of its kernels. @module */

import type { CheckedObservations } from "../core/observations.ts";
import { createRandom } from "../core/random.ts";
import type { EntryLists } from "../spectral/sparse.ts";
import { type Bins, pickBins } from "./violation.ts";

/** Observed entries, sorted by row and column. */
export interface Entries extends EntryLists {
  /** Row of each entry. */
  readonly rows: Uint32Array;
  readonly values: Float64Array;
  /** In (0, 1]; all 1 where there are none. */
  readonly weights?: Float64Array;
  /** Where an entry is known by its bin alone; `values` are then points within. */
  readonly bins?: Bins;
}

/** What is fitted to, what is held out, and the units of both. */
export interface Split {
  readonly fitted: Entries;
  /** Nothing where no entries are held out. */
  readonly held?: Entries;
}

/** Entries from observations: f64, weights as shares of the largest. */
export function entriesOf({ shape, indptr, rows, columns, values, weights }: CheckedObservations): Entries {
  const largest = weights?.reduce((most, weight) => Math.max(most, weight), 0) ?? 1;
  return {
    shape,
    indptr,
    rows,
    columns,
    values: Float64Array.from(values),
    ...(weights && { weights: weights.map((weight) => weight / largest) }),
  };
}

/** Those of the entries for which `keeps` holds. */
function filter(entries: Entries, keeps: (entry: number) => boolean): Entries {
  const { shape, rows, columns, values, weights, bins } = entries;
  const kept = Uint32Array.from(rows.keys()).filter(keeps);
  const indptr = new Uint32Array(shape[0] + 1);
  for (const entry of kept) indptr[rows[entry] + 1]++;
  for (let i = 0; i < shape[0]; i++) indptr[i + 1] += indptr[i];
  return {
    shape,
    indptr,
    rows: Uint32Array.from(kept, (entry) => rows[entry]),
    columns: Uint32Array.from(kept, (entry) => columns[entry]),
    values: Float64Array.from(kept, (entry) => values[entry]),
    ...(weights && { weights: Float64Array.from(kept, (entry) => weights[entry]) }),
    ...(bins && { bins: pickBins(bins, kept) }),
  };
}

/** Fewest entries that tell anything when held out. */
const fewestHeld = 3;

/** Holds out a share of the entries at random; nothing where that would leave too few on either side. */
export function split(entries: Entries, share: number, seed: number): Split {
  const count = entries.values.length, wanted = Math.round(share * count);
  if (wanted < fewestHeld || count - wanted < fewestHeld) return { fitted: entries };
  const random = createRandom(seed), order = Uint32Array.from({ length: count }, (_, entry) => entry);
  const out = new Uint8Array(count);
  for (let k = 0; k < wanted; k++) {
    const other = k + random.integer(count - k);
    [order[k], order[other]] = [order[other], order[k]];
    out[order[k]] = 1;
  }
  return { fitted: filter(entries, (entry) => out[entry] === 0), held: filter(entries, (entry) => out[entry] === 1) };
}

/** The same entries with other values. */
export function withValues(entries: Entries, values: Float64Array): Entries {
  return { ...entries, values };
}

/** The entries of the transpose. */
export function transposed({ shape: [height, width], rows, columns, values, weights, bins }: Entries): Entries {
  const count = values.length, indptr = new Uint32Array(width + 1);
  for (let e = 0; e < count; e++) indptr[columns[e] + 1]++;
  for (let j = 0; j < width; j++) indptr[j + 1] += indptr[j];
  const next = indptr.slice(0, width), from = new Uint32Array(count);
  for (let e = 0; e < count; e++) from[next[columns[e]]++] = e;
  return {
    shape: [width, height],
    indptr,
    rows: Uint32Array.from(from, (e) => columns[e]),
    columns: Uint32Array.from(from, (e) => rows[e]),
    values: Float64Array.from(from, (e) => values[e]),
    ...(weights && { weights: Float64Array.from(from, (e) => weights[e]) }),
    ...(bins && { bins: pickBins(bins, from) }),
  };
}

/** Weighted root mean square of numbers, one an entry. */
export function rootMeanSquare(values: Float64Array, weights?: Float64Array): number {
  let sum = 0, total = 0;
  for (let e = 0; e < values.length; e++) {
    const weight = weights ? weights[e] : 1;
    sum += weight * values[e] * values[e];
    total += weight;
  }
  return total > 0 ? Math.sqrt(sum / total) : 0;
}
