import type { JacobiSweepArguments, OrthogonalizeRowsArguments } from "../../contract.ts";
import { matrixView } from "../operands.ts";
import { rotate } from "./rotation.ts";

/**
 * Cosine and sine of the smaller of the two angles that make `(p, q)` of `[[alpha, gamma], [gamma, beta]]` zero, and their
 * quotient (Rutishauser 1966).
 */
function angle(alpha: number, beta: number, gamma: number): { c: number; s: number; t: number } {
  const zeta = (beta - alpha) / (2 * gamma);
  const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
  const c = 1 / Math.sqrt(1 + t * t);
  return { c, s: c * t, t };
}

/** Two-sided: rows, then columns as their mirror. */
export function jacobiSweep({ a, vectors, threshold }: JacobiSweepArguments): number {
  const { values, stride, rows } = matrixView(a), other = matrixView(vectors);
  let count = 0;
  for (let p = 0; p < rows; p++) {
    for (let q = p + 1; q < rows; q++) {
      const gamma = values[p * stride + q];
      if (!(Math.abs(gamma) > threshold)) continue;
      const alpha = values[p * stride + p], beta = values[q * stride + q];
      const { c, s, t } = angle(alpha, beta, gamma);
      rotate(values, p * stride, q * stride, rows, c, s);
      for (let r = 0; r < rows; r++) {
        values[r * stride + p] = values[p * stride + r];
        values[r * stride + q] = values[q * stride + r];
      }
      values[p * stride + p] = alpha - t * gamma;
      values[q * stride + q] = beta + t * gamma;
      values[p * stride + q] = values[q * stride + p] = 0;
      rotate(other.values, p * other.stride, q * other.stride, vectors.columns, c, s);
      count++;
    }
  }
  return count;
}

/** The two of a round of a tournament of `players` (even) that meet at table `table`. */
function pairOf(players: number, round: number, table: number): [number, number] {
  const others = players - 1;
  const one = (round + table) % others, other = table === 0 ? others : (round + others - table) % others;
  return one < other ? [one, other] : [other, one];
}

/** One-sided: each pair of rows meets once. */
export function orthogonalizeRows({ a, along, tolerance }: OrthogonalizeRowsArguments): number {
  const { values, stride, rows, columns } = matrixView(a), other = matrixView(along);
  const players = rows + rows % 2;
  const dot = (p: number, q: number) => {
    let sum = 0;
    for (let k = 0; k < columns; k++) sum += values[p * stride + k] * values[q * stride + k];
    return sum;
  };
  let count = 0;
  for (let round = 0; round + 1 < players; round++) {
    for (let table = 0; 2 * table < players; table++) {
      const [p, q] = pairOf(players, round, table);
      if (q >= rows) continue;
      const alpha = dot(p, p), beta = dot(q, q), gamma = dot(p, q);
      if (!(Math.abs(gamma) > tolerance * Math.sqrt(alpha) * Math.sqrt(beta))) continue;
      const { c, s } = angle(alpha, beta, gamma);
      rotate(values, p * stride, q * stride, columns, c, s);
      rotate(other.values, p * other.stride, q * other.stride, along.columns, c, s);
      count++;
    }
  }
  return count;
}
