import type { CausalAttentionArguments, RotatePositionsArguments } from "../../contract.ts";
import { matrixView, vectorView } from "../operands.ts";

/** Head by head, pair by pair. */
export function rotatePositions({ x, cosines, sines, headSize }: RotatePositionsArguments): void {
  const { values, stride } = matrixView(x), cosine = matrixView(cosines), sine = matrixView(sines);
  const half = cosines.columns;
  for (let i = 0; i < x.rows; i++) {
    for (let head = 0; head < x.columns; head += headSize) {
      for (let k = 0; k < half; k++) {
        const at = i * stride + head + k, c = cosine.values[i * half + k], s = sine.values[i * half + k];
        const one = values[at], other = values[at + half];
        values[at] = c * one - s * other;
        values[at + half] = s * one + c * other;
      }
    }
  }
}

/** Query by query, in f64. */
export function causalAttention(
  { queries, keys, values, outputs, heads, keyValueHeads, first, window = Infinity, scale, slopes }:
    CausalAttentionArguments,
): void {
  const q = matrixView(queries), k = matrixView(keys), v = matrixView(values), o = matrixView(outputs);
  const slope = slopes && vectorView(slopes), size = queries.columns / heads, shared = heads / keyValueHeads;
  for (let i = 0; i < queries.rows; i++) {
    const last = first + i, begin = Math.max(0, last + 1 - window);
    for (let head = 0; head < heads; head++) {
      const from = i * q.stride + head * size, place = Math.floor(head / shared) * size;
      const scores = new Float64Array(last + 1 - begin);
      for (let j = begin; j <= last; j++) {
        let sum = 0;
        for (let d = 0; d < size; d++) sum += q.values[from + d] * k.values[j * k.stride + place + d];
        scores[j - begin] = scale * sum - (slope ? slope[head] * (last - j) : 0);
      }
      const most = scores.reduce((most, score) => Math.max(most, score), -Infinity);
      const shares = scores.map((score) => Math.exp(score - most));
      const total = shares.reduce((sum, share) => sum + share, 0);
      for (let d = 0; d < size; d++) {
        let sum = 0;
        for (let j = begin; j <= last; j++) sum += shares[j - begin] * v.values[j * v.stride + place + d];
        o.values[i * o.stride + head * size + d] = sum / total;
      }
    }
  }
}
