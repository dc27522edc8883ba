import type { MatrixOperand } from "../../contract.ts";
import { PRODUCT_SCRATCH } from "./blocking.ts";
import { gemv } from "./gemv.ts";
import { rowUnit, stridesOf } from "./strides.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

/**
 * Lowering of {@linkcode Kernels.gemm}: the rows of C split. Packing a single row or column costs more than it saves.
 */
export const gemm: Lowering<"gemm"> = (
  { a: left, b: right, c, transposeA = false, transposeB = false, alpha = 1, beta = 0 },
) => {
  // Arrays of f16 live on devices alone.
  const a = left as MatrixOperand, b = right as MatrixOperand;
  const depth = transposeA ? a.rows : a.columns;
  const aStrides = stridesOf(a, transposeA), bStrides = stridesOf(b, transposeB);
  if (c.columns === 1 && strideOf(c) === 1 && bStrides[0] === 1) {
    return gemv({ a, transpose: transposeA, x: { ...b, length: depth }, y: { ...c, length: c.rows }, alpha, beta });
  }
  if (c.rows === 1 && aStrides[1] === 1) {
    return gemv({
      a: b,
      transpose: !transposeB,
      x: { ...a, length: depth },
      y: { ...c, length: c.columns },
      alpha,
      beta,
    });
  }
  return [{
    entry: `gemm_${c.array.dtype}`,
    parameters: [
      c.rows,
      c.columns,
      depth,
      alpha,
      addressOf(a),
      ...aStrides,
      addressOf(b),
      ...bStrides,
      beta,
      addressOf(c),
      strideOf(c),
    ],
    extent: c.rows,
    grain: grainFor(c.columns * depth, rowUnit),
    scratchBytes: PRODUCT_SCRATCH * bytesPerElement[c.array.dtype],
  }];
};
