import { completeViolations, completeViolationsOptions } from "../../solvers/completion/mod.ts";
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

/** `POST /v1/complete-violations`. */
export const completeViolationsRoute: ServiceRoute = defineRoute({
  path: "/v1/complete-violations",
  operation: "completeViolations",
  summary: "Complete a matrix of low rank of which some entries are known by their bins.",
  arguments: { levels: observationsArgument("Levels of the observed entries, whole numbers from 0.") },
  options: completeViolationsOptions,
  example: { levels: [[0, 1], [1, 3], [2, null]], options: { boundaries: [1.5, 2.5, 3.5, 5], holdout: 0 } },
  answer: {
    ...resultFields,
    shape: { json: { type: "array", items: { type: "integer" }, description: "Numbers of rows and columns." } },
    left: arrayField("One row a row of the matrix [rows, rank]."),
    right: arrayField("One row a column of the matrix [columns, rank]; the part of low rank is left right^T."),
    rank: integerField("Number of singular values that are kept."),
    singularValues: arrayField("Those of the part of low rank, falling."),
    width: numberField("The last width."),
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
    boundaries: arrayField("Values between levels, as they were given."),
    threshold: numberField("Distance from a bin up to which its price is quadratic."),
    violation: numberField("Root mean square distance of the answer from the bins."),
    largestViolation: numberField("The largest of those distances."),
    holdout: optionalField({
      json: { type: "object", description: "How far held-out entries are from their bins at each width." },
    }),
    remarks: sentencesField("What the data would not allow."),
  },
  solve: ({ levels }, options) => completeViolations(levels, options),
});
