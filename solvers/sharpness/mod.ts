/**
 * Flat minima: sharpness-aware optimisers of any loss, networks trained by them, and how flat a minimum is.
 *
 * @module
 */

export { type Classifier, type ClassifierModel, classifierOf } from "./classifier.ts";
export type { Activation, NetworkSpecification, TensorView } from "./layers.ts";
export type { ClassifierAtSamples, LossAtParameters } from "./loss_surface.ts";
export { kernelRidge, type KernelRidgeOptions, kernelRidgeOptions } from "./kernel_ridge.ts";
export type { LossModel } from "./loss_model.ts";
export { networkLoss, type NetworkLossOptions, networkLossOptions } from "./models.ts";
export {
  type AdaptiveOptions,
  type BaseOptions,
  type GradientFunction,
  type OpenOptimizerOptions,
  type OptimizerOptions,
  optimizerOptions,
  samOptions,
  type SamTable,
  type ScheduleOptions,
} from "./optimizer_options.ts";
export { kernelMatrix } from "./kernel_matrix.ts";
export { type KernelMatrixOptions, kernelMatrixOptions } from "./kernel_options.ts";
export { samKernelRegression } from "./kernel_regression.ts";
export {
  type SamPath,
  samPath,
  type SamPathOptions,
  samPathOptions,
  type SamPathPoint,
  type SamSpectrum,
} from "./explorer.ts";
export { samKernelSpectrum, samSpectrum, type SamSpectrumOptions, samSpectrumOptions } from "./spectrum.ts";
export { samRegression } from "./regression.ts";
export {
  type OpenSamRegressionOptions,
  type SamRegressionOptions,
  samRegressionOptions,
} from "./regression_options.ts";
export type { SamRegressionPath } from "./regression_path.ts";
export { sam, type SamOptimizer, type SamOptions } from "./sam.ts";
export { type Sharpness, sharpness } from "./sharpness.ts";
export type { LossSlice } from "./slice.ts";
export { type SharpnessOptions, sharpnessOptions } from "./sharpness_options.ts";
export type { OptimizerState, StepReport } from "./stepper.ts";
export { trainClassifier, type TrainClassifierCall, type TrainedClassifier } from "./train.ts";
export {
  type ConvolutionOptions,
  type OpenTrainOptions,
  type TrainClassifierOptions,
  trainClassifierOptions,
} from "./train_options.ts";
export type { FeatureScaling } from "./training_data.ts";
