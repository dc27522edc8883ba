import type { KernelFamily } from "../engine/family.ts";

/** Dense linear algebra. */
export const denseFamily: KernelFamily = {
  name: "dense",
  reference: () => import("../reference/dense/mod.ts"),
  lowerings: () => import("../wasm/dense/mod.ts"),
  modules: {
    simd: () => import("../dist/dense.simd.ts"),
    relaxed: () => import("../dist/dense.relaxed.ts"),
  },
  webgpu: {
    kernels: ["dot", "axpy", "nrm2", "gemm", "syrk", "gemv"],
    lowerings: () => import("../webgpu/dense/mod.ts"),
  },
};
