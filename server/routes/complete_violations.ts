import { completeViolations, completeViolationsOptions } from "../../solvers/completion/mod.ts";
import { arrayField, numberField } from "../answer_fields.ts";
import { lowRankFields } from "../low_rank.ts";
import { levelsArgument } from "../observations.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/complete-violations`. */
export const completeViolationsRoute: ServiceRoute = defineRoute({
  path: "/v1/complete-violations",
  operation: "completeViolations",
  summary: "Complete a matrix of low rank of which some entries are known by their bins.",
  arguments: { levels: levelsArgument },
  options: completeViolationsOptions,
  example: { levels: [[0, 1], [1, 3], [2, null]], options: { boundaries: [1.5, 2.5, 3.5, 5], holdout: 0 } },
  answer: {
    ...lowRankFields,
    width: numberField("The last width."),
    boundaries: arrayField("Values between levels, as they were given."),
    threshold: numberField("Distance from a bin up to which its price is quadratic."),
    violation: numberField("Root mean square distance of the answer from the bins."),
    largestViolation: numberField("The largest of those distances."),
  },
  solve: ({ levels }, options) => completeViolations(levels, options),
});
