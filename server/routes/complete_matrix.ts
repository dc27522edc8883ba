import { completeMatrix, completeMatrixOptions } from "../../solvers/completion/mod.ts";
import {
  arrayField,
  integerField,
  numberField,
  optionalField,
  resultFields,
  sentencesField,
} from "../answer_fields.ts";
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
    ...resultFields,
    method: { json: { enum: ["srf", "soft-impute"], description: "How it was completed." } },
    shape: { json: { type: "array", items: { type: "integer" }, description: "Numbers of rows and columns." } },
    left: arrayField("One row a row of the matrix [rows, rank]."),
    right: arrayField("One row a column of the matrix [columns, rank]; the part of low rank is left right^T."),
    rank: integerField("Number of singular values that are kept."),
    singularValues: arrayField("Those of the part of low rank, falling."),
    width: optionalField(numberField("The last width of srf.")),
    lambda: optionalField(numberField("The price of the nuclear norm of soft-impute.")),
    offsets: optionalField({
      json: {
        type: "object",
        description: "A mean, and what rows and columns add to it.",
        properties: {
          mean: { type: "number" },
          rows: { $ref: "#/components/schemas/Array" },
          columns: { $ref: "#/components/schemas/Array" },
        },
      },
    }),
    residual: numberField("Root mean square difference between the answer and the observed values."),
    holdout: optionalField({
      json: { type: "object", description: "What held-out entries say of each width or price." },
    }),
    remarks: sentencesField("What the data would not allow."),
  },
  solve: ({ observed }, options) => completeMatrix(observed, options),
});
