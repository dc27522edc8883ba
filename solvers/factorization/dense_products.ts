/** Products of dense data with factors. @module */

import type { DeviceArray, FloatDtype, MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { dtypeOf, type Matrix, type Vector } from "../core/matrix.ts";
import { createStages, elementsOf, type Products } from "./products.ts";

/** Dense data, divided by `scale`, where the products run. */
export function denseProducts(workspace: Workspace, X: Matrix, scale: number): Products {
  // Of a power of two: exact.
  const [rows, columns] = X.shape, dtype = dtypeOf(X.data), inverse = 1 / scale;
  const x: MatrixOperand = { array: workspace.allocate(dtype, rows * columns, "X"), rows, columns };
  const rowSquares = new Float64Array(rows), onHost = workspace === workspace.host;
  let squaredNorm = 0;
  const line = onHost ? workspace.view(x.array as DeviceArray<FloatDtype>) : new Float64Array(columns);
  for (let i = 0; i < rows; i++) {
    const place = onHost ? i * columns : 0;
    squaredNorm += rowSquares[i] = scaledRow(X.data, i * columns, columns, inverse, line, place);
    if (!onHost) workspace.write(x.array, line, i * columns);
  }
  return {
    rows,
    columns,
    dtype,
    unit: dtype === "f32" ? 2 ** -24 : 2 ** -53,
    squaredNorm,
    work: rows * columns,
    rowSquares,
    data: onHost ? x : undefined,
    ...productsWith(workspace, x, dtype),
    column: (j) => Float64Array.from({ length: rows }, (_, i) => X.data[i * columns + j] * inverse),
    addRow(sum, factor, i) {
      for (let j = 0, at = i * columns; j < columns; j++) sum[j] += factor * (X.data[at + j] * inverse);
    },
  };
}

/** Copies a row, scaled. @returns the sum of its squares */
function scaledRow(data: Vector, from: number, length: number, scale: number, target: Vector, place: number): number {
  let a = 0, b = 0, j = 0;
  for (; j + 1 < length; j += 2) {
    const value = data[from + j] * scale, next = data[from + j + 1] * scale;
    target[place + j] = value;
    target[place + j + 1] = next;
    a += value * value;
    b += next * next;
  }
  if (j < length) {
    const value = target[place + j] = data[from + j] * scale;
    a += value * value;
  }
  return a + b;
}

/** Products with `x`, through copies of factors and results where `x` is on a device. */
function productsWith(
  workspace: Workspace,
  x: MatrixOperand,
  dtype: FloatDtype,
): Pick<Products, "times" | "timesTransposed" | "timesGram"> {
  const { kernels, host } = workspace, away = workspace !== host;
  const stage = createStages((rows, columns, label) => ({
    array: workspace.allocate(dtype, rows * columns, label),
    rows,
    columns,
  }));
  const placed = (factor: MatrixOperand) => {
    if (!away) return factor;
    const there = stage(factor.rows, factor.columns, "factor");
    workspace.write(there.array, elementsOf(workspace, factor));
    return there;
  };
  /** Makes the result where the products run, and brings it back. */
  const into = async (target: MatrixOperand, make: (there: MatrixOperand) => Promise<unknown>) => {
    if (!away) return void await make(target);
    const there = stage(target.rows, target.columns, "product");
    await make(there);
    elementsOf(workspace, target).set(await workspace.read(there.array as DeviceArray<FloatDtype>));
  };
  const product = async (a: MatrixOperand, c: MatrixOperand, transposeB: boolean) => {
    await kernels.gemm({ a, b: x, c, transposeB });
  };
  return {
    times: (factor, target) => into(target, (there) => product(placed(factor), there, false)),
    timesTransposed: (factor, target) => into(target, (there) => product(placed(factor), there, true)),
    timesGram: (factor, target) =>
      into(target, async (there) => {
        const between = stage(factor.rows, x.columns, "between");
        await product(placed(factor), between, false);
        await product(between, there, true);
      }),
  };
}
