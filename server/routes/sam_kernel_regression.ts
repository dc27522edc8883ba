import { samKernelRegression, samRegressionOptions } from "../../solvers/sharpness/mod.ts";
import { matrixArgument, vectorArgument } from "../arrays.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { pathAnswer } from "../sharp_path.ts";

/** `POST /v1/sam-kernel-regression`. */
export const samKernelRegressionRoute: ServiceRoute = defineRoute({
  path: "/v1/sam-kernel-regression",
  operation: "samKernelRegression",
  summary: "Follow sharpness-aware steps of kernel regression: coefficients, loss, bias, variance and risk.",
  arguments: {
    kernel: matrixArgument("Symmetric and positive semidefinite [rows, rows]."),
    y: vectorArgument("What is to be fitted [rows]."),
  },
  example: { kernel: [[1, 0.5], [0.5, 1]], y: [1, 2], options: { rho: 0.1, steps: 4 } },
  options: samRegressionOptions,
  answer: pathAnswer,
  solve: async ({ kernel, y }, options) => ({ ...await samKernelRegression(kernel, y, options) }),
});
