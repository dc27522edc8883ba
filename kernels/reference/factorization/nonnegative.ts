import type { NonnegativeStepArguments, NonnegativeSweepArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";
import { leastCurvature } from "./curvature.ts";

/** Rows of `H` in turn, each to its minimum over `H >= 0` (Cichocki & Phan 2009). */
export function nonnegativeSweep(
  { gram, linear, factor, sweeps = 1, supported = false }: NonnegativeSweepArguments,
): void {
  const M = matrixView(gram), R = matrixView(linear), H = matrixView(factor);
  for (let sweep = 0; sweep < sweeps; sweep++) {
    for (let j = 0; j < H.rows; j++) {
      const curvature = M.values[j * M.stride + j];
      if (!(curvature > leastCurvature(H.values))) continue;
      for (let i = 0; i < H.columns; i++) {
        const at = j * H.stride + i, old = H.values[at];
        if (supported && !(old > 0)) continue;
        let residual = R.values[j * R.stride + i];
        for (let s = 0; s < H.rows; s++) residual -= M.values[j * M.stride + s] * H.values[s * H.stride + i];
        H.values[at] = Math.max(old + residual / curvature, 0);
      }
    }
  }
}

/** `max(H + step (R - M H), 0)`. */
export function nonnegativeStep({ gram, linear, factor, step }: NonnegativeStepArguments): void {
  const M = matrixView(gram), R = matrixView(linear), H = matrixView(factor);
  const column = new Float64Array(H.rows);
  for (let i = 0; i < H.columns; i++) {
    for (let j = 0; j < H.rows; j++) column[j] = H.values[j * H.stride + i];
    for (let j = 0; j < H.rows; j++) {
      let residual = R.values[j * R.stride + i];
      for (let s = 0; s < H.rows; s++) residual -= M.values[j * M.stride + s] * column[s];
      H.values[j * H.stride + i] = Math.max(column[j] + step * residual, 0);
    }
  }
}
