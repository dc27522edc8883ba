/** Sparse regression: best subsets under `lambda0 ||b||_0 + lambda2 ||b||^2`. @module */

export { fromRows, type Matrix, matrix, type SparseMatrix, toDense } from "../core/matrix.ts";
export {
  crossValidateRegression,
  type RegressionCrossValidation,
  type RegressionOwnFolds,
} from "./cross_validation.ts";
export {
  crossValidateRegressionOptions,
  type OpenCrossValidationOptions,
  type OpenRegressionOptions,
  type OpenSingleOptions,
  type RegressionCrossValidationOptions,
  type RegressionMethod,
  type RegressionOptions,
  type RegressionPathOptions,
  type SparseRegressionOptions,
  sparseRegressionOptions,
  sparseRegressionPathOptions,
} from "./options.ts";
export { type RegressionPathPoint, sparseRegressionPath } from "./path.ts";
export type { SparseRegression } from "./answer.ts";
export { sparseRegression } from "./regression.ts";
export { type InformationCriteria, informationCriteria, predictRegression } from "./selection.ts";
