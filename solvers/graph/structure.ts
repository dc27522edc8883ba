/** What a precision matrix says as a graph: components, definiteness, determinant. @module */

import type { SparseMatrix } from "../core/matrix.ts";
import { numberOption } from "../core/options.ts";
import { diagonalOf, upperEntries } from "./sparse.ts";

/** Connected components of a graph. */
export interface GraphComponents {
  /** Number of components. */
  readonly count: number;
  /** Component of each vertex, numbered by their least vertices. */
  readonly labels: Uint32Array;
  /** Vertices of each component. */
  readonly sizes: Uint32Array;
}

/**
 * Connected components of the nonzero pattern of a symmetric matrix. O(entries).
 *
 * @example
 * ```ts
 * import { graphComponents, type SparseMatrix } from "minima";
 * const diagonal: SparseMatrix = {
 *   format: "csr",
 *   shape: [2, 2],
 *   indptr: new Uint32Array([0, 1, 2]),
 *   indices: new Uint32Array([0, 1]),
 *   data: new Float64Array([1, 1]),
 * };
 * if (graphComponents(diagonal).count !== 2) throw new Error("no edge joins them");
 * ```
 */
export function graphComponents(precision: SparseMatrix): GraphComponents {
  const size = precision.shape[0];
  const parent = Uint32Array.from({ length: size }, (_, i) => i);
  const root = (i: number) => {
    while (parent[i] !== i) i = parent[i] = parent[parent[i]];
    return i;
  };
  for (const [i, j] of upperEntries(precision)) {
    const a = root(i), b = root(j);
    parent[Math.max(a, b)] = Math.min(a, b);
  }
  const labels = new Uint32Array(size), sizes: number[] = [];
  for (let i = 0; i < size; i++) {
    // Roots are least vertices, so a vertex's root is labelled before it.
    labels[i] = root(i) === i ? sizes.push(0) - 1 : labels[root(i)];
    sizes[labels[i]]++;
  }
  return { count: sizes.length, labels, sizes: Uint32Array.from(sizes) };
}

/**
 * `log det` of a symmetric matrix, or NaN when it is not positive definite. One dense factorization a connected component:
 * O(sum of sizes^3).
 */
export function logDeterminant(precision: SparseMatrix): number {
  let sum = 0;
  for (const block of blocksOf(precision)) sum += blockLogDeterminant(block, 0);
  return sum;
}

/** Whether a symmetric matrix is positive definite. O(sum of component sizes^3). */
export function isPositiveDefinite(precision: SparseMatrix): boolean {
  return !Number.isNaN(logDeterminant(precision));
}

/** Options of {@linkcode nearestPositiveDefinite}. */
export interface RepairOptions {
  /** Least eigenvalue that the answer has, up to a relative 1e-9 of the diagonal, > 0. @default 1e-3 */
  readonly leastEigenvalue?: number;
}

/**
 * The positive definite matrix nearest in the spectral norm that keeps every entry off the diagonal: each connected
 * component whose least eigenvalue is below the wanted one has its diagonal raised by what is missing.
 *
 * @throws {OptionError} when `leastEigenvalue` is not positive
 */
export function nearestPositiveDefinite(precision: SparseMatrix, options: RepairOptions = {}): SparseMatrix {
  const { leastEigenvalue = 1e-3 } = options;
  numberOption("leastEigenvalue", leastEigenvalue, Number.MIN_VALUE);
  const data = precision.data.slice();
  for (const block of blocksOf(precision)) {
    const shift = missingShift(block, leastEigenvalue);
    if (shift === 0) continue;
    for (const i of block.vertices) {
      for (let at = precision.indptr[i]; at < precision.indptr[i + 1]; at++) {
        if (precision.indices[at] === i) data[at] += shift;
      }
    }
  }
  return { ...precision, data };
}

/** One component: its vertices and its dense matrix. */
interface Block {
  readonly vertices: readonly number[];
  readonly values: Float64Array;
}

function blocksOf(precision: SparseMatrix): Block[] {
  const { count, labels, sizes } = graphComponents(precision);
  const blocks = Array.from({ length: count }, (_, k) => ({
    vertices: [] as number[],
    values: new Float64Array(sizes[k] ** 2),
  }));
  const place = new Uint32Array(labels.length);
  labels.forEach((label, i) => place[i] = blocks[label].vertices.push(i) - 1);
  diagonalOf(precision).forEach((value, i) => {
    blocks[labels[i]].values[place[i] * (sizes[labels[i]] + 1)] = value;
  });
  for (const [i, j, value] of upperEntries(precision)) {
    const { values } = blocks[labels[i]], size = sizes[labels[i]];
    values[place[i] * size + place[j]] = values[place[j] * size + place[i]] = value;
  }
  return blocks;
}

/** `log det (block - least I)`, or NaN when that is not positive definite. */
function blockLogDeterminant({ vertices: { length: size }, values }: Block, least: number): number {
  const factor = Float64Array.from(values);
  let sum = 0;
  for (let i = 0; i < size; i++) {
    for (let j = 0; j <= i; j++) {
      let entry = factor[i * size + j] - (i === j ? least : 0);
      for (let k = 0; k < j; k++) entry -= factor[i * size + k] * factor[j * size + k];
      if (j < i) {
        factor[i * size + j] = entry / factor[j * size + j];
      } else if (entry > 0) {
        factor[i * size + i] = Math.sqrt(entry);
        sum += Math.log(entry);
      } else {
        return NaN;
      }
    }
  }
  return sum;
}

/** What the diagonal lacks for a least eigenvalue: bisection between none and Gershgorin's bound. */
function missingShift(block: Block, leastEigenvalue: number): number {
  const definite = (shift: number) => !Number.isNaN(blockLogDeterminant(block, leastEigenvalue - shift));
  if (definite(0)) return 0;
  const size = block.vertices.length;
  let low = 0, high = leastEigenvalue;
  for (let i = 0; i < size; i++) {
    let radius = 0;
    for (let j = 0; j < size; j++) if (j !== i) radius += Math.abs(block.values[i * size + j]);
    high = Math.max(high, 2 * (leastEigenvalue + radius - block.values[i * size + i]));
  }
  for (let step = 0; step < 60 && high - low > 1e-9 * high; step++) {
    const middle = (low + high) / 2;
    if (definite(middle)) high = middle;
    else low = middle;
  }
  return high;
}
