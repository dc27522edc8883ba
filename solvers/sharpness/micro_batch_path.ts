/**
 * Micro-batches of a linear regression in closed form. With `A_j = X_j^T X_j / n_j` the mean of their unnormalised steps is
 *
 *     w <- w - rate (H w - c),   H = X^T Y / n,   c = Y^T y / n,   Y_j = X_j (I + rho A_j):
 *
 * gradient descent with the curvature `H`, which is symmetric and moves the fixed point too.
 *
 * @module
 */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { createRandom } from "../core/random.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { gramByParts, productByParts } from "../spectral/products.ts";
import { checkClose, type ClosedPath, confirmedSpectrum, type Moments } from "./closed_path.ts";
import { partBounds } from "./micro_batches.ts";
import type { PlainData } from "./plain_data.ts";
import { filterOver } from "./spectral_filter.ts";

/** A path of micro-batches and what its moments need, all in the eigenbasis of `H`. */
export interface MicroBatchPath extends ClosedPath {
  /** Bias and variance of the fitted values after `k` steps. */
  moments?(rate: number, k: number): Moments;
}

/** The path of `parts` micro-batches. @param samples `X` where the kernels run */
export async function microBatchPath(
  workspace: Workspace,
  samples: MatrixOperand,
  { X, y, rows, columns, times, transposed }: PlainData,
  { parts, rho, truth, noise }: { parts: number; rho: number; truth?: ArrayLike<number>; noise: number },
  pause: Pause,
): Promise<MicroBatchPath> {
  const bounds = partBounds(rows, parts), { kernels } = workspace;
  const weighted = allocateMatrix(workspace, "f64", rows, columns, "weighted samples");
  workspace.view(weighted.array).set(X);
  const largest = bounds.reduce((most, end, j) => j === 0 ? 0 : Math.max(most, end - bounds[j - 1]), 0);
  const inner = Math.min(largest, columns), room = allocateMatrix(workspace, "f64", inner, inner, "micro-batch");
  for (let j = 0; j < parts; j++) {
    const begin = bounds[j], size = bounds[j + 1] - begin, small = Math.min(size, columns);
    const part = (of: MatrixOperand): MatrixOperand => ({ ...of, rows: size, offset: begin * columns });
    const a = part(samples), c = part(weighted), gram = { ...room, rows: small, columns: small };
    // X_j A_j = (X_j X_j^T) X_j / n_j, by the smaller of the two Gram matrices.
    if (size < columns) {
      await kernels.gemm({ a, b: a, c: gram, transposeB: true });
      await kernels.gemm({ a: gram, b: a, c, alpha: rho / size, beta: 1 });
    } else {
      await kernels.syrk({ a, c: gram });
      await kernels.gemm({ a, b: gram, c, alpha: rho / size, beta: 1 });
    }
    await pause();
  }
  /** `Y v` and `Y^T u` by plain sums. */
  const timesWeighted = (v: Float64Array) => {
    const image = times(v);
    bounds.forEach((end, j) => {
      if (j === 0) return;
      const begin = bounds[j - 1], inside = new Float64Array(rows);
      inside.set(image.subarray(begin, end), begin);
      const again = times(transposed(inside, begin, end), begin, end);
      for (let i = begin; i < end; i++) again[i] = image[i] + rho / (end - begin) * again[i];
      image.set(again.subarray(begin, end), begin);
    });
    return image;
  };
  const weightedTransposed = (u: Float64Array) => {
    const sum = new Float64Array(columns);
    bounds.forEach((end, j) => {
      if (j === 0) return;
      const begin = bounds[j - 1], image = transposed(u, begin, end);
      addScaled(sum, 1, image);
      addScaled(sum, rho / (end - begin), transposed(times(image, begin, end), begin, end));
    });
    return sum;
  };
  const scaled = (v: Float64Array, factor: number) => v.map((value) => value * factor);
  const curvature = allocateMatrix(workspace, "f64", columns, columns, "curvature");
  await productByParts(workspace, { a: samples, b: weighted, c: curvature, transposeA: true }, pause);
  const h = workspace.view(curvature.array);
  for (let i = 0; i < columns; i++) {
    for (let k = 0; k <= i; k++) {
      h[i * columns + k] = h[k * columns + i] = (h[i * columns + k] + h[k * columns + i]) / (2 * rows);
    }
  }
  const applyCurvature = (v: Float64Array) => scaled(transposed(timesWeighted(v)), 1 / rows);
  const { values, vectors } = await confirmedSpectrum(workspace, curvature, applyCurvature, pause);
  const project = (v: Float64Array) => Float64Array.from(vectors, (vector) => plainDot(vector, v));
  const gain = project(scaled(weightedTransposed(Float64Array.from(y)), 1 / rows));
  const path = { curvature: values, gain, basis: vectors };
  if (!truth) return path;

  // In the eigenbasis: Q of the samples' Gram matrix, P of the noise that c carries.
  const basis = allocateMatrix(workspace, "f64", columns, columns, "eigenvectors"), view = workspace.view(basis.array);
  vectors.forEach((vector, i) => view.set(vector, i * columns));
  const turned = allocateMatrix(workspace, "f64", columns, columns, "turned");
  const inBasis = async (of: MatrixOperand, apply: (v: Float64Array) => Float64Array) => {
    await gramByParts(workspace, of, curvature, pause);
    await productByParts(workspace, { a: basis, b: curvature, c: turned }, pause);
    await productByParts(workspace, { a: turned, b: basis, c: curvature, transposeB: true }, pause);
    const result = Float64Array.from(workspace.view(curvature.array));
    const z = Float64Array.from({ length: columns }, createRandom(3).normal), along = new Float64Array(columns);
    vectors.forEach((vector, i) => addScaled(along, z[i], vector));
    const expected = project(apply(along));
    const received = Float64Array.from({ length: columns }, (_, i) => plainDot(result, z, columns, i * columns));
    let size = 0;
    for (const value of result) size += value * value;
    checkClose("a Gram matrix times a random vector", received, expected, 1e-8 * Math.sqrt(size * plainDot(z, z)));
    return scaled(result, 1 / rows);
  };
  const gram = await inBasis(samples, (v) => transposed(times(v)));
  const spread = scaled(await inBasis(weighted, (v) => weightedTransposed(timesWeighted(v))), noise ** 2 / rows);
  const target = project(Float64Array.from(truth)), pull = target.map((value, i) => value * values[i]);
  return {
    ...path,
    moments(rate, k) {
      const share = values.map((value) => filterOver(value, rate, k));
      const error = share.map((value, i) => value * pull[i] - target[i]);
      let bias2 = 0, variance = 0;
      for (let i = 0; i < columns; i++) {
        bias2 += error[i] * plainDot(gram, error, columns, i * columns);
        let sum = 0;
        for (let j = 0; j < columns; j++) sum += spread[i * columns + j] * share[j] * gram[i * columns + j];
        variance += share[i] * sum;
      }
      return { bias2: Math.max(0, bias2), variance: Math.max(0, variance) };
    },
  };
}
