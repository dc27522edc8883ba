/** Access to operands that live in JavaScript-addressable memory, shared by the reference kernels. */

import type { DeviceArray, Dtype, FloatDtype, HostArray, MatrixOperand, VectorOperand, ViewOf } from "../contract.ts";

/** The live view of an array; throws a TypeError for one that lives on a device JavaScript cannot address. */
export function hostView<D extends Dtype>(array: DeviceArray<D>): ViewOf[D] {
  const { view } = array as HostArray<D>;
  if (view === undefined) throw new TypeError(`Cannot read "${array.label}" on the host: it lives on another device.`);
  return view;
}

/** The elements of a vector operand. */
export function vectorView({ array, offset = 0, length }: VectorOperand): Float32Array | Float64Array {
  return hostView(array).subarray(offset, offset + length);
}

/** The elements of a matrix operand from its first row on, and the distance between rows. */
export function matrixView(
  { array, rows, columns, offset = 0, stride = columns }: MatrixOperand<FloatDtype | "f16">,
): { values: Float32Array | Float64Array; stride: number; rows: number; columns: number } {
  return { values: hostView(array).subarray(offset), stride, rows, columns };
}
