import { archetypalNmf, archetypalNmfOptions } from "../../solvers/factorization/mod.ts";
import { arrayField, integerField, numberField, optionalField, resultFields } from "../answer_fields.ts";
import { startArgument, withStart } from "../factors.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { samplesArgument } from "../samples.ts";

/** `POST /v1/archetypal-nmf`. */
export const archetypalNmfRoute: ServiceRoute = defineRoute({
  path: "/v1/archetypal-nmf",
  operation: "archetypalNmf",
  summary: "Samples as mixtures of sparse archetypes, which are nearly mixtures of samples.",
  arguments: {
    X: samplesArgument("Samples as rows, not negative [samples, features]."),
    initial: startArgument(
      "Factors to start from, in the place of the option: `H` [rank, features], `W` [samples, rank].",
    ),
  },
  example: { X: [[1, 0, 1], [0, 1, 1], [0.5, 0.5, 1], [0.8, 0.2, 1]], options: { rank: 2 } },
  options: archetypalNmfOptions,
  answer: {
    ...resultFields,
    archetypes: arrayField("Archetypes `H` [rank, features]."),
    weights: arrayField("Weights `W`, rows on the simplex [samples, rank]."),
    hullWeights: arrayField("Weights of the samples `V`, rows on the simplex [rank, samples]."),
    fit: numberField("`||X - W H||^2`."),
    archetypal: numberField("`||H - V X||^2`."),
    archetypalBound: optionalField(
      numberField("No archetypes of so few entries have a smaller `||H - V X||^2`; where it was asked for."),
    ),
    relativeError: numberField("`||X - W H|| / ||X||`."),
    gap: numberField("What each block would gain at most by itself, as a share of `||X||^2`."),
    nonzeroCount: integerField("Entries of the archetypes that are not zero."),
  },
  solve: ({ X, initial }, options) => archetypalNmf(X, withStart(options, initial)),
});
