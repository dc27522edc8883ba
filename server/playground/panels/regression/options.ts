import { choice } from "../../../../solvers/core/options.ts";
import { crossValidateRegressionOptions } from "../../../../solvers/regression/options.ts";

/** What a path can be judged by. */
export const judges = ["cross-validation", "ebic", "bic", "aic"] as const;

/** The options of the panel: those of a cross-validation, and what chooses. */
export const regressionOptions = {
  judge: choice(judges, {
    default: "cross-validation",
    about:
      "What chooses among the models: errors on rows that a fit has not seen, or a criterion of likelihood and size.",
  }),
  ...crossValidateRegressionOptions,
};
