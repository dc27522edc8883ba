/** Dense linear algebra, as dispatches on a WebGPU device. @module */

export * from "./vector.ts";
export * from "./gemm.ts";
export * from "./syrk.ts";
export * from "./gemv.ts";
