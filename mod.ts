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
  type FamilyModules,
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
export { constantColumns } from "./solvers/core/columns.ts";
export { DataError, InputError, OptionError, ShapeError } from "./solvers/core/errors.ts";
export {
  fromRows,
  type Matrix,
  matrix,
  type SparseMatrix,
  toDense,
  type Vector,
  type VectorDtype,
  type VectorLike,
} from "./solvers/core/matrix.ts";
export type {
  ChoiceOption,
  FlagOption,
  GroupOption,
  HandleOption,
  IndicesLike,
  IndicesOption,
  ListOption,
  NumberOption,
  NumberRange,
  OpenEntry,
  OptionEntries,
  OptionEntry,
  OptionEntryBase,
  OptionOf,
  OptionTable,
  SparseMatrixOption,
  VectorOption,
} from "./solvers/core/options.ts";
export { createRandom, type Random } from "./solvers/core/random.ts";
export type { ProgressEvent, Result, Status } from "./solvers/core/result.ts";
export type { OpenSolveOptions, SolveOptions } from "./solvers/core/solve_options.ts";
export * from "./solvers/graph/mod.ts";
export type { L0Options } from "./solvers/l0/options.ts";
export * from "./solvers/quantization/mod.ts";
export * from "./solvers/regression/mod.ts";
