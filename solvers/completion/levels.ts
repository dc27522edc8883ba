/** Observed levels of a matrix, by row and by column. @module */

import { DataError } from "../core/errors.ts";
import { createRandom } from "../core/random.ts";
import { atOnce, inRanges, type Steps } from "../core/steps.ts";
import { compacted, type Occupied } from "./occupied.ts";
import { checkObservationsInSteps, type Observations } from "../core/observations.ts";

/** Levels that were checked, with both orders of their entries. */
export interface Levels {
  readonly shape: readonly [rows: number, columns: number];
  /** Start of each row among the entries. */
  readonly indptr: Uint32Array;
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly levels: Uint32Array;
  readonly weights?: Float64Array;
  /** Entries column by column: start of each column, the entry, and its row. */
  readonly byColumn: { readonly indptr: Uint32Array; readonly order: Uint32Array; readonly rows: Uint32Array };
  /** Number of levels, observed or not. */
  readonly levelCount: number;
}

const action = "complete a quantized matrix";

/** Most levels. */
const mostLevels = 65536;

/**
 * Checks levels and sorts them.
 *
 * @param levelCount Number of levels, where it is known; one more than the highest observed otherwise.
 * @param least Fewest entries, 1 where it is left out.
 * @throws {DataError} for a level that is no whole number or beyond the count, and where there is a single level
 */
export function checkLevels(argument: string, observed: Observations, levelCount?: number, least?: number): Levels {
  return atOnce(checkLevelsInSteps(argument, observed, levelCount, least));
}

/** {@linkcode checkLevels} of many entries. */
export function* checkLevelsInSteps(
  argument: string,
  observed: Observations,
  levelCount?: number,
  least?: number,
): Steps<Levels> {
  const { shape, indptr, rows, columns, values, weights } = yield* checkObservationsInSteps(
    argument,
    observed,
    action,
    least,
  );
  const levels = new Uint32Array(values.length), most = levelCount ?? mostLevels;
  let highest = 0;
  yield* inRanges(values.length, 4, (begin, end) => {
    for (let k = begin; k < end; k++) {
      const level = values[k];
      if (!(Number.isInteger(level) && level >= 0 && level < most)) {
        throw new DataError(
          argument,
          `Cannot ${action}: "${argument}" has the level ${level} at row ${rows[k]}, column ${
            columns[k]
          }; expected a ` +
            `whole number from 0 to ${most - 1}.`,
        );
      }
      levels[k] = level;
      highest = Math.max(highest, level);
    }
  });
  const count = levelCount ?? highest + 1;
  if (levelCount === undefined && levels.every((level) => level === highest)) {
    throw new DataError(
      argument,
      `Cannot ${action}: "${argument}" has the level ${highest} alone, and a single level tells nothing; give ` +
        '"boundaries" if there are more.',
    );
  }
  return {
    shape,
    indptr,
    rows,
    columns,
    levels,
    ...(weights && { weights }),
    byColumn: yield* byColumn(shape[1], rows, columns),
    levelCount: count,
  };
}

function* byColumn(width: number, rows: Uint32Array, columns: Uint32Array): Steps<Levels["byColumn"]> {
  const indptr = new Uint32Array(width + 1),
    order = new Uint32Array(rows.length),
    turned = new Uint32Array(rows.length);
  for (let k = 0; k < columns.length; k++) indptr[columns[k] + 1]++;
  for (let j = 0; j < width; j++) indptr[j + 1] += indptr[j];
  const next = indptr.slice(0, width);
  yield* inRanges(rows.length, 4, (begin, end) => {
    for (let k = begin; k < end; k++) {
      const at = next[columns[k]]++;
      order[at] = k;
      turned[at] = rows[k];
    }
  });
  return { indptr, order, rows: turned };
}

/** Lower and upper end of each level. */
export function endsOf(boundaries: Float64Array): { lower: Float64Array; upper: Float64Array } {
  const count = boundaries.length + 1, lower = new Float64Array(count).fill(-Infinity);
  const upper = new Float64Array(count).fill(Infinity);
  lower.set(boundaries, 1);
  upper.set(boundaries);
  return { lower, upper };
}

/** Total weight of each level. */
export function levelWeights({ levels, weights, levelCount }: Levels): Float64Array {
  const totals = new Float64Array(levelCount);
  for (let k = 0; k < levels.length; k++) totals[levels[k]] += weights ? weights[k] : 1;
  return totals;
}

/** The largest weight of an entry. */
export function heaviest({ weights }: Levels): number {
  return weights ? weights.reduce((most, weight) => Math.max(most, weight), 0) : 1;
}

/** The levels of the rows and columns that have some, and which these are. */
export function* occupiedLevels(data: Levels): Steps<{ data: Levels; occupied: Occupied }> {
  const { occupied, ...lists } = compacted(data);
  if (lists.rows === data.rows) return { data, occupied };
  const { shape: [, width], rows, columns } = lists;
  return { data: { ...data, ...lists, byColumn: yield* byColumn(width, rows, columns) }, occupied };
}

/** The entries that are marked so, in their order. */
function* pickLevels(data: Levels, marks: Uint8Array, mark: number, count: number): Steps<Levels> {
  const { shape, weights } = data, indptr = new Uint32Array(shape[0] + 1);
  const rows = new Uint32Array(count), columns = new Uint32Array(count), levels = new Uint32Array(count);
  const kept = weights && new Float64Array(count);
  let at = 0;
  yield* inRanges(marks.length, 4, (begin, end) => {
    for (let k = begin; k < end; k++) {
      if (marks[k] !== mark) continue;
      indptr[data.rows[k] + 1]++;
      rows[at] = data.rows[k];
      columns[at] = data.columns[k];
      if (kept) kept[at] = weights[k];
      levels[at++] = data.levels[k];
    }
  });
  for (let i = 0; i < shape[0]; i++) indptr[i + 1] += indptr[i];
  return {
    ...data,
    indptr,
    rows,
    columns,
    levels,
    ...(kept && { weights: kept }),
    byColumn: yield* byColumn(shape[1], rows, columns),
  };
}

/** Entries of each level that are never held out. */
const keptOfEach = 2;

/** Holds out a share of the entries at random, some of each level kept; all are fitted where none can be. */
export function* splitLevels(data: Levels, share: number, seed: number): Steps<{ fitted: Levels; held?: Levels }> {
  const count = data.levels.length, wanted = Math.round(share * count), random = createRandom(seed);
  const left = new Uint32Array(data.levelCount), out = new Uint8Array(count), order = new Uint32Array(count);
  for (let k = 0; k < count; k++) {
    left[data.levels[k]]++;
    order[k] = k;
  }
  let taken = 0;
  yield* inRanges(count, 20, (begin, end) => {
    for (let k = begin; k < end && taken < wanted; k++) {
      const other = k + random.integer(count - k), entry = order[other], level = data.levels[entry];
      order[other] = order[k];
      order[k] = entry;
      if (left[level] <= keptOfEach) continue;
      left[level]--;
      out[entry] = 1;
      taken++;
    }
  });
  if (taken === 0) return { fitted: data };
  return { fitted: yield* pickLevels(data, out, 0, count - taken), held: yield* pickLevels(data, out, 1, taken) };
}
