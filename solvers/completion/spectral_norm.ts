/**
 * The spectral norm of a sparse matrix, and a proof of it.
 *
 * Lanczos steps from a random start estimate it from below. What a certificate needs is a bound from above: `t` is one
 * where `t^2 I - G^T G` has a Cholesky factor. That is tried up to some thousand lines of the smaller side; beyond, the
 * bound of Kuczynski & Wozniakowski (1992) holds but for starts of small probability.
 *
 * @module
 */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { factorInCalls } from "../core/factor.ts";
import type { Random } from "../core/random.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import type { Levels } from "./levels.ts";

/** A matrix with a number at each observed entry, in the memory of JavaScript. */
export interface EntryMatrix extends Pick<Levels, "shape" | "indptr" | "columns" | "byColumn"> {
  readonly values: Float64Array;
}

/** Singular values from the largest down, with their vectors. */
export interface SingularTriples {
  readonly values: number[];
  /** Left singular vectors, one an entry of `values`. */
  readonly left: Float64Array[];
  readonly right: Float64Array[];
  /** Lanczos steps made. */
  readonly steps: number;
}

/** `y = G x`. */
function timesVector({ indptr, columns, values }: EntryMatrix, x: Float64Array): Float64Array {
  const y = new Float64Array(indptr.length - 1);
  for (let i = 0; i < y.length; i++) {
    let sum = 0;
    for (let k = indptr[i]; k < indptr[i + 1]; k++) sum += values[k] * x[columns[k]];
    y[i] = sum;
  }
  return y;
}

/** `x = G^T y`. */
function transposeTimesVector({ shape, indptr, columns, values }: EntryMatrix, y: Float64Array): Float64Array {
  const x = new Float64Array(shape[1]);
  for (let i = 0; i < y.length; i++) {
    const own = y[i];
    for (let k = indptr[i]; k < indptr[i + 1]; k++) x[columns[k]] += values[k] * own;
  }
  return x;
}

/** Most Lanczos steps, and steps between two looks at the estimates. */
const mostSteps = 240, looking = 8;

/** Change of the largest estimate between two looks, as a share, at which the steps end. */
const settled = 1e-12;

/**
 * The largest singular values by Lanczos steps with full orthogonalisation.
 *
 * @param count How many triples to return, at most.
 * @param pause Awaited after every step.
 */
export async function largestSingularTriples(
  workspace: Workspace,
  matrix: EntryMatrix,
  count: number,
  random: Random,
  pause: Pause,
): Promise<SingularTriples> {
  const [rows, columns] = matrix.shape, rowwise = rows < columns, size = Math.min(rows, columns);
  const apply = (v: Float64Array) =>
    rowwise
      ? timesVector(matrix, transposeTimesVector(matrix, v))
      : transposeTimesVector(matrix, timesVector(matrix, v));
  const basis: Float64Array[] = [], diagonal: number[] = [], off: number[] = [];
  let next = normalized(Float64Array.from({ length: size }, random.normal)), largest = 0;
  let ritz: { values: Float64Array; vectors: Float64Array };
  for (;;) {
    basis.push(next);
    const w = apply(next);
    diagonal.push(dot(next, w));
    // Twice is enough (Parlett 1980).
    for (let pass = 0; pass < 2; pass++) for (const earlier of basis) subtract(w, dot(earlier, w), earlier);
    const length = Math.sqrt(dot(w, w)), steps = basis.length;
    await pause();
    const exhausted = steps === size || !(length > 1e-14 * (largest + Math.abs(diagonal[0])));
    if (exhausted || steps % looking === 0 || steps === mostSteps) {
      ritz = await ritzPairs(workspace, diagonal, off);
      const still = Math.abs(ritz.values[0] - largest) <= settled * ritz.values[0];
      largest = Math.max(0, ritz.values[0]);
      if (exhausted || still || steps === mostSteps) break;
    }
    off.push(length);
    next = w.map((value) => value / length);
  }
  const triples: SingularTriples = { values: [], left: [], right: [], steps: basis.length };
  for (let index = 0; index < Math.min(count, basis.length); index++) {
    const own = new Float64Array(size), vector = ritz.vectors.subarray(index * basis.length);
    basis.forEach((direction, k) => subtract(own, -vector[k], direction));
    const unit = normalized(own);
    const other = normalized(rowwise ? transposeTimesVector(matrix, unit) : timesVector(matrix, unit));
    triples.values.push(Math.sqrt(Math.max(0, ritz.values[index])));
    triples.left.push(rowwise ? unit : other);
    triples.right.push(rowwise ? other : unit);
  }
  return triples;
}

/** Eigenvalues and vectors, one a row, of the tridiagonal matrix. */
async function ritzPairs(workspace: Workspace, diagonal: readonly number[], off: readonly number[]) {
  const size = diagonal.length, a = allocateMatrix(workspace, "f64", size, size, "tridiagonal matrix");
  const view = workspace.view(a.array);
  for (let k = 0; k < size; k++) {
    view[k * (size + 1)] = diagonal[k];
    if (k + 1 < size) view[k * (size + 1) + 1] = view[(k + 1) * (size + 1) - 1] = off[k];
  }
  const { values, vectors } = await symmetricEigen(workspace, a),
    rows = Float64Array.from(workspace.view(vectors.array));
  workspace.free(vectors.array);
  workspace.free(a.array);
  return { values, vectors: rows };
}

/** A bound on a spectral norm from above. */
export interface NormBound {
  readonly bound: number;
  /** By a Cholesky factor; otherwise but for a probability of 1e-9. */
  readonly proved: boolean;
}

/** Most lines of the smaller side, and most multiply-adds of `G^T G`, for a proof. */
const mostProofLines = 3000, mostProofWork = 3e9;

/** Multiply-adds of the factor of the proof between two checkpoints. */
const factorWork = 1e8;

/** Shares by which bounds are above the estimate, one after another. */
const slacks = [1e-9, 1e-7, 1e-5, 1e-3, 1e-1];

/**
 * Bounds the spectral norm from above.
 *
 * @param estimate From {@linkcode largestSingularTriples}.
 * @param least The least bound that is of use.
 */
export async function spectralNormBound(
  workspace: Workspace,
  matrix: EntryMatrix,
  { values, steps }: Pick<SingularTriples, "values" | "steps">,
  least: number,
  random: Random,
  pause: Pause,
): Promise<NormBound> {
  const estimate = values[0] ?? 0, size = Math.min(...matrix.shape);
  if (size <= mostProofLines && productWork(matrix) <= mostProofWork) {
    for (const slack of slacks) {
      const bound = Math.max(least, estimate * (1 + slack));
      if (bound > 0 && await isBound(workspace, matrix, bound, random, pause)) {
        // Rounding of the factorisation and of its check.
        return { bound: bound * (1 + 1e-9), proved: true };
      }
    }
  }
  // P(lambda > theta / (1 - e)) <= 1.648 sqrt(n) exp(-sqrt(e) (2k - 1)), with theta the largest Ritz value of k steps.
  const share = (Math.log(1.648 * Math.sqrt(size)) + 9 * Math.LN10) / (2 * steps - 1);
  const exhausted = steps >= size;
  const bound = exhausted ? estimate * (1 + 1e-9) : share < 1 ? estimate / Math.sqrt(1 - share * share) : Infinity;
  return { bound: Math.min(Math.max(bound, estimate), frobeniusNorm(matrix)), proved: false };
}

/** The Frobenius norm: a bound on the spectral norm that costs nothing. */
export function frobeniusNorm({ values }: Pick<EntryMatrix, "values">): number {
  let sum = 0;
  for (let k = 0; k < values.length; k++) sum += values[k] * values[k];
  return Math.sqrt(sum) * (1 + 1e-12);
}

/** Multiply-adds of the product over the smaller side. */
function productWork({ shape: [rows, columns], indptr, byColumn }: EntryMatrix): number {
  const starts = columns <= rows ? indptr : byColumn.indptr;
  let work = 0;
  for (let i = 0; i + 1 < starts.length; i++) work += (starts[i + 1] - starts[i]) ** 2 / 2;
  return work;
}

/** Whether `bound^2 I - G^T G` has a Cholesky factor that a random vector does not refute. */
async function isBound(
  workspace: Workspace,
  matrix: EntryMatrix,
  bound: number,
  random: Random,
  pause: Pause,
): Promise<boolean> {
  const [rows, columns] = matrix.shape, columnwise = columns <= rows, size = Math.min(rows, columns);
  const array = workspace.allocate("f64", size * size, "matrix of the proof");
  try {
    const a = workspace.view(array), { values } = matrix;
    // The lines of the larger side: each adds an outer product to the upper triangle.
    const starts = columnwise ? matrix.indptr : matrix.byColumn.indptr;
    const order = columnwise ? undefined : matrix.byColumn.order;
    const indices = columnwise ? matrix.columns : matrix.byColumn.rows;
    for (let line = 0, work = 0; line + 1 < starts.length; line++) {
      const begin = starts[line], end = starts[line + 1];
      work += (end - begin) ** 2;
      if (work > 1e7) {
        await pause();
        work = 0;
      }
      for (let p = begin; p < end; p++) {
        const value = -values[order ? order[p] : p], row = indices[p] * size;
        // Indices rise within a line.
        for (let q = p; q < end; q++) a[row + indices[q]] += value * values[order ? order[q] : q];
      }
    }
    for (let i = 0; i < size; i++) a[i * size + i] += bound * bound;
    const pausing = () => pause().then(() => false);
    if (await factorInCalls(workspace, array, size, factorWork, pausing) !== "factored") return false;
    // R R^T x against bound^2 x - G^T G x: a wrong factor is found out.
    const x = normalized(Float64Array.from({ length: size }, random.normal)), y = new Float64Array(size);
    for (let i = 0; i < size; i++) for (let j = i; j < size; j++) y[j] += a[i * size + j] * x[i];
    const product = columnwise
      ? transposeTimesVector(matrix, timesVector(matrix, x))
      : timesVector(matrix, transposeTimesVector(matrix, x));
    let error = 0;
    for (let i = 0; i < size; i++) {
      let sum = 0;
      if (!(a[i * size + i] > 0)) return false;
      for (let j = i; j < size; j++) sum += a[i * size + j] * y[j];
      error += (sum - (bound * bound * x[i] - product[i])) ** 2;
    }
    // A share of the square of the bound that its slack of 1e-9 makes good, with room for the chance of the vector.
    return Math.sqrt(error) <= 1e-11 * bound * bound;
  } finally {
    workspace.free(array);
  }
}

function dot(x: Float64Array, y: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i] * y[i];
  return sum;
}

function subtract(w: Float64Array, factor: number, v: Float64Array): void {
  for (let i = 0; i < w.length; i++) w[i] -= factor * v[i];
}

function normalized(x: Float64Array): Float64Array {
  const length = Math.sqrt(dot(x, x));
  return length > 0 ? x.map((value) => value / length) : x;
}
