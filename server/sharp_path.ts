/** What the routes of sharpness-aware paths answer. @module */

import type { AnswerFields } from "./answer.ts";
import { arrayField, integerField, numberField, optionalField, resultFields } from "./answer_fields.ts";

/** The fields of a path, in the order of its steps. */
export const pathAnswer: AnswerFields = {
  ...resultFields,
  steps: arrayField("The steps that are reported, u32."),
  coefficients: arrayField("Coefficients after each of them, one row each."),
  loss: arrayField("`||y - fitted||^2 / (2 rows)` after each of them."),
  bias2: optionalField(arrayField("Squared bias of the fitted values, where the truth is given.")),
  variance: optionalField(arrayField("Their variance, where the truth is given.")),
  risk: optionalField(arrayField("Their mean squared distance from the truth, where it is given.")),
  riskStandardError: optionalField(arrayField("Standard error of the risk, where it was found by draws.")),
  bestStep: optionalField(integerField("The reported step of least risk.")),
  closedForm: { json: { type: "boolean", description: "Whether the steps needed not be taken." } },
  learningRate: numberField("The length of steps that was used."),
  largestLearningRate: numberField("From this length on steps do not converge; null where every length does."),
  eigenvalues: arrayField("Eigenvalues of the curvature, from the largest to the smallest."),
};
