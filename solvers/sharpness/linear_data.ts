/** The data of a linear regression, and their spectrum. @module */

import type { MatrixOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import { DataError } from "../core/errors.ts";
import { type Samples, toVectorArgument, type VectorLike } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { gramByParts } from "../spectral/products.ts";
import { type ClosedPath, confirmedSpectrum } from "./closed_path.ts";
import { type PlainData, plainData } from "./plain_data.ts";
import { checkLength } from "./regression_path.ts";
import { checkFeatures } from "./training_data.ts";

const action = "follow the path";

/** Magnitudes whose squares, and the squares of those, f64 holds. */
const least = 1e-70, most = 1e70;

/** The spectrum of the curvature, and the path of gradient descent along it. */
export interface DataSpectrum extends ClosedPath {
  /** From the largest to the smallest. */
  readonly values: Float64Array;
  /** With a truth: its squared share of each direction, as a mean over the rows. */
  signalOf(truth: ArrayLike<number>): Float64Array;
}

/** The data of a linear regression: checked, in f64. */
export function regressionData(X: Samples, y: VectorLike): PlainData {
  const dense = checkFeatures(X, action), [rows] = dense.shape, answers = toVectorArgument("y", y, action);
  checkLength("y", answers, rows, '"X" has rows');
  checkRange("X", dense.data);
  checkRange("y", answers);
  return plainData(new Float64Array(dense.data), new Float64Array(answers));
}

/** @throws {DataError} for magnitudes whose fourth powers f64 does not hold */
export function checkRange(argument: string, values: ArrayLike<number>): void {
  let largest = 0;
  for (let at = 0; at < values.length; at++) largest = Math.max(largest, Math.abs(values[at]));
  if (largest === 0 || (largest >= least && largest <= most)) return;
  throw new DataError(
    argument,
    `Cannot ${action}: expected a largest magnitude between ${least} and ${most} in "${argument}", received ${largest}.`,
  );
}

/** The samples where the kernels run. */
export function loadSamples(workspace: Workspace, { X, rows, columns }: PlainData): MatrixOperand {
  const samples = allocateMatrix(workspace, "f64", rows, columns, "samples");
  workspace.view(samples.array).set(X);
  return samples;
}

/** Decomposes the data; the curvature of the path is left to the caller. */
export async function decomposeData(workspace: Workspace, data: PlainData, pause: Pause): Promise<DataSpectrum> {
  const { y, rows, columns, times, transposed } = data, tall = rows >= columns, size = Math.min(rows, columns);
  // Reading, checking and copying large data have taken their time.
  await pause();
  const samples = loadSamples(workspace, data), gram = allocateMatrix(workspace, "f64", size, size, "Gram matrix");
  await pause();
  if (tall) await gramByParts(workspace, samples, gram, pause);
  else await workspace.kernels.gemm({ a: samples, b: samples, c: gram, transposeB: true });
  const view = workspace.view(gram.array);
  for (let at = 0; at < view.length; at++) view[at] /= rows;
  const apply = tall
    ? (v: Float64Array) => transposed(times(v)).map((value) => value / rows)
    : (v: Float64Array) => times(transposed(v)).map((value) => value / rows);
  const { values, vectors } = await confirmedSpectrum(workspace, gram, apply, pause);
  for (const { array } of [samples, gram]) workspace.free(array);
  // In the space of the parameters: of a wide table the directions are X^T u, and what y says of them is u . y / rows.
  const basis = tall ? [...vectors] : [];
  if (!tall) {
    for (const vector of vectors) {
      basis.push(transposed(vector));
      await pause();
    }
  }
  const slope = tall ? transposed(y) : y;
  const gain = Float64Array.from(vectors, (vector, i) => values[i] > 0 ? plainDot(vector, slope) / rows : 0);
  return {
    values,
    curvature: values,
    gain,
    basis,
    signalOf(truth) {
      const seen = tall ? Float64Array.from(truth) : times(truth);
      const weight = (i: number) => tall ? values[i] : 1 / rows;
      return Float64Array.from(vectors, (vector, i) => weight(i) * plainDot(vector, seen) ** 2);
    },
  };
}
