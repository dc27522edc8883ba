/** Ratings with a test set of their own. */

import { parseTriples } from "../mod.ts";
import { dataFolder } from "./real_data.ts";

/** Observed entries, or those to predict. */
export interface Ratings {
  readonly rows: Uint32Array;
  readonly columns: Uint32Array;
  readonly values: Float64Array;
}

/** Ratings to fit, and others to judge by. */
export interface RatingSplit {
  readonly name: string;
  readonly shape: readonly [rows: number, columns: number];
  readonly train: Ratings;
  readonly test: Ratings;
}

/** One of libmf's matrices, in the folder `libmf` of `MINIMA_DATA`; rows and columns of the test file alone are empty. */
export async function libmfSplit(name: "real_matrix" | "binary_matrix"): Promise<RatingSplit> {
  const read = (ending: string) => Deno.readFile(`${dataFolder}/libmf/${name}.${ending}.txt`);
  const train = parseTriples(await read("tr")), test = parseTriples(await read("te"), {}, train);
  const listsOf = ({ rows, columns, values }: Ratings): Ratings => ({ rows, columns, values });
  return { name: `libmf ${name}`, shape: test.shape, train: listsOf(train), test: listsOf(test) };
}

/** Official splits of MovieLens 100k: lines of `u.data` in each test set. */
const foldLines = 20_000, foldCount = 5;

/**
 * The official split `u1` to `u5` of MovieLens 100k: the test set of `u<fold>` are lines `20,000 (fold - 1) + 1` to
 * `20,000 fold` of `u.data`, in the order of the file.
 *
 * @throws {RangeError} for a file of another number of lines, and another fold
 */
export function movieLensSplit(source: string | Uint8Array, fold: number): RatingSplit {
  const { rows, columns, values, shape } = parseTriples(source, { header: false }), count = values.length;
  if (count !== foldLines * foldCount) {
    throw new RangeError(`Cannot split u.data: expected ${foldLines * foldCount} lines, received ${count}.`);
  }
  if (!Number.isInteger(fold) || fold < 1 || fold > foldCount) {
    throw new RangeError(`Cannot split u.data: expected a fold from 1 to ${foldCount}, received ${fold}.`);
  }
  const begin = foldLines * (fold - 1), end = begin + foldLines;
  const without = <T extends Uint32Array | Float64Array>(list: T): T =>
    list.filter((_, line) => line < begin || line >= end) as T;
  return {
    name: `MovieLens 100k, u${fold}`,
    shape,
    train: { rows: without(rows), columns: without(columns), values: without(values) },
    test: { rows: rows.slice(begin, end), columns: columns.slice(begin, end), values: values.slice(begin, end) },
  };
}

/** Where the user has put `u.data`: the folder `ml-100k` of `MINIMA_DATA`. Nothing where it is not. */
export async function movieLens(fold: number): Promise<RatingSplit | undefined> {
  const bytes = await Deno.readFile(`${dataFolder}/ml-100k/u.data`).catch(() => undefined);
  return bytes && movieLensSplit(bytes, fold);
}

/** The different values of ratings, rising: their levels. */
export function valuesOf(ratings: Ratings): Float64Array {
  return Float64Array.from(new Set(ratings.values)).sort();
}
