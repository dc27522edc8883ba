/** Dense linear algebra, as launches of the WASM module. @module */

export { axpy, dot, nrm2 } from "./vector.ts";
export { gemm } from "./gemm.ts";
export { syrk } from "./syrk.ts";
export { gemv } from "./gemv.ts";
export { cholesky } from "./cholesky.ts";
export { quadraticForm } from "./quadratic_form.ts";
