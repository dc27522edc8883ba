import { withWorkspace } from "../../kernels/engine/mod.ts";
import { denseFamily } from "../../kernels/families/dense.ts";
import { OptionError, ShapeError } from "../core/errors.ts";
import { type Matrix, matrix, type Samples } from "../core/matrix.ts";
import { plainDot } from "../core/plain_sums.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import { allocateMatrix } from "../spectral/operands.ts";
import { checkClose } from "./closed_path.ts";
import { type KernelMatrixOptions, kernelMatrixOptions } from "./kernel_options.ts";
import { checkFeatures } from "./training_data.ts";
import { counted } from "../core/shown.ts";

const action = "compute the kernel matrix";

/**
 * The values of a kernel between samples: `K_ij = k(x_i, z_j)`. With `Z = X` it is what {@linkcode samKernelRegression} and
 * {@linkcode kernelRidge} take; with new samples as `X` and those that were fitted as `Z`, its product with the coefficients
 * predicts. Give `width` the same number in both.
 *
 * O(rows of X rows of Z features).
 *
 * @returns A matrix in f64 [rows of X, rows of Z]; bit-symmetric where both are one object.
 * @throws {ShapeError} when one is empty or their features differ
 * @throws {DataError} for NaN and infinities
 * @throws {OptionError} for an option outside its range, and where no two samples differ so that there is no width
 *
 * @example
 * ```ts
 * import { fromRows, kernelMatrix } from "@minima/minima";
 * const X = fromRows([[0], [1]]), kernel = await kernelMatrix(X, X, { width: 1 });
 * if (Math.abs(kernel.data[1] - Math.exp(-0.5)) > 1e-15) throw new Error("exp(-1/2)");
 * ```
 */
export async function kernelMatrix(X: Samples, Z: Samples, options: KernelMatrixOptions = {}): Promise<Matrix> {
  const resolved = resolveOptions(kernelMatrixOptions, options, "a kernel matrix"), { kernel } = resolved;
  const left = checkFeatures(X, action), right = X === Z ? left : checkFeatures(Z, action, undefined, "Z");
  const [rows, features] = left.shape, [columns] = right.shape;
  if (right.shape[1] !== features) {
    throw new ShapeError(
      "Z",
      `Cannot ${action}: "Z" has ${counted(right.shape[1], "feature")}, but "X" has ${features}.`,
    );
  }
  // Distances do not change with the origin, and are exact near it.
  const origin = new Float64Array(features);
  if (kernel === "gaussian") {
    for (let at = 0; at < right.data.length; at++) origin[at % features] += right.data[at] / columns;
  }
  const centred = ({ data }: Matrix) => Float64Array.from(data, (value, at) => value - origin[at % features]);
  const x = centred(left), z = left === right ? x : centred(right);
  const flops = 2 * rows * columns * features;
  const products = await withWorkspace({ families: [denseFamily], dtype: "f64", flops }, async ({ host }) => {
    const a = allocateMatrix(host, "f64", rows, features, "samples");
    const b = left === right ? a : allocateMatrix(host, "f64", columns, features, "samples to compare with");
    const c = allocateMatrix(host, "f64", rows, columns, "products");
    host.write(a.array, x);
    if (b !== a) host.write(b.array, z);
    await host.kernels.gemm({ a, b, c, transposeB: true });
    return Float64Array.from(host.view(c.array));
  });
  checkProducts(products, x, z, rows, columns);
  const squares = (of: Float64Array, count: number) =>
    Float64Array.from({ length: count }, (_, i) => {
      const row = of.subarray(i * features, (i + 1) * features);
      return plainDot(row, row);
    });
  const ofX = squares(x, rows), ofZ = left === right ? ofX : squares(z, columns);
  const width = kernel === "gaussian" ? resolved.width ?? usualWidth(ofZ) : 1;
  const value = (i: number, j: number) => {
    const product = products[i * columns + j];
    if (kernel === "linear") return product;
    if (kernel === "polynomial") return (product + resolved.offset) ** resolved.degree;
    return left === right && i === j ? 1 : Math.exp(-Math.max(0, ofX[i] + ofZ[j] - 2 * product) / (2 * width * width));
  };
  const result = matrix(rows, columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      result.data[i * columns + j] = left === right && j < i ? result.data[j * columns + i] : value(i, j);
    }
  }
  return result;
}

/** Two different samples are `2 columns / (columns - 1)` times their mean square from the centre apart. */
function usualWidth(squaresFromCentre: Float64Array): number {
  const count = squaresFromCentre.length, sum = squaresFromCentre.reduce((total, value) => total + value, 0);
  const width = Math.sqrt(2 * sum / Math.max(1, count - 1));
  if (width > 0) return width;
  throw new OptionError("width", `Cannot ${action}: no two samples differ; expected a "width".`);
}

/** @throws {BackendError} where plain sums do not confirm the products */
function checkProducts(products: Float64Array, x: Float64Array, z: Float64Array, rows: number, columns: number): void {
  const features = x.length / rows, sum = new Float64Array(features), image = new Float64Array(rows);
  const truth = new Float64Array(rows), signs = Float64Array.from({ length: columns }, (_, j) => (j * 7 % 11) - 5.5);
  for (let j = 0; j < columns; j++) for (let k = 0; k < features; k++) sum[k] += signs[j] * z[j * features + k];
  let norms = 0;
  for (let i = 0; i < rows; i++) {
    image[i] = plainDot(products, signs, columns, i * columns);
    truth[i] = plainDot(x, sum, features, i * features);
    norms += plainDot(
      products.subarray(i * columns, (i + 1) * columns),
      products.subarray(i * columns, (i + 1) * columns),
    );
  }
  const scale = plainDot(x, x) * plainDot(z, z);
  checkClose(
    "products times a vector",
    image,
    truth,
    1e-9 * Math.sqrt(plainDot(signs, signs) * Math.max(scale, norms)),
  );
}
