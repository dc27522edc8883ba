import type { FactorStepsArguments } from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Ridge steps, each by the Cholesky factorisation of its own normal equations. */
export function factorSteps(operands: FactorStepsArguments): void {
  const { penalty, offsetPenalty } = operands, indptr = hostView(operands.indptr);
  const order = operands.order && hostView(operands.order), indices = hostView(operands.indices);
  const gradients = vectorView(operands.gradients), curvatures = vectorView(operands.curvatures);
  const other = matrixView(operands.other), factor = matrixView(operands.factor);
  const offsets = operands.offsets && vectorView(operands.offsets);
  const rank = factor.columns, size = rank + (offsets ? 1 : 0);
  const normal = new Float64Array(size * size), step = new Float64Array(size), line = new Float64Array(size);
  for (let i = 0; i < factor.rows; i++) {
    const start = i * factor.stride;
    normal.fill(0);
    for (let p = 0; p < size; p++) {
      normal[p * size + p] = p < rank ? penalty : offsetPenalty;
      step[p] = p < rank ? penalty * factor.values[start + p] : offsetPenalty * offsets![i];
    }
    for (let at = indptr[i]; at < indptr[i + 1]; at++) {
      const k = order ? order[at] : at, begin = indices[at] * other.stride;
      for (let p = 0; p < size; p++) line[p] = p < rank ? other.values[begin + p] : 1;
      for (let p = 0; p < size; p++) {
        step[p] += gradients[k] * line[p];
        for (let q = 0; q <= p; q++) normal[p * size + q] += curvatures[k] * line[p] * line[q];
      }
    }
    // A = L L^T, then L y = g and L^T s = y.
    for (let p = 0; p < size; p++) {
      for (let q = 0; q <= p; q++) {
        let sum = normal[p * size + q];
        for (let r = 0; r < q; r++) sum -= normal[p * size + r] * normal[q * size + r];
        normal[p * size + q] = q === p ? Math.sqrt(sum) : sum / normal[q * size + q];
      }
      for (let r = 0; r < p; r++) step[p] -= normal[p * size + r] * step[r];
      step[p] /= normal[p * size + p];
    }
    for (let p = size - 1; p >= 0; p--) {
      for (let r = p + 1; r < size; r++) step[p] -= normal[r * size + p] * step[r];
      step[p] /= normal[p * size + p];
    }
    for (let p = 0; p < rank; p++) factor.values[start + p] -= step[p];
    if (offsets) offsets[i] -= step[rank];
  }
}
