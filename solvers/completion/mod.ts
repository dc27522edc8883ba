/** Matrix completion: smoothed rank function, nuclear norm, levels, transduction. @module */

export { type Observations, observedEntries } from "../core/observations.ts";
export { fromRows, type Matrix, matrix } from "../core/matrix.ts";
export type { HoldoutCurve } from "./choice.ts";
export { completeMatrix, completeMatrixPath, updateCompletion } from "./complete.ts";
export type { CompletedMatrix, CompletionPathPoint, LowRankFit } from "./completed.ts";
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
export { completedMatrix, type LowRankModel, type Unobserved } from "./prediction.ts";
export type { FoldedLevels } from "./quantized_fold.ts";
export { completeQuantized } from "./quantized.ts";
export type { QuantizedCompletion } from "./quantized_answer.ts";
export { chooseQuantized, type LevelCurve, type QuantizedChoice } from "./quantized_choice.ts";
export { completeQuantizedPath, type QuantizedPathPoint } from "./quantized_path.ts";
export {
  chooseQuantizedOptions,
  completeQuantizedOptions,
  completeQuantizedPathOptions,
  type Link,
  type OpenQuantizedChoiceOptions,
  type OpenQuantizedOptions,
  type OpenQuantizedPathOptions,
  type QuantizedChoiceOptions,
  type QuantizedMethod,
  type QuantizedOptions,
  type QuantizedPathOptions,
} from "./quantized_options.ts";
export { type LevelPredictions, predictQuantized, type QuantizedModel } from "./quantized_prediction.ts";
export { completeViolations, type ViolationCompletion } from "./violations.ts";
export { completeViolationsOptions, type OpenViolationOptions, type ViolationOptions } from "./violation_options.ts";
export type { FoldedViolations, ViolationPredictions } from "./violation_prediction.ts";
export { averagePrecision, labelError } from "./label_metrics.ts";
export type { ProbabilityScale } from "./calibration.ts";
export { transduce } from "./transduction.ts";
export type { Transduction, TransductionCurve } from "./transduction_answer.ts";
export type { PartlyLabelled } from "./transduction_data.ts";
export {
  type OpenTransduceOptions,
  type TransduceOptions,
  transduceOptions,
  type TransductionMethod,
} from "./transduction_options.ts";
