import type { KernelFamily } from "../engine/family.ts";

/** The forward pass of transformers, beside matrix products. */
export const modelFamily: KernelFamily = {
  name: "model",
  reference: () => import("../reference/model/mod.ts"),
  lowerings: () => import("../wasm/model/mod.ts"),
  modules: {
    simd: () => import("../dist/model.simd.ts"),
    relaxed: () => import("../dist/model.relaxed.ts"),
  },
};
