/** Sparse precision matrices: the graph of dependences among variables. @module */

export { fromRows, type Matrix, matrix, type SparseMatrix, toDense } from "../core/matrix.ts";
export type { CovarianceData, GraphData } from "./data.ts";
export { type GraphEdge, graphEdges } from "./edges.ts";
export {
  type GraphCriterion,
  type GraphEvaluation,
  nearestPositiveDefiniteOptions,
  type PrecisionOptions,
  type PrecisionPathOptions,
  type RepairOptions,
  type SparsePrecisionOptions,
  sparsePrecisionOptions,
  sparsePrecisionPathOptions,
} from "./options.ts";
export { type PrecisionPathPoint, sparsePrecisionPath } from "./path.ts";
export { type SparsePrecision, sparsePrecision } from "./precision.ts";
export {
  type GraphComponents,
  graphComponents,
  isPositiveDefinite,
  logDeterminant,
  nearestPositiveDefinite,
} from "./structure.ts";
