import type { Lowering } from "./shader.ts";
import { gemm } from "./gemm.ts";
import type { webgpuKernels } from "./names.ts";
import { quantizationDescent } from "./quantization_descent.ts";
import { quantizationSweep } from "./quantization_sweep.ts";
import { syrk } from "./syrk.ts";

/** How each kernel runs on a WebGPU device, in f32. */
export const lowerings: { readonly [K in typeof webgpuKernels[number]]: Lowering<K> } = {
  ...{ gemm, syrk },
  ...{ quantizationSweep, quantizationDescent },
};
