// Every export of the WASM module. Kernels are pure functions over linear memory: pointers, sizes, strides.
// They allocate nothing and hold no static data: every worker instantiates this module over one shared memory.

export { choleskyBlock_f64, choleskySolve_f64, choleskyUpdate_f64 } from "./dense/cholesky";
export { gemm_f32, gemm_f64 } from "./dense/gemm";
export { gemv_f32, gemv_f64 } from "./dense/gemv";
export { leastSquaresDescent_f64 } from "./l0/least_squares";
export { productDescent_f64 } from "./l0/pseudolikelihood_products";
export { graphNodes_f64 } from "./l0/graph_nodes";
export {
  neighbourDiagonals_f64, neighbourEdges_f64, neighbourNorms_f64, packedDiagonals_f64, packedEdges_f64, packedNorms_f64,
  packGram_f64,
} from "./l0/pseudolikelihood_neighbours";
export { residualDiagonals_f64, residualEdges_f64, residualNorms_f64 } from "./l0/pseudolikelihood_residuals";
export { graphGradient_f64, pairedGradient_f64, entriesAbove_f64 } from "./l0/gradient";
export { graphSwaps_f64 } from "./l0/swaps";
export { scaledConjugates_f64 } from "./l0/conjugates";
export { changesWithin_f64 } from "./l0/pseudolikelihood_steps";
export { mirror_f32, mirror_f64, syrk_f32, syrk_f32_f64, syrk_f64 } from "./dense/syrk";
export { projectSimplex_f32, projectSimplex_f64 } from "./proximal/simplex";
export { quadraticForm_f32, quadraticForm_f64 } from "./dense/quadratic_form";
export { quantizationDescent_f32, quantizationDescent_f64 } from "./quantization/descent";
export {
  quantizationChoice_f32, quantizationChoice_f64, quantizationCodes_f32, quantizationCodes_f64,
  quantizationErrors_f32, quantizationErrors_f64, quantizationObjectives_f32, quantizationObjectives_f64,
} from "./quantization/rows";
export {
  quantizationLevels_f32, quantizationLevels_f64, quantizationRegrid_f32, quantizationRegrid_f64,
} from "./quantization/levels";
export {
  columnSquares_f32, columnSquares_f64, outlierCandidates_f32, outlierCandidates_f64,
} from "./quantization/outliers";
export { quantizationSweep_f32, quantizationSweep_f64 } from "./quantization/sweep";
export { regressionNodes_f64 } from "./l0/regression_nodes";
export { hardThreshold_f32, hardThreshold_f64, topK_f32, topK_f64 } from "./proximal/selection";
export { axpy_f32, axpy_f64, dot_f32, dot_f64, nrm2_f32, nrm2_f64 } from "./dense/vector";

/** First byte of linear memory that the module leaves free; the host's arena begins here. */
export function heapBase(): usize {
  return __heap_base;
}
