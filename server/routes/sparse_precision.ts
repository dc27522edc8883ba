import { sparsePrecision, sparsePrecisionOptions } from "../../solvers/graph/mod.ts";
import { matrixArgument } from "../arrays.ts";
import {
  certificateFields,
  integerField,
  numberField,
  optionalField,
  resultFields,
  sparseField,
} from "../answer_fields.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";

/** `POST /v1/sparse-precision`. */
export const sparsePrecisionRoute: ServiceRoute = defineRoute({
  path: "/v1/sparse-precision",
  operation: "sparsePrecision",
  summary: "Estimate which variables depend on each other given all others: a sparse precision matrix.",
  arguments: {
    samples: matrixArgument("One sample a row [samples, variables]."),
  },
  options: sparsePrecisionOptions,
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
