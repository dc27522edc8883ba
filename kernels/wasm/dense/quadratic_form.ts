import { PRODUCT_SCRATCH } from "./blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";
import { FORM_SCRATCH } from "./quadratic_form_blocking.ts";

/** Lowering of {@linkcode Kernels.quadraticForm}: rows split. */
export const quadraticForm: Lowering<"quadraticForm"> = ({ x, a, values, begin = 0, end = x.columns }) => [{
  entry: `quadraticForm_${x.array.dtype}`,
  parameters: [addressOf(x), strideOf(x), addressOf(a), strideOf(a), addressOf(values), begin, end],
  extent: x.rows,
  grain: grainFor((end ** 2 - begin ** 2) / 2, 10),
  scratchBytes: (PRODUCT_SCRATCH + FORM_SCRATCH) * bytesPerElement.f64,
}];
