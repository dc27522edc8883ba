import { completeQuantized, completeQuantizedOptions } from "../../solvers/completion/mod.ts";
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

/** `POST /v1/complete-quantized`. */
export const completeQuantizedRoute: ServiceRoute = defineRoute({
  path: "/v1/complete-quantized",
  operation: "completeQuantized",
  summary: "Complete a matrix of which some entries are known by their levels.",
  arguments: { levels: observationsArgument("Levels of the observed entries, whole numbers from 0.") },
  example: { levels: [[0, 1, null], [1, 2, 2], [null, 2, 2]], options: { lambda: 0.5 } },
  options: completeQuantizedOptions,
  answer: {
    ...resultFields,
    left: arrayField("One row a row of the matrix [rows, rank]."),
    right: arrayField("One row a column of the matrix [columns, rank]."),
    rowOffsets: optionalField(arrayField("One a row; latent values are left right^T and both offsets.")),
    columnOffsets: optionalField(arrayField("One a column.")),
    boundaries: arrayField("Latent values between levels, rising."),
    link: { json: { enum: ["logit", "probit"], description: "Distribution of the noise." } },
    rank: integerField("Columns of the factors."),
    lowerBound: numberField("No matrix has a lower objective under these boundaries."),
    gap: numberField("(objective - lowerBound) / objective."),
    certified: { json: { type: "boolean", description: "The gap is within the tolerance." } },
    proved: { json: { type: "boolean", description: "The bound is proved; otherwise it holds but for 1e-9." } },
    remarks: sentencesField("Rows and columns without an entry."),
  },
  solve: ({ levels }, options) => completeQuantized(levels, options),
});
