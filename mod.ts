/**
 * Minima finds structured minima (sparse, discrete, low-rank, flat) in every JavaScript runtime.
 *
 * @module
 */

export {
  type ArenaUsage,
  BackendError,
  type BackendName,
  type Capabilities,
  capabilities,
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
export type { ProgressEvent, Result, SolveOptions, Status } from "./solvers/core/result.ts";
