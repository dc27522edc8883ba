import type { Lowering } from "./shader.ts";
import { gemm } from "./gemm.ts";
import { gemv } from "./gemv.ts";
import type { webgpuKernels } from "./names.ts";
import { projectSimplex } from "./project_simplex.ts";
import { quantizationDescent } from "./quantization_descent.ts";
import {
  quantizationChoice,
  quantizationCodes,
  quantizationErrors,
  quantizationObjectives,
} from "./quantization_rows.ts";
import { quantizationSweep } from "./quantization_sweep.ts";
import { hardThreshold, topK } from "./selection.ts";
import { syrk } from "./syrk.ts";
import { axpy, dot, nrm2 } from "./vector.ts";

/** How each kernel runs on a WebGPU device, in f32. */
export const lowerings: { readonly [K in typeof webgpuKernels[number]]: Lowering<K> } = {
  ...{ dot, axpy, nrm2 },
  ...{ gemm, syrk, gemv },
  ...{ hardThreshold, topK },
  ...{ projectSimplex },
  ...{ quantizationSweep, quantizationDescent },
  ...{ quantizationErrors, quantizationObjectives, quantizationCodes, quantizationChoice },
};
