/** Dense linear algebra, as dispatches on a WebGPU device. @module */

export { axpy, dot, nrm2 } from "./vector.ts";
export { gemm } from "./gemm.ts";
export { syrk } from "./syrk.ts";
export { gemv } from "./gemv.ts";
