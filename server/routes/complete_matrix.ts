import { completeMatrix, completeMatrixOptions } from "../../solvers/completion/mod.ts";
import { numberField, optionalField } from "../answer_fields.ts";
import { lowRankFields } from "../low_rank.ts";
import { observationsArgument } from "../observations.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/complete-matrix`. */
export const completeMatrixRoute: ServiceRoute = defineRoute({
  path: "/v1/complete-matrix",
  operation: "completeMatrix",
  summary: "Complete a matrix of low rank from some of its entries.",
  arguments: { observed: observationsArgument("The observed entries.") },
  example: { observed: [[1, 2, null], [2, 4, 6], [3, null, 9]], options: { holdout: 0 } },
  options: completeMatrixOptions,
  answer: {
    ...lowRankFields,
    method: { json: { enum: ["srf", "soft-impute"], description: "How it was completed." } },
    width: optionalField(numberField("The last width of srf.")),
    lambda: optionalField(numberField("The price of the nuclear norm of soft-impute.")),
    residual: numberField("Root mean square difference between the answer and the observed values."),
  },
  solve: ({ observed }, options) => completeMatrix(observed, options),
});
