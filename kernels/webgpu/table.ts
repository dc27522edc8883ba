import * as dense from "./dense/mod.ts";
import type { webgpuKernels } from "./names.ts";
import * as proximal from "./proximal/mod.ts";
import * as quantization from "./quantization/mod.ts";
import type { Lowering } from "./shader.ts";

/** How each kernel runs on a WebGPU device, in f32. */
export const lowerings: { readonly [K in typeof webgpuKernels[number]]: Lowering<K> } = {
  ...dense,
  ...proximal,
  ...quantization,
};
