import { PRODUCT_SCRATCH } from "./blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

/** Lowering of {@linkcode Kernels.partialProducts}: blocks split. */
export const partialProducts: Lowering<"partialProducts"> = ({ a, b, parts, lines }) => {
  const other = b ?? a, { dtype } = parts.array;
  return [{
    entry: `partialProducts_${dtype}`,
    parameters: [
      a.rows,
      lines,
      a.columns,
      addressOf(a),
      strideOf(a),
      other.columns,
      b ? addressOf(b) : 0,
      strideOf(other),
      addressOf(parts),
      strideOf(parts),
    ],
    extent: parts.rows,
    grain: grainFor(lines * a.columns * other.columns),
    scratchBytes: PRODUCT_SCRATCH * bytesPerElement[dtype],
  }];
};
