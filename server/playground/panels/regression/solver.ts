import { serializeCsv } from "../../../../formats/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import {
  crossValidateRegression,
  informationCriteria,
  predictRegression,
  type RegressionCrossValidationOptions,
  type RegressionPathPoint,
  sparseRegressionPath,
} from "../../../../solvers/regression/mod.ts";
import { columnOf, completeRows, matrixOf, readTable, type TableContent, wordsOf } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import { withNames } from "../../../../solvers/core/names.ts";
import type { PathPoint, RegressionAnswer } from "./answer.ts";
import { correlatedFeatures } from "./example.ts";
import type { judges } from "./options.ts";

type Options = RegressionCrossValidationOptions & { readonly judge?: (typeof judges)[number] };

/** Chooses few features along a path. */
export const solver: PanelSolver<TableContent, RegressionAnswer, Options> = {
  read: readTable,
  examples: { correlated: correlatedFeatures },
  async solve(given, { judge = "cross-validation", folds, repeats, rule, ...options }, run) {
    const began = performance.now(), { data, settled } = completeRows(given);
    const { names, matrix: X } = matrixOf(data, "features"), y = columnOf(data, "target")!;
    const weights = columnOf(data, "weights"), groups = wordsOf(data, "groups");
    const validating = judge === "cross-validation";

    const points: RegressionPathPoint[] = [], criteria: number[] = [];
    const { lambda2, ...shared } = options,
      ridge = lambda2 === undefined || typeof lambda2 === "number" ? lambda2 : lambda2[0];
    const watch = run.watch(0, validating ? 0.3 : 1);
    for await (const point of sparseRegressionPath(X, y, { ...shared, lambda2: ridge, weights, ...watch })) {
      points.push(point);
      criteria.push(informationCriteria(point, X, y)[validating ? "ebic" : judge]);
      const path = points.map(({ lambda0, support }, i) => ({ lambda0, size: support.length, criterion: criteria[i] }));
      const best = criteria.indexOf(Math.min(...criteria));
      run.show(answerOf(points[best], validating ? "ebic" : judge, path, best));
    }
    let fit = points[criteria.indexOf(Math.min(...criteria))];
    if (validating) {
      const validation = await crossValidateRegression(X, y, {
        ...options,
        folds,
        repeats,
        rule,
        weights,
        groups: groups && ranksOf(groups),
        ...run.watch(0.3, 1, "cross-validation"),
      });
      const { lambdas, meanSquaredErrors, standardErrors, best } = validation;
      const sizes = new Map(points.map(({ lambda0, support }) => [lambda0, support.length]));
      const path = Array.from(lambdas, (lambda0, i) => ({
        lambda0,
        size: sizes.get(lambda0) ?? NaN,
        criterion: meanSquaredErrors[i],
        error: standardErrors[i],
      }));
      fit = validation.fit;
      run.show(answerOf(fit, "mean squared error", path, best));
    }
    const chosen = ["(intercept)", ...Array.from(fit.support, (feature) => names[feature])];
    const values = Float64Array.of(fit.intercept, ...Array.from(fit.support, (feature) => fit.coefficients[feature]));
    const table = {
      columns: ["coefficient"],
      matrix: matrix(values.length, 1, values),
      text: new Map([["feature", chosen]]),
    };
    return [{ name: "coefficients.csv", content: serializeCsv(table) }];

    function answerOf(
      fit: RegressionPathPoint,
      criterion: string,
      path: PathPoint[],
      chosen: number,
    ): RegressionAnswer {
      const predicted = predictRegression(fit, X), support = Array.from(fit.support);
      return {
        target: data.roles.target[0],
        featureCount: names.length,
        samples: y.length,
        settled,
        criterion,
        path,
        chosen,
        names: support.map((feature) => names[feature]),
        coefficients: support.map((feature) => fit.coefficients[feature]),
        effects: support.map((feature) =>
          fit.coefficients[feature] * deviationOf(Float64Array.from(y, (_, i) => X.data[i * names.length + feature]))
        ),
        intercept: fit.intercept,
        explained: 1 - sumOfSquares(predicted.map((value, i) => y[i] - value)) / (y.length * deviationOf(y) ** 2),
        gap: fit.gap,
        status: fit.status,
        remarks: fit.remarks.map((remark) => withNames(remark, { column: names })),
        ran: ranAs(fit, performance.now() - began),
        measured: y,
        predicted,
      };
    }
  },
};

/** Words as numbers, the same for the same. */
function ranksOf(words: readonly string[]): number[] {
  const ranks = new Map<string, number>();
  return words.map((word) => ranks.get(word) ?? ranks.set(word, ranks.size).get(word)!);
}

function deviationOf(values: Float64Array): number {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(sumOfSquares(values.map((value) => value - mean)) / values.length);
}

function sumOfSquares(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value ** 2, 0);
}
