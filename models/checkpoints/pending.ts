/** Tensors that are made when they are written, so that few of them are in memory. @module */

import { elementBits, elementCount, type Tensor } from "../../formats/tensor.ts";

/** A tensor to be. */
export interface PendingTensor extends Omit<Tensor, "data"> {
  /** Makes it. */
  read(): Promise<Tensor> | Tensor;
}

/** Its bytes. */
export function pendingBytes({ dtype, shape }: Omit<Tensor, "data">): number {
  return elementCount(shape) * elementBits(dtype) / 8;
}

/** A tensor of this type and shape, of which the elements are made when it is written. */
export function pendingTensor(
  dtype: Tensor["dtype"],
  shape: readonly number[],
  data: () => Tensor["data"] | Promise<Tensor["data"]>,
): PendingTensor {
  return { dtype, shape, read: async () => ({ dtype, shape, data: await data() }) };
}
