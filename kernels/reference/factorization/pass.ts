import type { NonnegativePassArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";
import { leastCurvature } from "./curvature.ts";
import { rowGram } from "./rows.ts";

/** Sweeps of the weights `W` for `X ~ W H`, then `W X` and `W W^T`. */
export function nonnegativePass(
  { x, components, gram, factor, sweeps = 1, linear, factorGram }: NonnegativePassArguments,
): void {
  const X = matrixView(x), H = matrixView(components), G = matrixView(gram), W = matrixView(factor);
  const R = matrixView(linear), sums = Array.from({ length: H.rows }, () => new Float64Array(X.columns));
  for (let i = 0; i < X.rows; i++) {
    const inner = sums.map((_, t) => {
      let sum = 0;
      for (let j = 0; j < X.columns; j++) sum += H.values[t * H.stride + j] * X.values[i * X.stride + j];
      return sum;
    });
    for (let sweep = 0; sweep < sweeps; sweep++) {
      for (let t = 0; t < H.rows; t++) {
        const curvature = G.values[t * G.stride + t];
        if (!(curvature > leastCurvature(W.values))) continue;
        let residual = inner[t];
        for (let s = 0; s < H.rows; s++) residual -= G.values[t * G.stride + s] * W.values[s * W.stride + i];
        W.values[t * W.stride + i] = Math.max(W.values[t * W.stride + i] + residual / curvature, 0);
      }
    }
    sums.forEach((sum, t) => {
      for (let j = 0; j < X.columns; j++) sum[j] += W.values[t * W.stride + i] * X.values[i * X.stride + j];
    });
  }
  sums.forEach((sum, t) => {
    for (let j = 0; j < X.columns; j++) R.values[t * R.stride + j] = sum[j];
  });
  rowGram({ a: factor, gram: factorGram });
}
