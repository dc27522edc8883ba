import type { KernelFamily } from "../engine/family.ts";

/** Training of networks. */
export const trainingFamily: KernelFamily = {
  name: "training",
  reference: () => import("../reference/training/mod.ts"),
  lowerings: () => import("../wasm/training/mod.ts"),
  modules: {
    simd: () => import("../dist/training.simd.ts"),
    relaxed: () => import("../dist/training.relaxed.ts"),
  },
  webgpu: {
    kernels: ["networkOutputs", "networkGradients", "perturb", "pairwiseSum", "sgdUpdate", "adamwUpdate"],
    lowerings: () => import("../webgpu/training/mod.ts"),
  },
};
