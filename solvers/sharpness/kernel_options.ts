/** Options of the matrix of a kernel. @module */

import { choice, integer, number, type OptionTable } from "../core/options.ts";

/** Options of `kernelMatrix`. */
export interface KernelMatrixOptions {
  /**
   * `x . z`, `(x . z + offset)^degree`, or `exp(-||x - z||^2 / (2 width^2))`. @default "gaussian"
   */
  readonly kernel?: "linear" | "polynomial" | "gaussian";
  /** Power of the polynomial, a whole number from 1 to 20. @default 3 */
  readonly degree?: number;
  /** What the polynomial adds to the product, >= 0. @default 1 */
  readonly offset?: number;
  /** Width of the Gaussian, > 0. @default the root mean square distance of the samples that are compared with */
  readonly width?: number;
}

/** Table of the options of `kernelMatrix`. */
export const kernelMatrixOptions: OptionTable<KernelMatrixOptions, "width"> = {
  kernel: choice(["linear", "polynomial", "gaussian"], {
    default: "gaussian",
    about: "`x . z`, `(x . z + offset)^degree`, or `exp(-||x - z||^2 / (2 width^2))`.",
  }),
  degree: integer({ least: 1, most: 20, default: 3, about: "Power of the polynomial." }),
  offset: number({ least: 0, most: 1e10, default: 1, about: "What the polynomial adds to the product." }),
  width: number({
    least: 0,
    above: true,
    most: 1e70,
    otherwise: "the root mean square distance of the samples that are compared with",
    about: "Width of the Gaussian.",
  }),
};
