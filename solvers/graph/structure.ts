/** What a precision matrix says as a graph: components, definiteness, determinant. @module */

import type { SparseMatrix } from "../core/matrix.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { logDeterminantOf, type SymmetricRows, triangleLogDeterminant } from "./elimination.ts";
import { nearestPositiveDefiniteOptions, type RepairOptions } from "./options.ts";
import { checkPrecision, diagonalOf, upperEntries } from "./sparse.ts";

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
 * import { graphComponents, type SparseMatrix } from "@minima/minima";
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
  checkPrecision(precision);
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

/** Rows up to which a matrix is factored as a dense one, whatever its pattern. */
const denseUpTo = 128;

/**
 * `log det` of a symmetric matrix, or NaN when it is not positive definite. One sparse factorization a connected component:
 * O(size) for a tree, and at most O(size^3) and 4 size^2 bytes where eliminating fills all of it in.
 */
export function logDeterminant(precision: SparseMatrix): number {
  checkPrecision(precision);
  const size = precision.shape[0];
  if (size > denseUpTo) return componentsOf(precision).reduce((sum, component) => sum + logDeterminantOf(component), 0);
  const triangle = new Float64Array(size * (size + 1) / 2);
  diagonalOf(precision).forEach((value, i) => triangle[i * (i + 3) / 2] = value);
  for (const [i, j, value] of upperEntries(precision)) triangle[j * (j + 1) / 2 + i] = value;
  return triangleLogDeterminant(triangle, size);
}

/** Whether a symmetric matrix is positive definite, at the cost of {@linkcode logDeterminant}. */
export function isPositiveDefinite(precision: SparseMatrix): boolean {
  return !Number.isNaN(logDeterminant(precision));
}

/**
 * The positive definite matrix nearest in the spectral norm that keeps every entry off the diagonal: each connected
 * component whose least eigenvalue is below the wanted one has its diagonal raised by what is missing.
 *
 * @throws {OptionError} when `leastEigenvalue` is not positive
 */
export function nearestPositiveDefinite(precision: SparseMatrix, options: RepairOptions = {}): SparseMatrix {
  const { leastEigenvalue } = resolveOptions(nearestPositiveDefiniteOptions, options, "the repair");
  const components = componentsOf(precision), data = precision.data.slice();
  for (const component of components) {
    const shift = missingShift(component, leastEigenvalue);
    if (shift === 0) continue;
    for (const i of component.vertices) {
      for (let at = precision.indptr[i]; at < precision.indptr[i + 1]; at++) {
        if (precision.indices[at] === i) data[at] += shift;
      }
    }
  }
  return { ...precision, data };
}

/** One connected component: its vertices, and its matrix over their places. */
interface Component extends SymmetricRows {
  readonly vertices: readonly number[];
}

function componentsOf(precision: SparseMatrix): Component[] {
  const { count, labels } = graphComponents(precision);
  const members = Array.from({ length: count }, () => [] as number[]);
  const place = new Uint32Array(labels.length);
  labels.forEach((label, i) => place[i] = members[label].push(i) - 1);
  const diagonal = diagonalOf(precision);
  const components = members.map((vertices) => ({
    vertices,
    diagonal: Float64Array.from(vertices, (i) => diagonal[i]),
    rows: vertices.map(() => new Map<number, number>()),
  }));
  for (const [i, j, value] of upperEntries(precision)) {
    const { rows } = components[labels[i]];
    rows[place[i]].set(place[j], value);
    rows[place[j]].set(place[i], value);
  }
  return components;
}

/** What the diagonal lacks for a least eigenvalue: bisection between none and Gershgorin's bound. */
function missingShift(component: Component, leastEigenvalue: number): number {
  const definite = (shift: number) => !Number.isNaN(logDeterminantOf(component, shift - leastEigenvalue));
  if (definite(0)) return 0;
  let low = 0, high = leastEigenvalue;
  component.rows.forEach((row, i) => {
    let radius = 0;
    for (const value of row.values()) radius += Math.abs(value);
    high = Math.max(high, 2 * (leastEigenvalue + radius - component.diagonal[i]));
  });
  for (let step = 0; step < 60 && high - low > 1e-9 * high; step++) {
    const middle = (low + high) / 2;
    if (definite(middle)) high = middle;
    else low = middle;
  }
  return high;
}
