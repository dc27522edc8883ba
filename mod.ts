/**
 * Minima finds structured minima (sparse, discrete, low-rank, flat) in every JavaScript runtime.
 *
 * @module
 */

export {
  type ArenaUsage,
  BackendError,
  type BackendName,
  type BackendRates,
  calibrate,
  type Calibration,
  type Capabilities,
  capabilities,
  type Crossovers,
  dispose,
  type EngineOptions,
  init,
  type KernelModules,
  MemoryLimitError,
  memoryUsage,
  type Plan,
  type RelaxedSimd,
  type RuntimeName,
} from "./kernels/engine/mod.ts";
export {
  type ArffAttribute,
  type ArffRelation,
  type CsvOptions,
  decodeBfloat16,
  decodeFloat16,
  decodeFloat8,
  type ElementType,
  encodeBfloat16,
  encodeFloat16,
  FormatError,
  parseArff,
  parseCsv,
  parseNpy,
  parseQuantizedLayers,
  parseSafetensors,
  type RandomAccess,
  readSafetensorsHeader,
  readSafetensorsTensor,
  type Safetensors,
  type SafetensorsEntry,
  type SafetensorsHeader,
  serializeCsv,
  serializeNpy,
  serializeQuantizedLayers,
  serializeSafetensors,
  type Table,
  type Tensor,
  type TensorData,
  type TensorInput,
  toMatrix,
  toVector,
} from "./formats/mod.ts";
export { DataError, InputError, OptionError, ShapeError } from "./solvers/core/errors.ts";
export {
  fromRows,
  type Matrix,
  matrix,
  type SparseMatrix,
  toDense,
  type Vector,
  type VectorDtype,
} from "./solvers/core/matrix.ts";
export {
  accumulateGram,
  dequantize,
  type GramAccumulator,
  type GramOptions,
  type OutlierOptions,
  type QuantizationMethod,
  type QuantizationStart,
  type QuantizedLayer,
  type QuantizedWeights,
  quantizeLayer,
  type QuantizeOptions,
} from "./solvers/quantization/mod.ts";
export { createRandom, type Random } from "./solvers/core/random.ts";
export type { ProgressEvent, Result, SolveOptions, Status } from "./solvers/core/result.ts";
export {
  type RegressionMethod,
  type RegressionOptions,
  type SparseRegression,
  sparseRegression,
  type SparseRegressionOptions,
} from "./solvers/regression/regression.ts";
export {
  type RegressionPathOptions,
  type RegressionPathPoint,
  sparseRegressionPath,
} from "./solvers/regression/path.ts";
export {
  crossValidateRegression,
  type InformationCriteria,
  informationCriteria,
  predictRegression,
  type RegressionCrossValidation,
  type RegressionCrossValidationOptions,
} from "./solvers/regression/selection.ts";
export {
  type PrecisionOptions,
  type SparsePrecision,
  sparsePrecision,
  type SparsePrecisionOptions,
} from "./solvers/graph/precision.ts";
export type { GraphEvaluation } from "./solvers/graph/problem.ts";
export {
  type GraphCriterion,
  type PrecisionPathOptions,
  type PrecisionPathPoint,
  sparsePrecisionPath,
} from "./solvers/graph/path.ts";
export {
  type GraphComponents,
  graphComponents,
  isPositiveDefinite,
  logDeterminant,
  nearestPositiveDefinite,
  type RepairOptions,
} from "./solvers/graph/structure.ts";
export { type GraphEdge, graphEdges } from "./solvers/graph/edges.ts";
