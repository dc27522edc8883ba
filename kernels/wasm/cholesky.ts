import { PRODUCT_SCRATCH } from "./blocking.ts";
import { CHOLESKY_BLOCK, CHOLESKY_SCRATCH } from "./cholesky_blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "./launch.ts";

/**
 * Lowering of {@linkcode Kernels.cholesky}: block by block from the last, and no further than a pivot that is not
 * positive. The rows above a block split.
 */
export const cholesky: Lowering<"cholesky"> = function* ({ a }) {
  const address = addressOf(a), stride = strideOf(a);
  for (let end = a.columns; end > 0; end -= CHOLESKY_BLOCK) {
    const first = Math.max(0, end - CHOLESKY_BLOCK);
    const failed = yield { entry: "choleskyBlock_f64", parameters: [first, end, address, stride] };
    if (failed >= 0) return failed;
    yield {
      entry: "choleskySolve_f64",
      parameters: [first, address, stride],
      extent: first,
      grain: grainFor(CHOLESKY_BLOCK ** 2 / 2, 4),
      scratchBytes: CHOLESKY_SCRATCH * bytesPerElement.f64,
    };
    yield {
      entry: "choleskyUpdate_f64",
      parameters: [first, address, stride],
      extent: Math.ceil(first / 2),
      grain: grainFor(first * CHOLESKY_BLOCK, 10),
      scratchBytes: PRODUCT_SCRATCH * bytesPerElement.f64,
    };
  }
  return -1;
};
