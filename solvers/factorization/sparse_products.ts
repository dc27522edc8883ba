/** Products of sparse data with factors. @module */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { dtypeOf, type SparseMatrix } from "../core/matrix.ts";
import { sparseEntries, sparseOperands } from "../spectral/sparse.ts";
import { createStages, elementsOf, factorIn, type Products } from "./products.ts";

/**
 * Sparse data, divided by `scale`, in the host workspace. Products take factors as columns, so that factors are turned
 * before and after: O(rank (rows + columns)) beside the O(entries rank) of the product.
 */
export function sparseProducts(workspace: Workspace, X: SparseMatrix, scale: number): Products {
  const { host } = workspace, [rows, columns] = X.shape, dtype = dtypeOf(X.data);
  const { indptr, indices, data } = X.format === "csr" ? X : compressedRows(X);
  const values = host.allocate(dtype, data.length, "X");
  host.write(values, data.map((value) => value / scale));
  const entries = sparseEntries(host, { shape: [rows, columns], indptr, columns: indices });
  const { matrix, transpose } = sparseOperands(entries, { array: values, length: data.length });
  const rowSquares = new Float64Array(rows);
  let squaredNorm = 0;
  for (let i = 0; i < rows; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) rowSquares[i] += (data[e] / scale) ** 2;
    squaredNorm += rowSquares[i];
  }
  const stage = createStages((...of) => factorIn(workspace, dtype, ...of));
  const product = async (s: typeof matrix, factor: MatrixOperand, target: MatrixOperand) => {
    const x = stage(factor.columns, factor.rows, "factor"), y = stage(target.columns, target.rows, "product");
    turn(elementsOf(workspace, factor), elementsOf(workspace, x), factor.rows, factor.columns);
    await host.kernels.sparseProduct({ s, x, y });
    turn(elementsOf(workspace, y), elementsOf(workspace, target), y.rows, y.columns);
  };
  return {
    rows,
    columns,
    dtype,
    unit: dtype === "f32" ? 2 ** -24 : 2 ** -53,
    squaredNorm,
    work: data.length,
    rowSquares,
    times: (factor, target) => product(transpose, factor, target),
    timesTransposed: (factor, target) => product(matrix, factor, target),
    async timesGram(factor, target) {
      const between = stage(factor.rows, columns, "between");
      await product(transpose, factor, between);
      await product(matrix, between, target);
    },
    column(j) {
      const column = new Float64Array(rows);
      for (let i = 0; i < rows; i++) {
        for (let e = indptr[i]; e < indptr[i + 1]; e++) if (indices[e] === j) column[i] = data[e] / scale;
      }
      return column;
    },
    addRow(sum, factor, i) {
      for (let e = indptr[i]; e < indptr[i + 1]; e++) sum[indices[e]] += factor * (data[e] / scale);
    },
  };
}

/** The transpose of a matrix whose rows follow one another. */
function turn(source: Float32Array | Float64Array, target: Float32Array | Float64Array, rows: number, columns: number) {
  for (let i = 0; i < rows; i++) {
    for (let j = 0, at = i * columns; j < columns; j++, at++) target[j * rows + i] = source[at];
  }
}

/** The same matrix by rows, of one whose columns are compressed. */
export function compressedRows({ shape: [rows, columns], indptr, indices, data }: SparseMatrix): SparseMatrix {
  const starts = new Uint32Array(rows + 1);
  for (const row of indices) starts[row + 1]++;
  for (let i = 0; i < rows; i++) starts[i + 1] += starts[i];
  const next = starts.slice(0, rows), places = new Uint32Array(data.length), values = data.slice();
  for (let j = 0; j < columns; j++) {
    for (let e = indptr[j]; e < indptr[j + 1]; e++) {
      const at = next[indices[e]]++;
      places[at] = j;
      values[at] = data[e];
    }
  }
  return { format: "csr", shape: [rows, columns], indptr: starts, indices: places, data: values };
}
