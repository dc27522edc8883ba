import type { KernelFamily } from "../engine/family.ts";

/** Matrices known at some entries, or by the bins that entries fall into. */
export const completionFamily: KernelFamily = {
  name: "completion",
  reference: () => import("../reference/completion/mod.ts"),
  lowerings: () => import("../wasm/completion/mod.ts"),
  modules: {
    simd: () => import("../dist/completion.simd.ts"),
    relaxed: () => import("../dist/completion.relaxed.ts"),
  },
};
