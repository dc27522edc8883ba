import { counted } from "../core/shown.ts";
import type { MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import { openWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { DataError, ShapeError } from "../core/errors.ts";
import { checkMatrix, dtypeOf, likeVector, type Matrix, toVectorArgument, type VectorLike } from "../core/matrix.ts";
import { number, type OptionTable } from "../core/options.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { checkSamples, lossBackend, type LossModel, modelOf } from "./loss_model.ts";

/** Options of {@linkcode kernelRidge}. */
export interface KernelRidgeOptions {
  /** Price of the squared norm of the function, >= 0. @default 0 */
  readonly ridge?: number;
  /** Where to run. @default "auto" */
  readonly backend?: "auto" | "reference" | "wasm";
}

/** Table of the options of {@linkcode kernelRidge}. */
export const kernelRidgeOptions: OptionTable<KernelRidgeOptions> = {
  ridge: number({ least: 0, most: 1e100, default: 0, about: "Price of the squared norm of the function." }),
  backend: lossBackend,
};

const action = "make the loss";

/**
 * Kernel ridge regression in its coefficients `a`: the mean of `(K a - y)_i^2 / 2` over the batch, and
 * `ridge / 2 a^T K a`.
 *
 * @param kernel A symmetric positive semidefinite matrix of the samples [samples, samples].
 * @throws {ShapeError} when the matrix is not square, or `y` does not fit
 * @throws {DataError} for NaN, infinities and a matrix that is not symmetric
 *
 * @example
 * ```ts
 * import { fromRows, kernelRidge } from "@minima/minima";
 * const model = await kernelRidge(fromRows([[2, 1], [1, 2]]), [3, 3]), out = new Float64Array(2);
 * const loss = await model.gradient(Float64Array.of(1, 1), null, out);
 * model.release();
 * if (loss !== 0 || out[0] !== 0) throw new Error("K a = y");
 * ```
 */
export async function kernelRidge(kernel: Matrix, y: VectorLike, options: KernelRidgeOptions = {}): Promise<LossModel> {
  const { ridge, backend } = resolveOptions(kernelRidgeOptions, options, "kernel ridge regression");
  checkMatrix("kernel", kernel, action);
  const [size, columns] = kernel.shape, answers = toVectorArgument("y", y, action), dtype = dtypeOf(kernel.data);
  if (size !== columns || size === 0) {
    throw new ShapeError("kernel", `Cannot ${action}: "kernel" is ${size} x ${columns}, expected a square matrix.`);
  }
  if (answers.length !== size) {
    throw new ShapeError(
      "y",
      `Cannot ${action}: "y" has ${counted(answers.length, "element")}, but "kernel" has ${counted(size, "row")}.`,
    );
  }
  checkSymmetric(kernel, action);
  const workspace = await openWorkspace({ families: [denseFamily], backend, threads: 1, dtype, flops: 0 });
  const { kernels } = workspace,
    a: MatrixOperand = {
      array: workspace.allocate(dtype, size * size, "kernel matrix"),
      rows: size,
      columns: size,
    };
  workspace.write(a.array, kernel.data);
  const vector = (label: string): VectorOperand => ({ array: workspace.allocate(dtype, size, label), length: size });
  const point = vector("coefficients"),
    image = vector("values"),
    residual = vector("residuals"),
    out = vector("result");
  const values = workspace.view(image.array), errors = workspace.view(residual.array);
  const result = workspace.view(out.array), counts = new Float64Array(size);
  const all = Uint32Array.from({ length: size }, (_, i) => i);
  return modelOf(workspace, size, Uint32Array.of(0), {
    initial: () => likeVector(kernel.data, size),
    async gradient(parameters, batch, target) {
      const samples = batch ?? all;
      checkSamples(samples, size);
      workspace.write(point.array, parameters);
      await kernels.gemv({ a, x: point, y: image });
      let loss = 0;
      counts.fill(0);
      for (const sample of samples) {
        const error = values[sample] - answers[sample];
        loss += error * error / 2 / samples.length;
        counts[sample] += error / samples.length;
      }
      errors.set(counts);
      await kernels.gemv({ a, x: residual, y: out });
      for (let k = 0; k < size; k++) {
        loss += ridge / 2 * parameters[k] * values[k];
        target[k] = result[k] + ridge * values[k];
      }
      return loss;
    },
    async product(_, direction, target) {
      workspace.write(point.array, direction);
      await kernels.gemv({ a, x: point, y: image });
      await kernels.gemv({ a, x: image, y: out });
      for (let k = 0; k < size; k++) target[k] = result[k] / size + ridge * values[k];
    },
  });
}

/** @throws {DataError} for a kernel's matrix that is not symmetric */
export function checkSymmetric({ data, shape: [size] }: Matrix, action: string): void {
  for (let i = 0; i < size; i++) {
    for (let j = 0; j < i; j++) {
      const one = data[i * size + j], other = data[j * size + i];
      const most = Math.sqrt(Math.abs(data[i * (size + 1)] * data[j * (size + 1)]));
      if (Math.abs(one - other) <= 1e-6 * Math.max(Math.abs(one), Math.abs(other), most)) continue;
      throw new DataError(
        "kernel",
        `Cannot ${action}: "kernel" is ${one} at (${i}, ${j}), but ${other} at (${j}, ${i}).`,
      );
    }
  }
}
