import type { BackwardEliminationArguments, SupportUpdateArguments } from "../../contract.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** What a change of the support does, column by column. */
export function supportUpdate(operands: SupportUpdateArguments): void {
  const { square, single, least } = operands, products = matrixView(operands.products);
  const row = vectorView(operands.row), shares = vectorView(operands.shares), factors = vectorView(operands.factors);
  const curvatures = vectorView(operands.curvatures), correlations = vectorView(operands.correlations);
  const whole = vectorView(operands.whole);
  for (let j = 0; j < row.length; j++) {
    let q = row[j];
    for (let k = 0; k < shares.length; k++) q += shares[k] * products.values[k * products.stride + j];
    for (let k = 0; k < factors.length; k++) products.values[k * products.stride + j] += factors[k] * q;
    const curvature = curvatures[j] + square * q * q;
    curvatures[j] = curvature > least * whole[j] ? curvature : 0;
    correlations[j] += single * q;
  }
}

/** Backward elimination from an inverse that is updated each time. */
export function backwardElimination(operands: BackwardEliminationArguments): number {
  const gram = matrixView(operands.gram), linear = vectorView(operands.linear), stays = hostView(operands.stays);
  const order = hostView(operands.order), costs = vectorView(operands.costs), count = linear.length;
  const inverse = Array.from(
    { length: count },
    (_, i) =>
      Float64Array.from({ length: count }, (_, j) => gram.values[Math.max(i, j) * gram.stride + Math.min(i, j)]),
  );
  // Sweeps leave the negative of the inverse in place (Goodnight 1979).
  for (let k = 0; k < count; k++) {
    const pivot = inverse[k][k];
    if (!(pivot > 0)) return -1;
    const column = inverse[k].slice();
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < count; j++) inverse[i][j] -= column[i] * column[j] / pivot;
    }
    for (let i = 0; i < count; i++) inverse[i][k] = inverse[k][i] = column[i] / pivot;
    inverse[k][k] = -1 / pivot;
  }
  const coefficients = inverse.map((row) => -row.reduce((sum, value, j) => sum + value * linear[j], 0));
  const left = new Set(inverse.keys());
  for (let step = 0;; step++) {
    let leaving = -1, least = Infinity;
    for (const i of left) {
      const cost = coefficients[i] ** 2 / -inverse[i][i];
      if (stays[i] || !(cost < least)) continue;
      leaving = i;
      least = cost;
    }
    if (leaving < 0) return step;
    order[step] = leaving;
    costs[step] = least / 2;
    left.delete(leaving);
    const column = inverse[leaving].slice(), pivot = column[leaving], own = coefficients[leaving];
    for (const i of left) {
      coefficients[i] -= column[i] / pivot * own;
      for (const j of left) inverse[i][j] -= column[i] * column[j] / pivot;
    }
  }
}
