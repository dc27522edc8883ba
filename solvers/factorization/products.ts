/** Products of the data with factors: where the work is, and where the data may live on a device. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, FloatDtype, MatrixOperand } from "../../kernels/contract.ts";

/** Products with the data `X` [rows, columns]; factors live in the host workspace. */
export interface Products {
  readonly rows: number;
  readonly columns: number;
  /** Precision of the data and the factors. */
  readonly dtype: FloatDtype;
  /** Precision of `X`: the distance from one to the next number, halved. */
  readonly unit: number;
  /** `||X||^2`, summed in f64. */
  readonly squaredNorm: number;
  /** Multiply-adds of a product with one vector. */
  readonly work: number;
  /** Squared norm of each row, in f64. */
  readonly rowSquares: Float64Array;
  /** `target` [r, columns] `= factor` [r, rows] `X`. */
  times(factor: MatrixOperand, target: MatrixOperand): Promise<void>;
  /** `target` [r, rows] `= factor` [r, columns] `X^T`. */
  timesTransposed(factor: MatrixOperand, target: MatrixOperand): Promise<void>;
  /**
   * `target` [r, rows] `= factor` [r, rows] `X X^T`, by two products; what is between them stays where they run.
   */
  timesGram(factor: MatrixOperand, target: MatrixOperand): Promise<void>;
  /** `X` itself, where it is dense and where the factors are. */
  readonly data?: MatrixOperand;
  /** Adds `factor` times row `i` to a vector in f64. */
  addRow(sum: Float64Array, factor: number, i: number): void;
  /** Column `j` in f64. */
  column(j: number): Float64Array;
}

/** Working matrices by shape and use, made when they are first asked for. */
export function createStages(make: (rows: number, columns: number, label: string) => MatrixOperand) {
  const staged = new Map<string, MatrixOperand>();
  return (rows: number, columns: number, label: string): MatrixOperand => {
    const key = `${label} ${rows} x ${columns}`, known = staged.get(key) ?? make(rows, columns, label);
    staged.set(key, known);
    return known;
  };
}

/** A matrix of a factor over an array of its own in the host workspace. */
export function factorIn(
  { host }: Workspace,
  dtype: FloatDtype,
  rows: number,
  columns: number,
  label: string,
): MatrixOperand {
  return { array: host.allocate(dtype, rows * columns, label), rows, columns };
}

/** The elements of a factor whose rows follow one another, a live view. */
export function elementsOf({ host }: Workspace, factor: MatrixOperand): Float32Array | Float64Array {
  const { array, rows, columns, offset = 0 } = factor;
  return host.view(array as DeviceArray<FloatDtype>).subarray(offset, offset + rows * columns);
}

/** A copy of a factor that JavaScript owns. */
export function copyOf(workspace: Workspace, factor: MatrixOperand): Float32Array | Float64Array {
  const view = elementsOf(workspace, factor);
  return view instanceof Float32Array ? new Float32Array(view) : new Float64Array(view);
}
