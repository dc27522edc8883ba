/** Sparse multi-task regression: tasks that share supports, values, or both. @module */

export { fromRows, type Matrix, matrix, type Samples, type SparseMatrix, toDense } from "../core/matrix.ts";
export { crossValidateMultiTask, type MultiTaskCrossValidation, type MultiTaskValidation } from "./cross_validation.ts";
export type { MultiTaskInput } from "./data.ts";
export type { SparseMultiTask } from "./answer.ts";
export { sparseMultiTask } from "./multitask.ts";
export {
  crossValidateMultiTaskOptions,
  type MultiTaskCrossValidationOptions,
  type MultiTaskGrid,
  type MultiTaskMethod,
  type MultiTaskOptions,
  type MultiTaskPathOptions,
  type MultiTaskPenalties,
  type OpenMultiTaskOptions,
  type ResolvedPenalties,
  type SparseMultiTaskOptions,
  sparseMultiTaskOptions,
  sparseMultiTaskPathOptions,
} from "./options.ts";
export { type MultiTaskPathPoint, sparseMultiTaskPath } from "./path.ts";
export { type MultiTaskModel, predictMultiTask } from "./prediction.ts";
export type { Stacking } from "./stacking.ts";
