import { type GraphData, sparsePrecision, sparsePrecisionOptions } from "../../solvers/graph/mod.ts";
import type { Matrix } from "../../solvers/core/mod.ts";
import { matrixArgument } from "../arrays.ts";
import {
  certificateFields,
  integerField,
  numberField,
  optionalField,
  resultFields,
  sparseField,
} from "../answer_fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { countArgument, optionalArgument } from "../samples.ts";

/** `POST /v1/sparse-precision`. */
export const sparsePrecisionRoute: ServiceRoute = defineRoute({
  path: "/v1/sparse-precision",
  operation: "sparsePrecision",
  summary: "Estimate which variables depend on each other given all others: a sparse precision matrix.",
  arguments: {
    samples: optionalArgument(matrixArgument("One sample a row [samples, variables].")),
    covariance: optionalArgument(
      matrixArgument("In place of `samples`: their covariance matrix [variables, variables]."),
    ),
    sampleCount: countArgument("Beside `covariance`: the number of samples that it is of."),
  },
  example: {
    samples: [[2, 2, 1], [-2, -2, 1], [1, 1, -1], [-1, -1, -1], [3, 2, 0], [-3, -2, 0]],
    options: { lambda0: 0.3, lambda2: 0.1 },
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
  solve: (data, options) => sparsePrecision(graphDataOf(data), options),
});

interface GraphArguments {
  readonly samples?: Matrix;
  readonly covariance?: Matrix;
  readonly sampleCount?: number;
}

/** Samples, or a covariance matrix and the number of its samples. @throws {Problem} 422 naming what is missing or too much */
function graphDataOf({ samples, covariance, sampleCount }: GraphArguments): GraphData {
  const beside = (name: string, other: string) =>
    new Problem(422, `Cannot use "${name}": expected it or "${other}", received both.`, { argument: name });
  const missing = (name: string) => new Problem(422, `"${name}" is missing.`, { argument: name });
  if (covariance === undefined) {
    if (samples === undefined) throw missing("samples");
    if (sampleCount !== undefined) throw beside("sampleCount", "samples");
    return samples;
  }
  if (samples !== undefined) throw beside("covariance", "samples");
  if (sampleCount === undefined) throw missing("sampleCount");
  return { covariance, sampleCount };
}
