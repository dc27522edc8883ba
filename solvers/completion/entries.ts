/** The entries that a completion is fitted to, in the unit of its kernels. @module */

import type { CheckedObservations } from "../core/observations.ts";
import { createRandom } from "../core/random.ts";
import { inRanges, type Steps } from "../core/steps.ts";
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
export function entriesOf(
  { shape, indptr, rows, columns, values, weights }: Omit<CheckedObservations, "order">,
): Entries {
  const largest = weights?.reduce((most, weight) => Math.max(most, weight), 0) ?? 1;
  return {
    shape,
    indptr,
    rows,
    columns,
    values: values instanceof Float64Array ? values : new Float64Array(values),
    ...(weights && { weights: weights.map((weight) => weight / largest) }),
  };
}

/** Those of the entries that are marked so. */
function* marked(entries: Entries, marks: Uint8Array, mark: number, count: number): Steps<Entries> {
  const { shape, rows, columns, values, weights, bins } = entries;
  const indptr = new Uint32Array(shape[0] + 1), order = new Uint32Array(count);
  const kept = { rows: new Uint32Array(count), columns: new Uint32Array(count) };
  const keptValues = new Float64Array(count), keptWeights = weights && new Float64Array(count);
  let at = 0;
  yield* inRanges(values.length, 4, (begin, end) => {
    for (let e = begin; e < end; e++) {
      if (marks[e] !== mark) continue;
      indptr[rows[e] + 1]++;
      order[at] = e;
      kept.rows[at] = rows[e];
      kept.columns[at] = columns[e];
      if (keptWeights) keptWeights[at] = weights[e];
      keptValues[at++] = values[e];
    }
  });
  for (let i = 0; i < shape[0]; i++) indptr[i + 1] += indptr[i];
  return {
    shape,
    indptr,
    ...kept,
    values: keptValues,
    ...(keptWeights && { weights: keptWeights }),
    ...(bins && { bins: pickBins(bins, order) }),
  };
}

/** Fewest entries that tell anything when held out. */
const fewestHeld = 3;

/** Holds out a share of the entries at random; nothing where that would leave too few on either side. */
export function* split(entries: Entries, share: number, seed: number): Steps<Split> {
  const count = entries.values.length, wanted = Math.round(share * count);
  if (wanted < fewestHeld || count - wanted < fewestHeld) return { fitted: entries };
  const random = createRandom(seed), order = new Uint32Array(count), out = new Uint8Array(count);
  for (let k = 0; k < count; k++) order[k] = k;
  yield* inRanges(wanted, 20, (begin, end) => {
    for (let k = begin; k < end; k++) {
      const other = k + random.integer(count - k), taken = order[other];
      order[other] = order[k];
      order[k] = taken;
      out[taken] = 1;
    }
  });
  return {
    fitted: yield* marked(entries, out, 0, count - wanted),
    held: yield* marked(entries, out, 1, wanted),
  };
}

/** The same entries with values that were divided. */
export function divided(entries: Entries, values: Float64Array, divisor: number): Entries {
  const quotients = new Float64Array(values.length);
  for (let e = 0; e < values.length; e++) quotients[e] = values[e] / divisor;
  return { ...entries, values: quotients };
}

/** The entries of the transpose. */
export function* transposed({ shape: [height, width], rows, columns, values, weights, bins }: Entries): Steps<Entries> {
  const count = values.length, indptr = new Uint32Array(width + 1), from = new Uint32Array(count);
  for (let e = 0; e < count; e++) indptr[columns[e] + 1]++;
  for (let j = 0; j < width; j++) indptr[j + 1] += indptr[j];
  const next = indptr.slice(0, width), turned = { rows: new Uint32Array(count), columns: new Uint32Array(count) };
  const turnedValues = new Float64Array(count), turnedWeights = weights && new Float64Array(count);
  yield* inRanges(count, 6, (begin, end) => {
    for (let e = begin; e < end; e++) {
      const at = next[columns[e]]++;
      from[at] = e;
      turned.rows[at] = columns[e];
      turned.columns[at] = rows[e];
      turnedValues[at] = values[e];
      if (turnedWeights) turnedWeights[at] = weights[e];
    }
  });
  return {
    shape: [width, height],
    indptr,
    ...turned,
    values: turnedValues,
    ...(turnedWeights && { weights: turnedWeights }),
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
