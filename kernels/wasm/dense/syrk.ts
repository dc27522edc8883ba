import { PRODUCT_SCRATCH } from "./blocking.ts";
import { rowUnit } from "./strides.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.syrk}: pairs of rows of the upper triangle split, then rows of the mirrored one. */
export const syrk: Lowering<"syrk"> = ({ a, c, alpha = 1, beta = 0 }) => {
  const n = a.columns, input = a.array.dtype, output = c.array.dtype;
  return [
    {
      entry: input === output ? `syrk_${output}` : `syrk_${input}_${output}`,
      parameters: [n, a.rows, alpha, addressOf(a), strideOf(a), beta, addressOf(c), strideOf(c)],
      extent: Math.ceil(n / 2),
      grain: grainFor(n * a.rows, rowUnit),
      scratchBytes: PRODUCT_SCRATCH * bytesPerElement[input],
    },
    {
      entry: `mirror_${output}`,
      parameters: [n, addressOf(c), strideOf(c)],
      extent: n,
      grain: grainFor(n, 16),
    },
  ];
};
