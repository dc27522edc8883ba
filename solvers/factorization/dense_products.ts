/** Products of dense data with factors. @module */

import type { DeviceArray, FloatDtype, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { dtypeOf, type Matrix } from "../core/matrix.ts";
import { elementsOf, type Products } from "./products.ts";

/** Dense data, divided by `scale`, where the products run. */
export function denseProducts(workspace: Workspace, X: Matrix, scale: number): Products {
  // Of a power of two: exact.
  const [rows, columns] = X.shape, dtype = dtypeOf(X.data), inverse = 1 / scale;
  const x: MatrixOperand = { array: workspace.allocate(dtype, rows * columns, "X"), rows, columns };
  const rowSquares = new Float64Array(rows);
  let squaredNorm = 0;
  const line = new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    let sum = 0;
    for (let j = 0; j < columns; j++) {
      const value = X.data[i * columns + j] * inverse;
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
    data: workspace === workspace.host ? x : undefined,
    times: (factor, target) => product(factor, target, false),
    timesTransposed: (factor, target) => product(factor, target, true),
    column: (j) => Float64Array.from({ length: rows }, (_, i) => X.data[i * columns + j] * inverse),
    addRow(sum, factor, i) {
      for (let j = 0, at = i * columns; j < columns; j++) sum[j] += factor * (X.data[at + j] * inverse);
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
