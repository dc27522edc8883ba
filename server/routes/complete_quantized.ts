import { completeQuantized, completeQuantizedOptions } from "../../solvers/completion/mod.ts";
import { arrayField, numberField, optionalField } from "../answer_fields.ts";
import { factorFields } from "../low_rank.ts";
import { levelsArgument } from "../observations.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/complete-quantized`. */
export const completeQuantizedRoute: ServiceRoute = defineRoute({
  path: "/v1/complete-quantized",
  operation: "completeQuantized",
  summary: "Complete a matrix of which some entries are known by their levels.",
  arguments: { levels: levelsArgument },
  example: { levels: [[0, 1, null], [1, 2, 2], [null, 2, 2]], options: { lambda: 0.5 } },
  options: completeQuantizedOptions,
  answer: {
    ...factorFields,
    rowOffsets: optionalField(arrayField("One a row; latent values are left right^T and both offsets.")),
    columnOffsets: optionalField(arrayField("One a column.")),
    boundaries: arrayField("Latent values between levels, rising."),
    link: { json: { enum: ["logit", "probit"], description: "Distribution of the noise." } },
    lowerBound: numberField("No matrix has a lower objective under these boundaries."),
    gap: numberField("(objective - lowerBound) / objective."),
    certified: { json: { type: "boolean", description: "The gap is within the tolerance." } },
    proved: { json: { type: "boolean", description: "The bound is proved; otherwise it holds but for 1e-9." } },
  },
  solve: ({ levels }, options) => completeQuantized(levels, options),
});
