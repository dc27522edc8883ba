/** The kernels that have a WebGPU implementation, known without loading it. */
export const webgpuKernels = ["gemm", "syrk", "quantizationSweep", "quantizationDescent"] as const;
