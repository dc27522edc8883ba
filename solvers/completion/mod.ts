/** Matrix completion: smoothed rank function, nuclear norm. @module */

export { type Observations, observedEntries } from "../core/observations.ts";
export { fromRows, type Matrix, matrix } from "../core/matrix.ts";
export type { HoldoutCurve } from "./choice.ts";
export { completeMatrix, completeMatrixPath, updateCompletion } from "./complete.ts";
export type { CompletedMatrix, CompletionPathPoint } from "./completed.ts";
export { type Foldable, type FoldedRows, foldIn } from "./fold_in.ts";
export type { Offsets } from "./offsets.ts";
export {
  type CompleteMatrixOptions,
  completeMatrixOptions,
  completeMatrixPathOptions,
  type CompletionMethod,
  type CompletionPathOptions,
  type OpenCompletionOptions,
  type OpenCompletionPathOptions,
} from "./options.ts";
export { completedMatrix, type LowRankModel } from "./prediction.ts";
