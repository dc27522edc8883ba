import { PRODUCT_SCRATCH } from "./blocking.ts";
import { CHOLESKY_BLOCK, CHOLESKY_SCRATCH } from "./cholesky_blocking.ts";
import { addressOf, bytesPerElement, grainFor, type Lowering, strideOf } from "../launch.ts";

/**
 * Lowering of {@linkcode Kernels.cholesky}: block by block from the last, and no further than a pivot that is not
 * positive. The rows above a block split; those above a block narrower than the others come with it, unblocked.
 */
export const cholesky: Lowering<"cholesky"> = function* ({ a, schur = 0 }) {
  const address = addressOf(a), stride = strideOf(a);
  for (let end = a.columns; end > schur; end -= CHOLESKY_BLOCK) {
    const first = Math.max(schur, end - CHOLESKY_BLOCK), width = end - first;
    const top = width < CHOLESKY_BLOCK ? 0 : first;
    const failed = yield { entry: "choleskyBlock_f64", parameters: [top, first, end, address, stride] };
    if (failed >= 0) return failed;
    if (top === first) {
      yield {
        entry: "choleskySolve_f64",
        parameters: [first, address, stride],
        extent: first,
        grain: grainFor(CHOLESKY_BLOCK ** 2 / 2, 4),
        scratchBytes: CHOLESKY_SCRATCH * bytesPerElement.f64,
      };
    }
    yield {
      entry: "choleskyUpdate_f64",
      parameters: [first, width, address, stride],
      extent: Math.ceil(first / 2),
      grain: grainFor(first * width, 10),
      scratchBytes: PRODUCT_SCRATCH * bytesPerElement.f64,
    };
  }
  return -1;
};
