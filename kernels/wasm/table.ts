import type { KernelName } from "../spec.ts";
import type { Lowering } from "./launch.ts";
import { graphDescent, regressionDescent } from "./l0.ts";
import { gemm, gemv, syrk } from "./matrix.ts";
import { quantizationDescent, quantizationSweep } from "./quantization.ts";
import { axpy, dot, nrm2 } from "./vector.ts";

/** The kernels that have a WASM implementation; the others run as reference. */
export const lowerings: { readonly [K in KernelName]?: Lowering<K> } = {
  ...{ dot, axpy, nrm2 },
  ...{ gemm, syrk, gemv },
  ...{ regressionDescent, graphDescent },
  ...{ quantizationSweep, quantizationDescent },
};
