import { counted, shown } from "./shown.ts";
import { MemoryLimitError, memoryUsage } from "../../kernels/engine/mod.ts";
import { checkKind } from "./kinds.ts";
import { DataError, ShapeError } from "./errors.ts";
import { atOnce, type Steps } from "./steps.ts";

/** Numbers in single or double precision. */
export type Vector = Float32Array | Float64Array;

/** A vector as callers give it: numbers in an array are taken in double precision. */
export type VectorLike = Vector | readonly number[];

/** Element type of a {@linkcode Vector}. */
export type VectorDtype = "f32" | "f64";

/** A dense matrix, row-major: element `(i, j)` is `data[i * columns + j]`. */
export interface Matrix {
  /** `rows * columns` elements. */
  readonly data: Vector;
  /** Numbers of rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
}

/** A sparse matrix with scipy's names: compressed rows (`csr`) or columns (`csc`), indices sorted within each. */
export interface SparseMatrix {
  /** Whether rows or columns are compressed. */
  readonly format: "csr" | "csc";
  /** Numbers of rows and columns. */
  readonly shape: readonly [rows: number, columns: number];
  /** Start of each row (column) in `indices` and `data`; one longer than their number. */
  readonly indptr: Uint32Array;
  /** Column (row) of each entry. */
  readonly indices: Uint32Array;
  /** Value of each entry. */
  readonly data: Vector;
}

/**
 * A matrix over `data`, which is not copied; zeros in f64 without it.
 *
 * @param rows Number of rows, >= 0.
 * @param columns Number of columns, >= 0.
 * @param data `rows * columns` numbers, row-major.
 * @throws {ShapeError} when `data` has another length
 * @throws {TypeError} for another kind of value
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * const m = matrix(2, 2, new Float32Array([1, 2, 3, 4]));
 * if (m.data[m.shape[1]] !== 3) throw new Error("row-major");
 * ```
 */
export function matrix(rows: number, columns: number, data?: Vector): Matrix {
  const action = "make a matrix";
  checkKind("rows", rows, "count", action);
  checkKind("columns", columns, "count", action);
  if (data === undefined) return { data: new Float64Array(rows * columns), shape: [rows, columns] };
  checkKind("data", data, "floats", action);
  if (data.length !== rows * columns) {
    throw new ShapeError(
      "data",
      `Cannot make a ${rows} x ${columns} matrix: "data" has ${counted(data.length, "element")} instead of ${
        rows * columns
      }.`,
    );
  }
  return { data, shape: [rows, columns] };
}

/**
 * A matrix in f64 from nested arrays.
 *
 * @param rows Rows of equal length.
 * @throws {ShapeError} when the rows differ in length
 *
 * @example
 * ```ts
 * import { fromRows } from "@minima/minima";
 * const m = fromRows([[1, 2], [3, 4], [5, 6]]);
 * if (m.shape[0] !== 3 || m.data[2] !== 3) throw new Error("row-major");
 * ```
 */
export function fromRows(rows: readonly (readonly number[])[]): Matrix {
  checkKind("rows", rows, "list", "make a matrix");
  rows.forEach((row, i) => checkKind(`rows[${i}]`, row, "numbers", "make a matrix"));
  const columns = rows[0]?.length ?? 0;
  const result = matrix(rows.length, columns);
  rows.forEach((row, i) => {
    if (row.length !== columns) {
      throw new ShapeError(
        "rows",
        `Cannot make a matrix: row ${i} has ${counted(row.length, "element")}, row 0 has ${columns}.`,
      );
    }
    const wrong = Array.isArray(row) ? row.findIndex((element) => typeof element !== "number") : -1;
    if (wrong >= 0) {
      throw new TypeError(
        `Cannot make a matrix: "rows[${i}][${wrong}]" must be a number, received ${shown(row[wrong])}.`,
      );
    }
    result.data.set(row, i * columns);
  });
  return result;
}

/**
 * The dense form of a sparse matrix, in the precision of its data.
 *
 * @throws {TypeError} for another kind of value
 * @throws {ShapeError} when its parts do not fit together
 * @throws {DataError} for an index that is out of place
 *
 * @example
 * ```ts
 * import { toDense } from "@minima/minima";
 * const dense = toDense({
 *   format: "csr",
 *   shape: [2, 3],
 *   indptr: new Uint32Array([0, 1, 2]),
 *   indices: new Uint32Array([2, 0]),
 *   data: new Float64Array([5, 7]),
 * });
 * if (dense.data[2] !== 5 || dense.data[3] !== 7) throw new Error("wrong place");
 * ```
 */
export function toDense(matrix: SparseMatrix): Matrix {
  checkSparsity("matrix", matrix, "write out the matrix");
  return written(matrix);
}

/** The dense form of a sparse matrix that was checked. */
function written({ format, shape, indptr, indices, data }: SparseMatrix): Matrix {
  const [rows, columns] = shape;
  const result = matrix(rows, columns, likeVector(data, rows * columns));
  const [lineStride, stride] = format === "csr" ? [columns, 1] : [1, columns];
  for (let line = 0; line + 1 < indptr.length; line++) {
    for (let k = indptr[line]; k < indptr[line + 1]; k++) {
      result.data[line * lineStride + indices[k] * stride] = data[k];
    }
  }
  return result;
}

/** Zeros in the precision of `like`. */
export function likeVector(like: Vector, length: number): Vector {
  return like instanceof Float32Array ? new Float32Array(length) : new Float64Array(length);
}

/** Samples as callers give them: one a row. */
export type Samples = Matrix | SparseMatrix;

/** Samples as a dense matrix, checked. */
export function denseSamples(X: Samples, action: string, argument = "X"): Matrix {
  return atOnce(denseSamplesInSteps(X, action, argument));
}

/** The same in steps, to the end whatever the time. */
function* denseSamplesInSteps(X: Samples, action: string, argument = "X"): Steps<Matrix> {
  const dense = denseTable(X, action, argument);
  if (dense === X) yield* checkFiniteInSteps(argument, dense, action);
  return dense;
}

/**
 * Samples as a matrix of which only the shape is known: its elements may be anything, but for those of a sparse one, which is
 * written out.
 *
 * @throws {MemoryLimitError} where that would be larger than all memory that a solve may have
 */
export function denseTable(X: Samples, action: string, argument = "X"): Matrix {
  if (typeof X === "object" && X !== null && "format" in X) {
    checkSparseMatrix(argument, X, action);
    const [rows, columns] = X.shape, bytes = rows * columns * X.data.BYTES_PER_ELEMENT, { limit } = memoryUsage();
    if (bytes > limit) {
      throw new MemoryLimitError(
        `Cannot ${action}: "${argument}" of ${rows} x ${columns} takes ${bytes} bytes once its zeros are written out, ` +
          `but there are at most ${limit}.`,
      );
    }
    return written(X);
  }
  checkTable(argument, X, action);
  return X;
}

/** The precision of a vector. */
export function dtypeOf(values: Vector): VectorDtype {
  return values instanceof Float32Array ? "f32" : "f64";
}

/**
 * Checks that `value` is a matrix, and finite.
 *
 * @throws {TypeError} for another kind of value
 * @throws {ShapeError} for a wrong shape
 * @throws {DataError} for NaN or an infinity
 */
export function checkMatrix(argument: string, value: Matrix, action: string): void {
  atOnce(checkMatrixInSteps(argument, value, action));
}

/** The same in steps, to the end whatever the time. */
export function* checkMatrixInSteps(argument: string, value: Matrix, action: string): Steps<void> {
  checkTable(argument, value, action);
  yield* checkFiniteInSteps(argument, value, action);
}

/** Checks that a matrix is finite. @throws {DataError} naming the first element that is not */
export function* checkFiniteInSteps(argument: string, value: Matrix, action: string): Steps<void> {
  const { data, shape: [, columns] } = value;
  let at = -1;
  for (let from = 0; from < data.length && at < 0; from += lookedAtTogether) {
    if (from > 0) yield;
    at = firstNotFinite(data, from, Math.min(data.length, from + lookedAtTogether));
  }
  if (at >= 0) {
    throw new DataError(
      argument,
      `Cannot ${action}: "${argument}" is ${data[at]} at row ${Math.floor(at / columns)}, column ${at % columns}.`,
    );
  }
}

/**
 * Checks that `value` is a matrix; its elements may be anything, such as NaN for what is missing.
 *
 * @throws {TypeError} for another kind of value
 * @throws {ShapeError} for a wrong shape
 */
export function checkTable(argument: string, value: Matrix, action: string): void {
  const data: unknown = value?.data;
  if (!(data instanceof Float32Array || data instanceof Float64Array) || !Array.isArray(value.shape)) {
    throw new TypeError(
      `Cannot ${action}: "${argument}" must be { data: Float32Array | Float64Array, shape: [rows, columns] }.`,
    );
  }
  const [rows, columns] = value.shape;
  if (value.shape.length !== 2 || !isCount(rows) || !isCount(columns)) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" has shape [${value.shape}] instead of [rows, columns].`,
    );
  }
  if (data.length !== rows * columns) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" is ${rows} x ${columns}, but its data has ${counted(data.length, "element")}.`,
    );
  }
}

/**
 * Checks that `value` is a sparse matrix whose parts fit together, and finite.
 *
 * @throws {TypeError} for another kind of value
 * @throws {ShapeError} when shape, `indptr`, `indices` and `data` do not fit together
 * @throws {DataError} for an index that is out of place, NaN or an infinity
 */
export function checkSparseMatrix(argument: string, value: SparseMatrix, action: string): void {
  checkSparsity(argument, value, action);
  const { data } = value, at = firstNotFinite(data);
  if (at >= 0) throw new DataError(argument, `Cannot ${action}: "data" of "${argument}" is ${data[at]} at ${at}.`);
}

/** The same but for the values. */
function checkSparsity(argument: string, value: SparseMatrix, action: string): void {
  const { format, shape, indptr, indices, data } = value ?? {};
  const vectors = indptr instanceof Uint32Array && indices instanceof Uint32Array &&
    (data instanceof Float32Array || data instanceof Float64Array);
  if ((format !== "csr" && format !== "csc") || !vectors || !Array.isArray(shape)) {
    throw new TypeError(
      `Cannot ${action}: "${argument}" must be { format: "csr" | "csc", shape: [rows, columns], ` +
        "indptr: Uint32Array, indices: Uint32Array, data: Float32Array | Float64Array }.",
    );
  }
  if (shape.length !== 2 || !shape.every(isCount)) {
    throw new ShapeError(argument, `Cannot ${action}: "${argument}" has shape [${shape}] instead of [rows, columns].`);
  }
  const [lines, width] = format === "csr" ? shape : [shape[1], shape[0]];
  if (
    indptr.length !== lines + 1 || indptr[0] !== 0 || indices.length !== data.length || indptr[lines] !== data.length
  ) {
    throw new ShapeError(
      argument,
      `Cannot ${action}: "${argument}" of ${lines} compressed lines needs an "indptr" of ${
        lines + 1
      } numbers from 0 to ` +
        `the ${data.length} elements of "data" and as many "indices"; they have ${indptr.length} and ${indices.length}.`,
    );
  }
  for (let line = 0; line < lines; line++) {
    if (indptr[line + 1] < indptr[line]) {
      throw new DataError(argument, `Cannot ${action}: "indptr" of "${argument}" falls after line ${line}.`);
    }
  }
  for (let line = 0; line < lines; line++) {
    for (let at = indptr[line]; at < indptr[line + 1]; at++) {
      if (indices[at] >= width || (at > indptr[line] && indices[at] <= indices[at - 1])) {
        throw new DataError(
          argument,
          `Cannot ${action}: "indices" of "${argument}" must rise below ${width} in line ${line}, but have ${
            indices[at]
          }.`,
        );
      }
    }
  }
}

/**
 * The vector that a caller gave, typed; a typed one is not copied.
 *
 * @throws {TypeError} for another kind of value
 * @throws {DataError} for NaN or an infinity
 */
export function toVectorArgument(argument: string, value: VectorLike, action: string): Vector {
  const typed = value instanceof Float32Array || value instanceof Float64Array;
  if (!typed && !(Array.isArray(value) && value.every((element) => typeof element === "number"))) {
    throw new TypeError(
      `Cannot ${action}: "${argument}" must be a Float32Array, a Float64Array or an array of numbers.`,
    );
  }
  const values = typed ? value : Float64Array.from(value);
  const at = firstNotFinite(values);
  if (at >= 0) throw new DataError(argument, `Cannot ${action}: "${argument}" is ${values[at]} at ${at}.`);
  return values;
}

/** Numbers that are looked at between two checkpoints: about a millisecond. */
const lookedAtTogether = 2 ** 20;

/**
 * Index of the first number from `from` to `end` that is not finite; -1 where there is none. A loop, for `findIndex` takes
 * several times as long.
 */
function firstNotFinite(data: Vector, from = 0, end = data.length): number {
  for (let at = from; at < end; at++) if (!Number.isFinite(data[at])) return at;
  return -1;
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0;
}
