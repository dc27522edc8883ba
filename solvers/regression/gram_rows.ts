import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray } from "../../kernels/contract.ts";
import { plainDot } from "../core/plain_sums.ts";
import { checkGramRow } from "../core/product_check.ts";

/** Rows of the Gram matrix that are reserved at first. */
const initialRows = 256;

/**
 * Rows of the Gram matrix that are computed together: all data are read once for them, and reading is what a row costs.
 * The features that will most likely be asked for next fill a block up.
 */
export const blockRows = 32;

/** The same where the data are few enough, numbers of them, to stay in a cache: there a row costs its sums. */
const blockRowsCached = 16, cached = 1e6;

/** Multiply-adds of a block, and between two checkpoints; features that are multiplied together come in multiples of some. */
const blockWork = 2e8, workTogether = 5e7, featuresTogether = 64;

/** Where the data of Gram rows are, and what the rows are checked against. */
export interface GramRowsSource {
  /** `X` [samples, features], features as rows. */
  readonly data: DeviceArray<"f64">;
  readonly samples: number;
  readonly features: number;
  readonly squaredNorms: Float64Array;
  /** Random weights of the features, and `X` times them. */
  readonly weights: Float64Array;
  readonly mixture: Float64Array;
  /** A checkpoint: rows that are wanted are computed whatever the time. */
  pause(): Promise<unknown>;
}

/** Rows of `X^T X`, computed in blocks when they are asked for, each checked, and kept. */
export interface GramRows {
  /** The rows, one after another, where the kernels run; another array once they have grown. */
  readonly array: DeviceArray<"f64">;
  readonly count: number;
  /** Index of each feature's row; -1 where it is not computed yet. */
  readonly rowOf: Int32Array;
  /** The same where the kernels run. */
  readonly rowOfDevice: DeviceArray<"i32">;
  /** A live view of the rows. */
  view(): Float64Array;
  /** Computes the missing rows of some features; blocks are filled up with those whose `likely` is largest in magnitude. */
  ensure(wanted: ArrayLike<number>, likely: Float64Array): Promise<void>;
}

/** No rows yet. Memory: 8 bytes x features x rows, doubled as they grow. */
export function createGramRows(workspace: Workspace, source: GramRowsSource): GramRows {
  const { data, samples, features, squaredNorms, weights, mixture, pause } = source;
  const size = samples * features;
  const together = Math.max(1, Math.min(size > cached ? blockRows : blockRowsCached, Math.floor(blockWork / size)));
  let capacity = Math.min(features, initialRows), used = 0;
  let array = workspace.allocate("f64", capacity * features, "Gram rows");
  let block: DeviceArray<"f64"> | undefined;
  const rowOf = new Int32Array(features).fill(-1);
  const rowOfDevice = workspace.allocate("i32", features, "rows of features");
  workspace.write(rowOfDevice, rowOf);

  async function grow(rows: number): Promise<void> {
    if (rows <= capacity) return;
    capacity = Math.min(features, Math.max(rows, 2 * capacity));
    const grown = workspace.allocate("f64", capacity * features, "Gram rows");
    for (let from = 0; from < used; from += together) {
      const begin = from * features, some = Math.min(together, used - from) * features;
      workspace.write(grown, await workspace.read(array, begin, some), begin);
      await pause();
    }
    workspace.free(array);
    array = grown;
  }

  /** The next rows, of the features whose columns a block holds, some features at a time. */
  async function multiply(block: DeviceArray<"f64">, count: number): Promise<void> {
    const some = featuresTogether * Math.ceil(workTogether / (count * samples * featuresTogether));
    for (let first = 0; first < features; first += some) {
      if (first > 0) await pause();
      const columns = Math.min(some, features - first);
      await workspace.kernels.gemm({
        a: { array: block, rows: count, columns: samples },
        b: { array: data, offset: first * samples, rows: columns, columns: samples },
        transposeB: true,
        c: { array, offset: used * features + first, rows: count, columns, stride: features },
      });
    }
  }

  function check(feature: number, row: number): void {
    checkGramRow({
      name: `row ${feature} of X^T X`,
      received: plainDot(workspace.view(array), weights, features, row * features),
      expected: plainDot(workspace.view(data), mixture, samples, feature * samples),
      norm: Math.sqrt(squaredNorms[feature]),
      samples,
      features,
    });
  }

  /** Features without a row that are most likely to be asked for: a number each, the larger the likelier, 0 for not at all. */
  function others(taken: ReadonlySet<number>, likely: Float64Array, most: number): number[] {
    if (most === 0) return [];
    const sizes = new Float64Array(features);
    for (let j = 0; j < features; j++) if (rowOf[j] < 0 && !taken.has(j)) sizes[j] = Math.abs(likely[j]);
    // Engines sort numbers faster than by a function.
    const least = sizes.slice().sort()[Math.max(0, features - most)];
    const found: number[] = [], level: number[] = [];
    for (let j = 0; j < features; j++) {
      if (sizes[j] > least) found.push(j);
      else if (sizes[j] === least && least > 0) level.push(j);
    }
    return [...found, ...level].slice(0, most);
  }

  return {
    get array() {
      return array;
    },
    get count() {
      return used;
    },
    rowOf,
    rowOfDevice,
    view: () => workspace.view(array),
    async ensure(wanted, likely) {
      const missing: number[] = [];
      for (let i = 0; i < wanted.length; i++) if (rowOf[wanted[i]] < 0) missing.push(wanted[i]);
      if (missing.length === 0) return;
      const spare = Math.ceil(missing.length / together) * together - missing.length;
      missing.push(...others(new Set(missing), likely, spare));
      await grow(used + missing.length);
      block ??= workspace.allocate("f64", together * samples, "columns of a block");
      for (let from = 0; from < missing.length; from += together) {
        if (from > 0) await pause();
        const chosen = missing.slice(from, from + together);
        for (let k = 0; k < chosen.length; k++) {
          workspace.write(block, await workspace.read(data, chosen[k] * samples, samples), k * samples);
        }
        await multiply(block, chosen.length);
        for (const feature of chosen) check(feature, rowOf[feature] = used++);
      }
      workspace.write(rowOfDevice, rowOf);
    },
  };
}
