import { sparseRegression } from "../../mod.ts";
import { matrixArgument, vectorArgument } from "../arrays.ts";
import { arrayField, certificateFields, integerField, numberField, resultFields } from "../answer_fields.ts";
import { defineRoute, descentOptions, searchOptions } from "../route.ts";
import { choice, flag, number, required } from "../schema.ts";

/** `POST /v1/sparse-regression`. */
export const sparseRegressionRoute = defineRoute({
  path: "/v1/sparse-regression",
  operation: "sparseRegression",
  summary: "Explain a response by few features: least squares with a price for each and a ridge.",
  arguments: {
    X: matrixArgument("Samples as rows [samples, features]."),
    y: vectorArgument("One response a sample [samples]."),
  },
  options: {
    lambda0: required(number({ least: 0, description: "Price of each nonzero coefficient." })),
    lambda2: number({ least: 0, description: "Ridge penalty.", default: 0 }),
    bigM: number({
      ...{ least: 0, above: true },
      description: "Bound on the (scaled) coefficients; none without it.",
    }),
    method: choice(["coordinate-descent", "local-search", "exact"], {
      description: "A coordinate-wise minimum, one that no swap improves, or a certified solution.",
      default: "local-search",
    }),
    intercept: flag({ description: "Fit an unpenalised intercept.", default: false }),
    standardize: flag({ description: "Scale the features to mean square 1 first.", default: false }),
    ...searchOptions,
    ...descentOptions,
  },
  answer: {
    ...resultFields,
    coefficients: arrayField("One coefficient a feature, for the data as they came [features]."),
    intercept: numberField("0 unless an intercept was asked for."),
    support: arrayField("Features with a nonzero coefficient, ascending, u32."),
    parameterCount: integerField("Numbers fitted: the support, and the intercept where one was asked for."),
    ...certificateFields,
  },
  solve: ({ X, y }, options) => sparseRegression(X, y, options),
});
