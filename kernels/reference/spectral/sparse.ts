import type { SampledProductArguments, SparseFillArguments, SparseProductArguments } from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Line by line, each element summed in f64 from first to last. */
export function sparseProduct({ s, x, y, alpha = 1, beta = 0 }: SparseProductArguments): void {
  const indptr = hostView(s.indptr), indices = hostView(s.indices), values = vectorView(s.values);
  const positions = s.positions && hostView(s.positions), right = matrixView(x), target = matrixView(y);
  for (let i = 0; i < y.rows; i++) {
    for (let k = 0; k < y.columns; k++) {
      let sum = 0;
      for (let e = indptr[i]; e < indptr[i + 1]; e++) {
        sum += values[positions ? positions[e] : e] * right.values[indices[e] * right.stride + k];
      }
      const at = i * target.stride + k;
      target.values[at] = alpha * sum + (beta === 0 ? 0 : beta * target.values[at]);
    }
  }
}

/** Entry by entry, summed in f64. */
export function sampledProduct({ pattern, left, right, values, base, alpha = 1 }: SampledProductArguments): void {
  const indptr = hostView(pattern.indptr), indices = hostView(pattern.indices), target = vectorView(values);
  const one = matrixView(left), other = matrixView(right), start = base && vectorView(base);
  for (let i = 0; i < left.rows; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      let sum = 0;
      for (let k = 0; k < left.columns; k++) {
        sum += one.values[i * one.stride + k] * other.values[indices[e] * other.stride + k];
      }
      target[e] = alpha * sum + (start ? start[e] : 0);
    }
  }
}

/** Entry by entry. */
export function sparseFill({ pattern, values, shares, y }: SparseFillArguments): void {
  const indptr = hostView(pattern.indptr), indices = hostView(pattern.indices), source = vectorView(values);
  const part = shares && vectorView(shares), target = matrixView(y);
  for (let i = 0; i < y.rows; i++) {
    for (let e = indptr[i]; e < indptr[i + 1]; e++) {
      const at = i * target.stride + indices[e], there = target.values[at];
      target.values[at] = part ? there + part[e] * (source[e] - there) : source[e];
    }
  }
}
