/**
 * Paths of sharpness-aware steps on a quadratic in closed form. In the eigenbasis of the curvature each direction is alone:
 * after `k` steps a share `filter(rate h, k)` of it is done.
 *
 * @module
 */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { distrust } from "../core/certificate.ts";
import { addScaled, plainDot } from "../core/plain_sums.ts";
import { createRandom } from "../core/random.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { symmetricEigen } from "../spectral/eigen.ts";
import { filter, filterOver, remainder } from "./spectral_filter.ts";

/** Eigenvalues and eigenvectors that plain sums have confirmed. */
export interface Spectrum {
  /** From the largest to the smallest, none below 0. */
  readonly values: Float64Array;
  /** One eigenvector a row. */
  readonly vectors: readonly Float64Array[];
}

/** A path in its eigenbasis: the parameters after `k` steps are `sum_i basis_i gain_i filterOver(curvature_i, rate, k)`. */
export interface ClosedPath {
  readonly curvature: ArrayLike<number>;
  /** What the gradient at 0 is in each direction. */
  readonly gain: Float64Array;
  /** One direction of the parameters a row. */
  readonly basis: readonly Float64Array[];
}

/** Bias and variance of the fitted values, as means over the samples. */
export interface Moments {
  readonly bias2: number;
  readonly variance: number;
}

/** What the moments of a path need whose noise is alike in all directions. */
export interface DiagonalMoments {
  /** The squared mean of the function in each direction, by mean over the samples. */
  readonly signal: Float64Array;
  /** Variance of the noise over the number of samples. */
  readonly noise: number;
}

/** Size of a random vector's image that rounding may leave between kernels and plain sums. */
const accuracy = 1e-8;

/**
 * The spectrum of a symmetric positive semidefinite matrix, which is destroyed.
 *
 * @param apply The matrix times a vector, by plain sums from the caller's data.
 * @param refuse The error for a matrix that has an eigenvalue below 0.
 * @throws {BackendError} where plain sums do not confirm it
 */
export async function confirmedSpectrum(
  workspace: Workspace,
  matrix: Parameters<typeof symmetricEigen>[1],
  apply: (vector: Float64Array) => Float64Array,
  pause: Pause,
  refuse?: (eigenvalue: number) => Error,
): Promise<Spectrum> {
  const size = matrix.rows, { values, vectors: rows } = await symmetricEigen(workspace, matrix, pause);
  const all = Float64Array.from(workspace.view(rows.array));
  workspace.free(rows.array);
  const vectors = Array.from({ length: size }, (_, i) => all.subarray(i * size, (i + 1) * size));
  if (refuse && values[size - 1] < -accuracy * Math.abs(values[0])) {
    // The caller's data are refused for what plain sums say of them alone.
    const vector = vectors[size - 1], quotient = plainDot(vector, apply(vector)) / plainDot(vector, vector);
    if (quotient < -accuracy * Math.abs(values[0])) throw refuse(quotient);
    throw distrust(`a spectrum has the eigenvalue ${values[size - 1]}, but ${quotient} by plain sums`);
  }
  const rounding = size * Number.EPSILON * Math.max(0, values[0] ?? 0);
  const clean = values.map((value) => value > rounding ? value : 0);
  const random = createRandom(1), z = Float64Array.from({ length: size }, random.normal);
  const image = new Float64Array(size), again = new Float64Array(size);
  vectors.forEach((vector, i) => {
    const share = plainDot(vector, z);
    addScaled(image, clean[i] * share, vector);
    addScaled(again, share, vector);
  });
  const truth = apply(z), length = Math.sqrt(plainDot(z, z));
  checkClose("an eigen-decomposition times a random vector", image, truth, accuracy * (values[0] ?? 0) * length);
  checkClose("a basis times its transpose and a random vector", again, z, accuracy * length);
  return { values: clean, vectors };
}

/** @throws {BackendError} where two vectors are farther apart than `most` */
export function checkClose(what: string, received: ArrayLike<number>, truth: ArrayLike<number>, most: number): void {
  let square = 0;
  for (let i = 0; i < truth.length; i++) square += (received[i] - truth[i]) ** 2;
  if (!(Math.sqrt(square) <= most)) throw distrust(`${what} is off by ${Math.sqrt(square)}, more than ${most}`);
}

/** Parameters after each of the steps, one row each. */
export async function parametersAfter(
  workspace: Workspace,
  { curvature, gain, basis }: ClosedPath,
  rate: number,
  steps: ArrayLike<number>,
  pause: Pause,
): Promise<Float64Array> {
  const directions = basis.length, size = basis[0]?.length ?? 0, count = steps.length;
  const result = new Float64Array(count * size), together = Math.max(1, Math.floor(2 ** 22 / Math.max(1, directions)));
  if (directions === 0 || size === 0 || count === 0) return result;
  const b = allocateMatrix(workspace, "f64", directions, size, "directions"), held = workspace.view(b.array);
  basis.forEach((vector, i) => held.set(vector, i * size));
  const z = Float64Array.from({ length: size }, createRandom(2).normal);
  const images = Float64Array.from(basis, (vector) => plainDot(vector, z));
  for (let begin = 0; begin < count; begin += together) {
    const rows = Math.min(together, count - begin);
    const a = allocateMatrix(workspace, "f64", rows, directions, "shares");
    const c = allocateMatrix(workspace, "f64", rows, size, "parameters");
    const shares = workspace.view(a.array);
    for (let row = 0; row < rows; row++) {
      for (let i = 0; i < directions; i++) {
        shares[row * directions + i] = gain[i] === 0 ? 0 : gain[i] * filterOver(curvature[i], rate, steps[begin + row]);
      }
    }
    await workspace.kernels.gemm({ a, b, c });
    const found = workspace.view(c.array);
    for (let row = 0; row < rows; row++) {
      const share = shares.subarray(row * directions, (row + 1) * directions);
      const received = plainDot(found, z, size, row * size);
      const expected = plainDot(share, images);
      let most = 0;
      for (let i = 0; i < directions; i++) most += Math.abs(share[i]) * Math.sqrt(plainDot(basis[i], basis[i]));
      most *= accuracy * Math.sqrt(size);
      // Beyond the range of f64 both diverge, which the caller tells.
      if (Number.isFinite(expected) && !(Math.abs(received - expected) <= most)) {
        throw distrust(`the parameters times a random vector are ${received}, but ${expected} by plain sums`);
      }
    }
    result.set(found, begin * size);
    for (const { array } of [a, c]) workspace.free(array);
    await pause();
  }
  workspace.free(b.array);
  return result;
}

/** Bias and variance after `k` steps. */
export function diagonalMoments(
  { signal, noise }: DiagonalMoments,
  curvature: ArrayLike<number>,
  rate: number,
  k: number,
): Moments {
  let bias2 = 0, variance = 0;
  for (let i = 0; i < signal.length; i++) {
    const step = rate * curvature[i];
    bias2 += signal[i] * remainder(step, k) ** 2;
    variance += noise * filter(step, k) ** 2;
  }
  return { bias2, variance };
}
