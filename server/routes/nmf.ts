import { nmf, nmfOptions } from "../../solvers/factorization/mod.ts";
import { matrixArgument } from "../arrays.ts";
import { arrayField, numberField, resultFields } from "../answer_fields.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/nmf`. */
export const nmfRoute: ServiceRoute = defineRoute({
  path: "/v1/nmf",
  operation: "nmf",
  summary: "Nonnegative matrix factorisation by least squares, with weights for entries that are missing.",
  arguments: { X: matrixArgument("Samples as rows, not negative [samples, features].") },
  example: { X: [[1, 0, 1], [0, 1, 1], [1, 1, 2]], options: { rank: 2 } },
  options: nmfOptions,
  answer: {
    ...resultFields,
    components: arrayField("Components `H` [rank, features]."),
    weights: arrayField("Weights `W` [samples, rank]."),
    relativeError: numberField("`||X - W H|| / ||X||`."),
    largestGain: numberField("The most that a change of one entry would gain, as a share of `||X||^2`."),
  },
  solve: ({ X }, options) => nmf(X, options),
});
