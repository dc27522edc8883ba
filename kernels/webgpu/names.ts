/** The kernels that have a WebGPU implementation, known without loading it. */
export const webgpuKernels = [
  ...["dot", "axpy", "nrm2"] as const,
  ...["gemm", "syrk", "gemv"] as const,
  ...["hardThreshold", "topK"] as const,
  ...["projectSimplex"] as const,
  ...["quantizationSweep", "quantizationDescent"] as const,
  ...["quantizationLevels", "quantizationRegrid", "outlierCandidates", "columnSquares"] as const,
  ...["quantizationErrors", "quantizationObjectives", "quantizationCodes", "quantizationChoice"] as const,
] as const;
