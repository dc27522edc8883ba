import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { distrust } from "../core/certificate.ts";
import { allocateMatrix, type Pause } from "./operands.ts";

/** Singular values and vectors of a matrix. */
export interface SingularValues {
  /** From the largest to the smallest, as many as the matrix has rows. */
  readonly values: Float64Array;
  /** `U^T`: one left singular vector a row; the caller frees its array. */
  readonly left: MatrixOperand;
}

/** Most sweeps; they converge quadratically, and some eight are usual. */
const mostSweeps = 60;

/**
 * The singular values of `a` [m, n], best with m <= n, by one-sided rotations of its rows; `a` becomes `diag(values) V^T`.
 * Also small values are accurate, where the rows differ in length alone. O(m^2 n) a sweep.
 *
 * @throws {BackendError} where the kernels do not converge
 */
export async function singularValues(workspace: Workspace, a: MatrixOperand, pause?: Pause): Promise<SingularValues> {
  const { rows, columns, offset = 0, stride = columns } = a, { dtype } = a.array;
  const left = allocateMatrix(workspace, dtype, rows, rows, "left singular vectors");
  const view = workspace.view(a.array), unit = workspace.view(left.array);
  for (let i = 0; i < rows; i++) unit[i * (rows + 1)] = 1;
  const epsilon = dtype === "f64" ? Number.EPSILON : 2 ** -23, tolerance = epsilon * Math.sqrt(Math.max(1, columns));
  const row = (i: number) => view.subarray(offset + i * stride, offset + i * stride + columns);
  const lengths = () => Float64Array.from({ length: rows }, (_, i) => lengthOf(row(i)));
  for (let sweep = 0;; sweep++) {
    // Rows of rounding alone turn among themselves without end.
    const before = lengths(), largest = before.reduce((most, length) => Math.max(most, length), 0);
    before.forEach((length, i) => length <= tolerance * largest && row(i).fill(0));
    if (await workspace.kernels.orthogonalizeRows({ a, along: left, tolerance }) === 0) break;
    if (sweep === mostSweeps) throw distrust(`the singular values of ${rows} rows do not converge`);
    await pause?.();
  }
  const values = lengths(), order = Array.from(values.keys()).sort((i, j) => values[j] - values[i] || i - j);
  const rowsOfA = order.map((i) => row(i).slice()), rowsOfLeft = order.map((i) => unit.slice(i * rows, (i + 1) * rows));
  order.forEach((_, i) => {
    row(i).set(rowsOfA[i]);
    unit.set(rowsOfLeft[i], i * rows);
  });
  return { values: Float64Array.from(order, (i) => values[i]), left };
}

function lengthOf(row: Float32Array | Float64Array): number {
  let sum = 0;
  for (let k = 0; k < row.length; k++) sum += row[k] * row[k];
  return Math.sqrt(sum);
}
