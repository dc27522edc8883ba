import type { KernelFamily } from "../engine/family.ts";

/** Projections and proximal operators. */
export const proximalFamily: KernelFamily = {
  name: "proximal",
  reference: () => import("../reference/proximal/mod.ts"),
  lowerings: () => import("../wasm/proximal/mod.ts"),
  modules: {
    simd: () => import("../dist/proximal.simd.ts"),
    relaxed: () => import("../dist/proximal.relaxed.ts"),
  },
  webgpu: {
    kernels: ["hardThreshold", "topK", "projectSimplex"],
    lowerings: () => import("../webgpu/proximal/mod.ts"),
  },
};
