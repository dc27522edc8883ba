/** The data of a kernel regression, and their spectrum. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { DataError, ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix, toVectorArgument, type VectorLike } from "../core/matrix.ts";
import { allocateMatrix, type Pause } from "../spectral/operands.ts";
import { confirmedSpectrum, type Spectrum } from "./closed_path.ts";
import { checkRange } from "./linear_data.ts";
import { checkSymmetric } from "./kernel_ridge.ts";
import { type PlainData, plainData } from "./plain_data.ts";
import { checkLength } from "./regression_path.ts";

const action = "follow the path";

/** The spectrum of `K / rows`. @throws {DataError} for an eigenvalue below 0 */
export async function decomposeKernel(workspace: Workspace, data: PlainData, pause: Pause): Promise<Spectrum> {
  const { rows } = data, kernel = allocateMatrix(workspace, "f64", rows, rows, "kernel matrix");
  const view = workspace.view(kernel.array);
  for (let at = 0; at < view.length; at++) view[at] = data.X[at] / rows;
  const apply = (v: Float64Array) => data.times(v).map((value) => value / rows);
  const found = await confirmedSpectrum(workspace, kernel, apply, pause, indefinite);
  workspace.free(kernel.array);
  return found;
}

function indefinite(eigenvalue: number): DataError {
  return new DataError(
    "kernel",
    `Cannot ${action}: "kernel" over its rows has the eigenvalue ${eigenvalue}, expected a positive semidefinite matrix.`,
  );
}

/** A kernel matrix and what is to be fitted: checked, in f64. */
export function kernelData(kernel: Matrix, y: VectorLike): PlainData {
  checkMatrix("kernel", kernel, action);
  const [rows, columns] = kernel.shape;
  if (rows !== columns || rows === 0) {
    throw new ShapeError("kernel", `Cannot ${action}: "kernel" is ${rows} x ${columns}, expected a square matrix.`);
  }
  const answers = toVectorArgument("y", y, action);
  checkLength("y", answers, rows, '"kernel" has rows');
  checkSymmetric(kernel, action);
  checkRange("kernel", kernel.data);
  checkRange("y", answers);
  const data = Float64Array.from(kernel.data);
  for (let i = 0; i < rows; i++) {
    const value = data[i * (rows + 1)];
    if (value >= 0) continue;
    throw new DataError("kernel", `Cannot ${action}: "kernel" is ${value} at (${i}, ${i}), expected a number >= 0.`);
  }
  return plainData(data, Float64Array.from(answers));
}
