import { sparsePrecision } from "../../mod.ts";
import { matrixArgument } from "../arrays.ts";
import {
  certificateFields,
  integerField,
  numberField,
  optionalField,
  resultFields,
  sparseField,
} from "../answer_fields.ts";
import { defineRoute, descentOptions, searchOptions } from "../route.ts";
import { choice, flag, integer, number, required } from "../schema.ts";
import { sparseOption } from "../sparse.ts";

/** `POST /v1/sparse-precision`. */
export const sparsePrecisionRoute = defineRoute({
  path: "/v1/sparse-precision",
  operation: "sparsePrecision",
  summary: "Estimate which variables depend on each other given all others: a sparse precision matrix.",
  arguments: {
    samples: matrixArgument("One sample a row [samples, variables]."),
  },
  options: {
    lambda0: required(number({ least: 0, description: "Price of each edge." })),
    lambda2: required(number({
      least: 0,
      description: "Ridge penalty on the squared entries of each edge; where it is 0, `bigM` must be given.",
    })),
    bigM: number({
      ...{ least: 0, above: true },
      description: "Bound on the entries off the diagonal; none without it.",
    }),
    method: choice(["approximate", "exact"], {
      description: "A local minimum that no swap of neighbouring edges improves, or a certified solution.",
      default: "approximate",
    }),
    randomStarts: integer({
      least: 0,
      description: "Descents from random orders besides the greedy one; the best is kept.",
      default: 0,
    }),
    perturbations: integer({
      least: 0,
      description:
        "Restarts from the best graph so far without some of its edges; 12 up to 256 variables and none above, unless given.",
    }),
    initial: sparseOption("A symmetric matrix with a positive diagonal to start from; the empty graph without it."),
    evaluation: choice(["auto", "products", "neighbours", "residuals"], {
      description:
        "From stored products with the Gram matrix, by sums over neighbours in half the memory, or from the samples alone.",
      default: "auto",
    }),
    center: flag({ description: "Subtract the mean of each column.", default: true }),
    ...searchOptions,
    ...descentOptions,
  },
  answer: {
    ...resultFields,
    precision: sparseField("Symmetric, with its diagonal [variables, variables], csr, f64."),
    edgeCount: integerField("Nonzero entries above the diagonal."),
    dataTerm: numberField("The objective without its penalties."),
    ...certificateFields,
    normalizedGap: optionalField(
      numberField("(objective - lowerBound) / (objective of the empty graph - lowerBound)."),
    ),
  },
  solve: ({ samples }, options) => sparsePrecision(samples, options),
});
