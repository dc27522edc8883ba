/** Sparse regressions, against all subsets. @module */

import * as minima from "../../../mod.ts";
import { matrix } from "../../../mod.ts";
import { bestSubset } from "../../solvers/regression/best_subset.ts";
import { simulate } from "../../solvers/regression/data.ts";
import { type Check, type Checks, place, trueOf } from "./check.ts";

const { X, y } = simulate(30, 7, 3, 0.6, 0.5, 4);
const penalties = { lambda0: 0.6, lambda2: 0.1 };
const subset = bestSubset(X, y, penalties.lambda0, penalties.lambda2, Infinity);

/** The data that a fit with an intercept and scaled columns sees, and its best subset. */
const scaledSubset = (() => {
  const [samples, features] = X.shape, data = new Float64Array(samples * features);
  for (let j = 0; j < features; j++) {
    const { mean, scale } = momentsOf(j);
    for (let i = 0; i < samples; i++) data[i * features + j] = (X.data[i * features + j] - mean) / scale;
  }
  const mean = y.reduce((sum, value) => sum + value, 0) / samples;
  const centred = matrix(samples, features, data), response = y.map((value) => value - mean);
  return (lambda0: number) => bestSubset(centred, response, lambda0, penalties.lambda2, Infinity);
})();

function momentsOf(j: number): { mean: number; scale: number } {
  const [samples, features] = X.shape;
  const column = Array.from({ length: samples }, (_, i) => X.data[i * features + j]);
  const mean = column.reduce((total, x) => total + x, 0) / samples;
  return { mean, scale: Math.sqrt(column.reduce((total, x) => total + (x - mean) ** 2, 0) / samples) };
}

/** The objective of a regression, from its definition. */
function regressionObjective(
  fit: { coefficients: Float64Array; intercept: number },
  standardize: boolean,
  lambda0: number,
): number {
  const [samples, features] = X.shape;
  let sum = 0;
  for (let j = 0; j < features; j++) {
    const b = fit.coefficients[j] * (standardize ? momentsOf(j).scale : 1);
    if (b !== 0) sum += lambda0 + penalties.lambda2 * b * b;
  }
  for (let i = 0; i < samples; i++) {
    let residual = y[i] - fit.intercept;
    for (let j = 0; j < features; j++) residual -= X.data[i * features + j] * fit.coefficients[j];
    sum += residual * residual / 2;
  }
  return sum;
}

const plain = { intercept: false, standardize: false };
const regressions: Record<string, Check> = {};
for (const method of ["auto", "coordinate-descent", "local-search", "exact"] as const) {
  for (const gapTolerance of method === "exact" || method === "auto" ? [0, 0.01] : [0]) {
    regressions[`${method}, gap ${gapTolerance}`] = async () => {
      const fit = await minima.sparseRegression(X, y, { ...penalties, ...plain, ...place, method, gapTolerance });
      trueOf(fit, regressionObjective(fit, false, penalties.lambda0), subset, gapTolerance);
    };
  }
  regressions[`${method}, scaled`] = async () => {
    const scaled = { intercept: true, standardize: true };
    const fit = await minima.sparseRegression(X, y, { ...penalties, ...scaled, ...place, method });
    trueOf(fit, regressionObjective(fit, true, penalties.lambda0), scaledSubset(penalties.lambda0), 0.01);
  };
}
regressions["exact, without ridge"] = async () => {
  const options = { lambda0: 0.6, lambda2: 0, ...plain, ...place, method: "exact", gapTolerance: 1e-6 } as const;
  const fit = await minima.sparseRegression(X, y, options);
  const objective = regressionObjective(fit, false, 0.6) - fit.coefficients.reduce((sum, b) => sum + 0.1 * b * b, 0);
  trueOf(fit, objective, bestSubset(X, y, 0.6, 0, Infinity), 1e-6);
};

const pathOptions = { lambda2: penalties.lambda2, ...plain, ...place, count: 5 };
const paths: Record<string, Check> = Object.fromEntries(
  (["coordinate-descent", "local-search", "exact"] as const).map((method) => [method, async () => {
    for await (const point of minima.sparseRegressionPath(X, y, { ...pathOptions, method })) {
      const optimum = bestSubset(X, y, point.lambda0, penalties.lambda2, Infinity);
      trueOf(point, regressionObjective(point, false, point.lambda0), optimum, 0.01);
    }
  }]),
);
const validations: Record<string, Check> = Object.fromEntries(
  (["local-search", "exact"] as const).map((method) => [method, async () => {
    const { fit } = await minima.crossValidateRegression(X, y, { ...pathOptions, method, folds: 3 });
    const optimum = bestSubset(X, y, fit.lambda0, penalties.lambda2, Infinity);
    trueOf(fit, regressionObjective(fit, false, fit.lambda0), optimum, 0.01);
  }]),
);

/** The checks. */
export const regressionChecks: Checks = {
  sparseRegression: regressions,
  sparseRegressionPath: paths,
  crossValidateRegression: validations,
};
