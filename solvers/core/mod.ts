/**
 * What every solver shares: matrices, options, results, errors, random numbers, and the engine that runs the kernels.
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
  type FamilyModules,
  type KernelModules,
  MemoryLimitError,
  memoryUsage,
  type Plan,
  type RelaxedSimd,
  type RuntimeName,
  WorkLimitError,
} from "../../kernels/engine/mod.ts";
export { constantColumns } from "./columns.ts";
export { DataError, InputError, OptionError, ShapeError } from "./errors.ts";
export { init } from "./init.ts";
export {
  fromRows,
  type Matrix,
  matrix,
  type SparseMatrix,
  toDense,
  type Vector,
  type VectorDtype,
  type VectorLike,
} from "./matrix.ts";
export { type Observations, observedEntries } from "./observations.ts";
export type {
  ChoiceOption,
  EdgesOption,
  FlagOption,
  GroupOption,
  HandleOption,
  IndicesLike,
  IndicesOption,
  ListOption,
  MatrixOption,
  NamesOption,
  NumberOption,
  NumberRange,
  NumbersOption,
  OpenEntry,
  OptionEntries,
  OptionEntry,
  OptionEntryBase,
  OptionOf,
  OptionTable,
  SparseMatrixOption,
  TextOption,
  VectorOption,
} from "./options.ts";
export { createRandom, type Random } from "./random.ts";
export type { ProgressEvent, Result, Status } from "./result.ts";
export type { OpenSolveOptions, SolveOptions } from "./solve_options.ts";
