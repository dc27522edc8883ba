import { samRegression, samRegressionOptions } from "../../solvers/sharpness/mod.ts";
import { matrixArgument, vectorArgument } from "../arrays.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { pathAnswer } from "../sharp_path.ts";

/** `POST /v1/sam-regression`. */
export const samRegressionRoute: ServiceRoute = defineRoute({
  path: "/v1/sam-regression",
  operation: "samRegression",
  summary: "Follow sharpness-aware steps on least squares: coefficients, loss, bias, variance and risk.",
  arguments: {
    X: matrixArgument("Samples as rows [rows, features]."),
    y: vectorArgument("What is to be fitted [rows]."),
  },
  example: { X: [[1, 0.5], [2, 1.5], [3, 2]], y: [1, 2, 3], options: { rho: 0.1, steps: 4 } },
  options: samRegressionOptions,
  answer: pathAnswer,
  solve: async ({ X, y }, options) => ({ ...await samRegression(X, y, options) }),
});
