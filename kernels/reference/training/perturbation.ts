import type { PerturbArguments } from "../../contract.ts";
import { GLOBAL, UNSCALED } from "../../contract/training/constants.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** `p = w + rho T^2 g / ||T g||` for each row, or a step of several. */
export function perturb(
  { parameters, gradients, perturbed, norms, segments, norm, rho, epsilon, eta, scaled, offsets, share = 1 }:
    PerturbArguments,
): void {
  const w = vectorView(parameters), G = matrixView(gradients), P = matrixView(perturbed), lengths = vectorView(norms);
  const E = offsets && matrixView(offsets), ends = hostView(segments), marks = scaled && hostView(scaled);
  const count = ends.length - 1;
  for (let i = 0; i < G.rows; i++) {
    const g = G.values.subarray(i * G.stride), p = P.values.subarray(i * P.stride);
    const e = E?.values.subarray(i * E.stride), next = new Float64Array(w.length);
    /** The norm of values, over the parts that belong together. */
    const over = (value: (k: number, scale: number) => number) => {
      const squares = Array.from({ length: count }, (_, s) => {
        let sum = 0;
        for (let k = ends[s]; k < ends[s + 1]; k++) sum += value(k, scaleAt(s, k)) ** 2;
        return sum;
      });
      const total = squares.reduce((a, b) => a + b, 0);
      return squares.map((square) => Math.sqrt(norm === GLOBAL ? total : square));
    };
    const scaleAt = (s: number, k: number) => eta !== undefined && marks![s] ? Math.abs(w[k]) + eta : 1;
    let plain = 0;
    for (let k = ends[0]; k < ends[count]; k++) plain += g[k] ** 2;
    lengths[i] = Math.sqrt(plain);
    const divisors = over((k, scale) => scale * g[k]);
    for (let s = 0; s < count; s++) {
      const step = share * (norm === UNSCALED ? rho : rho / (divisors[s] + epsilon));
      for (let k = ends[s]; k < ends[s + 1]; k++) next[k] = (e?.[k] ?? 0) + step * scaleAt(s, k) ** 2 * g[k];
    }
    const reach = over((k) => next[k]);
    for (let s = 0; s < count; s++) {
      const shrink = e && norm !== UNSCALED && reach[s] > rho ? rho / reach[s] : 1;
      for (let k = ends[s]; k < ends[s + 1]; k++) {
        if (e) e[k] = next[k] * shrink;
        p[k] = w[k] + next[k] * shrink;
      }
    }
  }
}
