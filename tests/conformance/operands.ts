/** Operands for the conformance grid: filled, offset and strided. */

import type { Workspace } from "../../kernels/engine/mod.ts";
import type {
  DeviceArray,
  Dtype,
  FloatDtype,
  HostArray,
  MatrixOperand,
  VectorOperand,
} from "../../kernels/contract.ts";

/** Gives the value of each element in turn, also of those that lie between the rows of a matrix. */
export type Fill = () => number;

/** A vector that begins one element into its array. */
export function vectorOf(workspace: Workspace, dtype: FloatDtype, length: number, fill: Fill): VectorOperand {
  const array = workspace.allocate(dtype, length + 1, "vector");
  workspace.write(array, Array.from({ length: length + 1 }, fill));
  return { array, length, offset: 1 };
}

/** A matrix that begins one element into its array, with `gap` elements between its rows. */
export function matrixOf(
  workspace: Workspace,
  dtype: FloatDtype,
  rows: number,
  columns: number,
  fill: Fill,
  gap = 0,
): MatrixOperand {
  const stride = columns + gap, length = rows * stride + 1;
  const array = workspace.allocate(dtype, length, "matrix");
  workspace.write(array, Array.from({ length }, fill));
  return { array, rows, columns, offset: 1, stride };
}

/** The whole array of an operand, a live view. */
export function viewOf(operand: VectorOperand | MatrixOperand): Float32Array | Float64Array {
  return (operand.array as HostArray<FloatDtype>).view;
}

/** An operand of the same shape over its own array: a copy, or `map` of each element. */
export function copyOf<O extends VectorOperand | MatrixOperand>(
  workspace: Workspace,
  operand: O,
  map: (value: number) => number = (value) => value,
  dtype: Dtype = operand.array.dtype,
): O {
  const array = workspace.allocate(dtype, operand.array.length, "copy");
  workspace.write(array, Array.from(viewOf(operand), map));
  return { ...operand, array };
}

/** The elements of a matrix, row after row, without what lies between the rows. */
export function elements(matrix: MatrixOperand): number[] {
  const { rows, columns, offset = 0, stride = columns } = matrix;
  return Array.from(
    { length: rows * columns },
    (_, k) => viewOf(matrix)[offset + Math.floor(k / columns) * stride + k % columns],
  );
}

/** A copy of the operands with each array replaced, once for each place where it stands. */
export function replaceArrays<T extends object>(operands: T, replace: (array: HostArray) => DeviceArray): T {
  return Object.fromEntries(
    Object.entries(operands).map(([key, value]) => {
      if (typeof value !== "object" || value === null || Array.isArray(value) || ArrayBuffer.isView(value)) {
        return [key, value];
      }
      return [key, "view" in value ? replace(value as HostArray) : replaceArrays(value, replace)];
    }),
  ) as T;
}

/** Whether two views hold the same numbers to the sign of zero; NaN is NaN. */
export function sameBits(one: ArrayLike<number>, other: ArrayLike<number>): boolean {
  for (let i = 0; i < other.length; i++) if (!Object.is(one[i], other[i])) return false;
  return one.length === other.length;
}
