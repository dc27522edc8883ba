// Every export of the WASM module. Kernels are pure functions over linear memory: pointers, sizes, strides.
// They allocate nothing and hold no static data: every worker instantiates this module over one shared memory.

export { gemm_f32, gemm_f64 } from "./gemm";
export * from "./syrk";
export * from "./vector";

/** First byte of linear memory that the module leaves free; the host's arena begins here. */
export function heapBase(): usize {
  return __heap_base;
}
