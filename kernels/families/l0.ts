import type { KernelFamily } from "../engine/family.ts";

/** Coordinate descent and branch and bound under an l0-l2 penalty. */
export const l0Family: KernelFamily = {
  name: "l0",
  reference: () => import("../reference/l0/mod.ts"),
  lowerings: () => import("../wasm/l0/mod.ts"),
  sweeping: [
    "leastSquaresDescent",
    "productDescent",
    "residualDescent",
    "neighbourDescent",
    "regressionNodes",
    "graphNodes",
  ],
  modules: {
    simd: () => import("../dist/l0.simd.ts"),
    relaxed: () => import("../dist/l0.relaxed.ts"),
  },
};
