import type { ProductDescentArguments } from "../../contract.ts";
import { minimiser } from "./penalty.ts";
import { diagonalMinimiser } from "./pseudolikelihood_steps.ts";
import { hostView, matrixView, vectorView } from "../operands.ts";

/** Sweeps after which `T S` is computed afresh, so that rounding errors of the updates do not pile up. */
const refreshEvery = 16;

/** Coordinate descent from the Gram matrix; `products` follow each step, and are computed afresh now and then. */
export function productDescent(operands: ProductDescentArguments): number {
  const { penalty, sweeps, tolerance } = operands;
  const gram = matrixView(operands.gram), products = matrixView(operands.products);
  const ends = hostView(operands.ends), kinds = hostView(operands.kinds);
  const values = vectorView(operands.values), diagonal = vectorView(operands.diagonal);
  const norms = vectorView(operands.norms);
  const vertices = diagonal.length, edges = values.length;
  const gramAt = (i: number, j: number) => gram.values[i * gram.stride + j];
  const productAt = (i: number, j: number) => products.values[i * products.stride + j];
  const add = (i: number, j: number, delta: number) => {
    for (let k = 0; k < vertices; k++) products.values[i * products.stride + k] += delta * gramAt(j, k);
  };
  const refresh = () => {
    for (let i = 0; i < vertices; i++) {
      for (let k = 0; k < vertices; k++) products.values[i * products.stride + k] = diagonal[i] * gramAt(i, k);
    }
    for (let e = 0; e < edges; e++) {
      if (values[e] === 0) continue;
      add(ends[2 * e], ends[2 * e + 1], values[e]);
      add(ends[2 * e + 1], ends[2 * e], values[e]);
    }
    for (let i = 0; i < vertices; i++) norms[i] = diagonal[i] * productAt(i, i);
    for (let e = 0; e < edges; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1];
      norms[i] += values[e] * productAt(i, j);
      norms[j] += values[e] * productAt(j, i);
    }
  };
  if (!operands.resumes) refresh();
  let sweep = 0;
  while (sweep < sweeps) {
    sweep++;
    let change = 0;
    for (let e = 0; e < edges; e++) {
      const i = ends[2 * e], j = ends[2 * e + 1];
      const si = gramAt(i, i), sj = gramAt(j, j);
      const curvature = 2 * (sj / diagonal[i] + si / diagonal[j]);
      const derivative = curvature * values[e] - 2 * (productAt(i, j) / diagonal[i] + productAt(j, i) / diagonal[j]);
      const delta = minimiser(kinds[e], curvature, derivative, penalty) - values[e];
      if (delta === 0) continue;
      values[e] += delta;
      norms[i] += delta * (2 * productAt(i, j) + delta * sj);
      norms[j] += delta * (2 * productAt(j, i) + delta * si);
      add(i, j, delta);
      add(j, i, delta);
      change += (curvature + 2 * penalty.lambda2) * delta * delta;
    }
    for (let i = 0; i < vertices; i++) {
      const s = gramAt(i, i), old = diagonal[i];
      const delta = diagonalMinimiser(s, old, productAt(i, i), norms[i]) - old;
      diagonal[i] += delta;
      norms[i] += delta * (2 * productAt(i, i) + delta * s);
      add(i, i, delta);
      change += (delta / diagonal[i]) ** 2;
    }
    if (sweep % refreshEvery === 0) refresh();
    if (change <= tolerance) break;
  }
  const diagonalProducts = vectorView(operands.diagonalProducts);
  for (let i = 0; i < vertices; i++) diagonalProducts[i] = productAt(i, i);
  return sweep;
}
