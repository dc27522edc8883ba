/**
 * Every public solver, and what it is put to: nasty instances (`deno task fuzz`), time limits (`deno task soak`) and counts
 * of the work between two checkpoints. A new solver adds one entry.
 *
 * @module
 */

import type { Subject } from "./subject.ts";
import { archetypalPath, archetypes, factors, projection } from "./subjects/factorization.ts";
import { completion, completionPath, completionUpdate } from "./subjects/completion.ts";
import { quantizedChoice, quantizedCompletion, quantizedPath } from "./subjects/quantized_completion.ts";
import { violations } from "./subjects/violations.ts";
import { transduction } from "./subjects/transduction.ts";
import { graph, graphPath } from "./subjects/graph.ts";
import { generation, likelihood, modelQuantization } from "./subjects/models.ts";
import { multiTask, multiTaskPath, multiTaskValidation } from "./subjects/multitask.ts";
import { gramAccumulation, layer } from "./subjects/quantization.ts";
import {
  flatness,
  sharpKernelPaths,
  sharpKernelSpectra,
  sharpPaths,
  sharpSpectra,
  training,
} from "./subjects/sharpness.ts";
import { crossValidation, regression, regressionPath } from "./subjects/regression.ts";

/** Subjects by the name of the exported function. */
export const subjects: { readonly [solver: string]: Subject } = {
  sparseRegression: regression,
  sparseRegressionPath: regressionPath,
  crossValidateRegression: crossValidation,
  archetypalNmf: archetypes,
  archetypalNmfPath: archetypalPath,
  nmf: factors,
  projectOntoArchetypes: projection,
  completeQuantized: quantizedCompletion,
  completeQuantizedPath: quantizedPath,
  chooseQuantized: quantizedChoice,
  completeViolations: violations,
  transduce: transduction,
  sparsePrecision: graph,
  sparsePrecisionPath: graphPath,
  sparseMultiTask: multiTask,
  sparseMultiTaskPath: multiTaskPath,
  crossValidateMultiTask: multiTaskValidation,
  quantizeLayer: layer,
  accumulateGram: gramAccumulation,
  completeMatrix: completion,
  completeMatrixPath: completionPath,
  updateCompletion: completionUpdate,
  perplexity: likelihood,
  generate: generation,
  quantizeModel: modelQuantization,
  trainClassifier: training,
  sharpness: flatness,
  samRegression: sharpPaths,
  samKernelRegression: sharpKernelPaths,
  samSpectrum: sharpSpectra,
  samKernelSpectrum: sharpKernelSpectra,
};
