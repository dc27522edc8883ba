import type { KernelFamily } from "../engine/family.ts";

/** Eigenvalues, singular values, and products with sparse matrices. */
export const spectralFamily: KernelFamily = {
  name: "spectral",
  reference: () => import("../reference/spectral/mod.ts"),
  lowerings: () => import("../wasm/spectral/mod.ts"),
  modules: {
    simd: () => import("../dist/spectral.simd.ts"),
    relaxed: () => import("../dist/spectral.relaxed.ts"),
  },
  webgpu: {
    kernels: ["sparseFill"],
    lowerings: () => import("../webgpu/spectral/mod.ts"),
  },
};
