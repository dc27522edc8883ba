import { sparseRegression, sparseRegressionOptions } from "../../solvers/regression/mod.ts";
import { vectorArgument } from "../arrays.ts";
import {
  arrayField,
  certificateFields,
  integerField,
  numberField,
  resultFields,
  sentencesField,
} from "../answer_fields.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { samplesArgument } from "../samples.ts";

/** `POST /v1/sparse-regression`. */
export const sparseRegressionRoute: ServiceRoute = defineRoute({
  path: "/v1/sparse-regression",
  operation: "sparseRegression",
  summary: "Explain a response by few features: least squares with a price for each and a ridge.",
  arguments: {
    X: samplesArgument("Samples as rows [samples, features]."),
    y: vectorArgument("One response a sample [samples]."),
  },
  example: { X: [[1, 2], [2, 1], [3, 4], [4, 2], [5, 5]], y: [2.1, 3.9, 6.2, 7.8, 10.1], options: { size: 1 } },
  options: sparseRegressionOptions,
  answer: {
    ...resultFields,
    coefficients: arrayField("One coefficient a feature, for the data as they came [features]."),
    intercept: numberField("0 where there is none."),
    support: arrayField("Features with a nonzero coefficient, and those of `always`, ascending, u32."),
    parameterCount: integerField("Numbers fitted: the support, and the intercept where there is one."),
    remarks: sentencesField("What the data would not allow."),
    ...certificateFields,
  },
  solve: ({ X, y }, options) => sparseRegression(X, y, options),
});
