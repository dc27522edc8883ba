/** Products of the data with factors: where the work is, and where the data may live on a device. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type { DeviceArray, FloatDtype, MatrixOperand } from "../../kernels/contract.ts";
import { dtypeOf, type Matrix } from "../core/matrix.ts";
import { isSparse, type Samples } from "./data.ts";
import { sparseProducts } from "./sparse_products.ts";

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
  /** Adds `factor` times row `i` to a vector in f64. */
  addRow(sum: Float64Array, factor: number, i: number): void;
  /** Column `j` in f64. */
  column(j: number): Float64Array;
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

/** Dense data, divided by `scale`, where the products run. */
export function denseProducts(workspace: Workspace, X: Matrix, scale: number): Products {
  const [rows, columns] = X.shape, dtype = dtypeOf(X.data);
  const x: MatrixOperand = { array: workspace.allocate(dtype, rows * columns, "X"), rows, columns };
  const rowSquares = new Float64Array(rows);
  let squaredNorm = 0;
  const line = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      const value = X.data[i * columns + j] / scale;
      line[j] = value;
      sum += value * value;
    }
    workspace.write(x.array, line, i * columns);
    rowSquares[i] = sum;
    squaredNorm += sum;
  }
  const product = onDevice(workspace, x, dtype);
  return {
    rows,
    columns,
    dtype,
    unit: dtype === "f32" ? 2 ** -24 : 2 ** -53,
    squaredNorm,
    work: rows * columns,
    rowSquares,
    times: (factor, target) => product(factor, target, false),
    timesTransposed: (factor, target) => product(factor, target, true),
    column: (j) => Float64Array.from({ length: rows }, (_, i) => X.data[i * columns + j] / scale),
    addRow(sum, factor, i) {
      for (let j = 0, at = i * columns; j < columns; j++) sum[j] += factor * (X.data[at + j] / scale);
    },
  };
}

/** `target = factor op(X)`, through copies where the data are on a device. */
function onDevice(workspace: Workspace, x: MatrixOperand, dtype: FloatDtype) {
  const { host } = workspace;
  if (workspace === host) {
    return async (factor: MatrixOperand, target: MatrixOperand, transposeB: boolean) => {
      await workspace.kernels.gemm({ a: factor, b: x, c: target, transposeB });
    };
  }
  const staged = new Map<string, MatrixOperand>();
  const stage = (rows: number, columns: number, label: string) => {
    const key = `${label} ${rows} x ${columns}`;
    const known = staged.get(key) ?? { array: workspace.allocate(dtype, rows * columns, label), rows, columns };
    staged.set(key, known);
    return known;
  };
  return async (factor: MatrixOperand, target: MatrixOperand, transposeB: boolean) => {
    const a = stage(factor.rows, factor.columns, "factor"), c = stage(target.rows, target.columns, "product");
    workspace.write(a.array, elementsOf(workspace, factor));
    await workspace.kernels.gemm({ a, b: x, c, transposeB });
    elementsOf(workspace, target).set(await workspace.read(c.array as DeviceArray<FloatDtype>));
  };
}

/** A copy of a factor that JavaScript owns. */
export function copyOf(workspace: Workspace, factor: MatrixOperand): Float32Array | Float64Array {
  const view = elementsOf(workspace, factor);
  return view instanceof Float32Array ? new Float32Array(view) : new Float64Array(view);
}

/** Products with the samples, divided by `scale`. */
export function productsOf(workspace: Workspace, X: Samples, scale: number): Products {
  return isSparse(X) ? sparseProducts(workspace, X, scale) : denseProducts(workspace, X, scale);
}
