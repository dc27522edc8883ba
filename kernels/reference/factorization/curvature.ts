import { LEAST_CURVATURE_F32, LEAST_CURVATURE_F64 } from "../../contract/factorization/constants.ts";

/** The curvature up to which rows of a factor stay. */
export function leastCurvature(values: Float32Array | Float64Array): number {
  return values instanceof Float32Array ? LEAST_CURVATURE_F32 : LEAST_CURVATURE_F64;
}
