import { nmf, nmfOptions } from "../../solvers/factorization/mod.ts";
import { arrayField, numberField, resultFields } from "../answer_fields.ts";
import { partialSamplesArgument, startArgument, weightsOf, withStart } from "../factors.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/nmf`. */
export const nmfRoute: ServiceRoute = defineRoute({
  path: "/v1/nmf",
  operation: "nmf",
  summary: "Nonnegative matrix factorisation by least squares, with weights for entries that are missing.",
  arguments: {
    X: partialSamplesArgument("Samples as rows, not negative [samples, features]."),
    initial: startArgument(
      "Factors to start from, in the place of the option: `H` [rank, features], `W` [samples, rank].",
    ),
  },
  example: { X: [[1, 0, 1], [0, 1, 1], [1, 1, 2]], options: { rank: 2 } },
  options: nmfOptions,
  answer: {
    ...resultFields,
    components: arrayField("Components `H` [rank, features]."),
    weights: arrayField("Weights `W` [samples, rank]."),
    relativeError: numberField("`||X - W H|| / ||X||`."),
    largestGain: numberField("The most that a change of one entry would gain, as a share of `||X||^2`."),
  },
  solve: ({ X, initial }, options) =>
    nmf(X.X, { ...withStart(options, initial), weights: weightsOf(X, options.weights) }),
});
