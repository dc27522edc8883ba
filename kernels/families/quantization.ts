import type { KernelFamily } from "../engine/family.ts";

/** Quantisation by coordinate descent. */
export const quantizationFamily: KernelFamily = {
  name: "quantization",
  reference: () => import("../reference/quantization/mod.ts"),
  lowerings: () => import("../wasm/quantization/mod.ts"),
  modules: {
    simd: () => import("../dist/quantization.simd.ts"),
    relaxed: () => import("../dist/quantization.relaxed.ts"),
  },
  webgpu: {
    kernels: [
      "quantizationSweep",
      "quantizationDescent",
      "quantizationAnnealing",
      "quantizationLevels",
      "quantizationRegrid",
      "outlierCandidates",
      "columnSquares",
      "quantizationErrors",
      "quantizationObjectives",
      "quantizationCodes",
      "quantizationChoice",
    ],
    lowerings: () => import("../webgpu/quantization/mod.ts"),
  },
};
