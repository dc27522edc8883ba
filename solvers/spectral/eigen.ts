import type { DeviceArray, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { distrust } from "../core/certificate.ts";
import { allocateMatrix, type Pause } from "./operands.ts";

/** Eigenvalues and eigenvectors of a symmetric matrix. */
export interface SymmetricEigen {
  /** From the largest to the smallest. */
  readonly values: Float64Array;
  /** One eigenvector a row, in the order of the values; the caller frees its array. */
  readonly vectors: MatrixOperand;
}

/** Up to this size Jacobi's rotations are as fast as the reduction to tridiagonal form, and more accurate. */
const largestJacobi = 24;

/** Most sweeps of Jacobi; they converge quadratically, and six are usual. */
const mostSweeps = 40;

/** Rotations that are recorded before they are applied, as a multiple of the size. */
const recordedSweeps = 24;

/** Operations between two checkpoints in the reduction. */
const reductionFlops = 2e7, basisFlops = 1e8;

/** Exponents of two up to which the squares of a matrix's entries, and of their rounding, are in the range of f32. */
const plainExponent = 30, mostExponent = 1000;

/**
 * All eigenvalues and eigenvectors of a symmetric matrix, both triangles given, which is destroyed: by Jacobi's rotations
 * where it is small, else by way of a tridiagonal matrix and implicit QL, some 9 n^3 operations.
 *
 * @throws {BackendError} where the kernels do not converge
 */
export async function symmetricEigen(workspace: Workspace, a: MatrixOperand, pause?: Pause): Promise<SymmetricEigen> {
  const n = a.rows, { dtype } = a.array, unit = scaleToRange(workspace, a);
  const vectors = allocateMatrix(workspace, dtype, n, n, "eigenvectors");
  const values = n <= largestJacobi
    ? await byJacobi(workspace, a, vectors)
    : await byTridiagonal(workspace, a, vectors, pause);
  for (let i = 0; i < n; i++) values[i] *= unit;
  return { values: sortRows(workspace, values, vectors), vectors };
}

/** Divides a matrix of very large or small entries by a power of two, which it returns: else 1. */
function scaleToRange(
  workspace: Workspace,
  { array, rows, columns, offset = 0, stride = columns }: MatrixOperand,
): number {
  const view = workspace.view(array);
  let largest = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0, at = offset + i * stride; j < columns; j++, at++) largest = Math.max(largest, Math.abs(view[at]));
  }
  const exponent = largest > 0 ? Math.floor(Math.log2(largest)) : 0;
  if (!(Math.abs(exponent) > plainExponent) || exponent === Infinity) return 1;
  const unit = 2 ** Math.max(-mostExponent, Math.min(mostExponent, exponent));
  for (let i = 0; i < rows; i++) {
    for (let j = 0, at = offset + i * stride; j < columns; j++, at++) view[at] /= unit;
  }
  return unit;
}

async function byJacobi(workspace: Workspace, a: MatrixOperand, vectors: MatrixOperand): Promise<Float64Array> {
  const n = a.rows, { offset = 0, stride = n } = a;
  const view = workspace.view(a.array), unit = workspace.view(vectors.array);
  let squares = 0;
  for (let i = 0; i < n; i++) {
    unit[i * (n + 1)] = 1;
    for (let j = 0; j < n; j++) squares += view[offset + i * stride + j] ** 2;
  }
  const epsilon = a.array.dtype === "f64" ? Number.EPSILON : 2 ** -23;
  const threshold = epsilon / Math.max(1, n) * Math.sqrt(squares);
  let left = mostSweeps;
  while (await workspace.kernels.jacobiSweep({ a, vectors, threshold }) > 0) {
    if (left-- === 0) throw distrust(`an eigen-decomposition of ${n} rows does not converge`);
  }
  return Float64Array.from({ length: n }, (_, i) => view[offset + i * (stride + 1)]);
}

async function byTridiagonal(
  workspace: Workspace,
  a: MatrixOperand,
  vectors: MatrixOperand,
  pause: Pause = () => Promise.resolve(),
): Promise<Float64Array> {
  const n = a.rows, room = recordedSweeps * n, { kernels } = workspace;
  const held: DeviceArray[] = [];
  const keep = <D extends DeviceArray>(array: D): D => {
    held.push(array);
    return array;
  };
  const vector = (label: string) => ({ array: keep(workspace.allocate("f64", n, label)), length: n });
  try {
    const diagonal = vector("diagonal"), offDiagonal = vector("off-diagonal"), factors = vector("reflections");
    for (let begin = 0; begin < n;) {
      const end = Math.min(n, begin + Math.max(1, Math.floor(reductionFlops / (6 * (n - begin) ** 2))));
      await kernels.tridiagonalize({ a, diagonal, offDiagonal, factors, begin, end });
      begin = end;
      await pause();
    }
    const together = Math.max(1, Math.ceil(basisFlops / (2 * n * n)));
    for (let begin = 0; begin < n; begin += together) {
      await kernels.tridiagonalBasis({ a, factors, vectors, begin, end: Math.min(n, begin + together) });
      await pause();
    }
    const state = keep(workspace.allocate("i32", 2, "state of QL"));
    const places = keep(workspace.allocate("i32", room, "places of rotations"));
    const rotations = keep(workspace.allocate("f64", 2 * room, "rotations"));
    for (;;) {
      const count = await kernels.tridiagonalQl({ diagonal, offDiagonal, state, places, rotations });
      if (count < 0) throw distrust(`an eigen-decomposition of ${n} rows does not converge`);
      if (count === 0) break;
      await kernels.rotateRows({ vectors, places, rotations, count });
      await pause();
    }
    return workspace.view(diagonal.array).slice();
  } finally {
    for (const array of held) workspace.free(array);
  }
}

/** Puts the rows into the order of falling values. */
function sortRows(workspace: Workspace, values: Float64Array, vectors: MatrixOperand): Float64Array {
  const n = values.length, order = Array.from(values.keys()).sort((i, j) => values[j] - values[i] || i - j);
  const view = workspace.view(vectors.array), rows = view.slice();
  order.forEach((from, to) => view.set(rows.subarray(from * n, (from + 1) * n), to * n));
  return Float64Array.from(order, (i) => values[i]);
}
