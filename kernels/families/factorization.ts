import type { KernelFamily } from "../engine/family.ts";

/** Factorisation by alternating blocks. */
export const factorizationFamily: KernelFamily = {
  name: "factorization",
  reference: () => import("../reference/factorization/mod.ts"),
  lowerings: () => import("../wasm/factorization/mod.ts"),
  modules: {
    simd: () => import("../dist/factorization.simd.ts"),
    relaxed: () => import("../dist/factorization.relaxed.ts"),
  },
};
