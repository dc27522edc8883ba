/** What a regression answers with. @module */

import type { Plan } from "../../kernels/engine/mod.ts";
import { certified } from "../core/certificate.ts";
import { DataError } from "../core/errors.ts";
import type { Result } from "../core/result.ts";
import { inSteps } from "../core/steps.ts";
import type { RegressionData } from "./data.ts";
import type { ExactSolution } from "./exact.ts";
import type { LeastSquares } from "./least_squares.ts";
import { plainObjective } from "./plain_objective.ts";
import { type DescentBudget, pause, type Solution } from "./task.ts";
import { somePlaces } from "../core/names.ts";

/** A fitted sparse regression. */
export interface SparseRegression extends Result {
  /** One coefficient a feature, for the data as they came. */
  readonly coefficients: Float64Array;
  /** 0 where `intercept` is false. */
  readonly intercept: number;
  /** Features with a nonzero coefficient, and those of `always`, ascending. */
  readonly support: Uint32Array;
  /** Numbers fitted: those of the support, and the intercept where there is one. */
  readonly parameterCount: number;
  /** No solution has a lower objective; from `exact`, and from `auto` where it tried a certificate. */
  readonly lowerBound?: number;
  /** `(objective - lowerBound) / objective`, beside `lowerBound`. */
  readonly gap?: number;
  /** Relaxations solved, beside `lowerBound`. */
  readonly nodes?: number;
  /** What the data would not allow, in sentences: columns that are constant, features that depend on others. */
  readonly remarks: readonly string[];
}

/** Features of a solution, ascending. */
export function supportOf({ estimate }: Solution): Uint32Array {
  return Uint32Array.from(estimate.features).sort();
}

/** A solution as it will be answered with. */
export interface Finished extends Solution, Partial<Pick<ExactSolution, "lowerBound" | "nodes" | "status" | "remark">> {
  readonly dependent: readonly number[];
}

/** What an answer says beside its solution. */
export interface AnswerContext {
  readonly data: RegressionData;
  readonly problem: Pick<LeastSquares, "nullLoss" | "squaredNorms">;
  readonly budget: DescentBudget;
  /** What the support costs beside its loss. */
  readonly price: number;
  readonly gapTolerance: number;
  readonly plan: Plan;
  readonly elapsedMs: number;
}

/** The answer in the caller's units, judged by the caller's own data. */
export async function present(
  solution: Finished,
  { data, problem, budget, price, gapTolerance, plan, elapsedMs }: AnswerContext,
): Promise<SparseRegression> {
  const { means, scales, tails, responseMean, responseTail, responseScale } = data;
  const { features: active, coefficients: scaled } = solution.estimate;
  const coefficients = new Float64Array(data.scales.length);
  let intercept = responseMean, tail = responseTail;
  active.forEach((feature, i) => {
    const value = scaled[i] === 0 ? 0 : scaled[i] / scales[feature] * responseScale;
    if (!Number.isFinite(value)) {
      throw new DataError("X", `Cannot fit a sparse regression: the coefficient of column ${feature} overflows.`);
    }
    coefficients[feature] = value;
    intercept -= means[feature] * value;
    tail -= tails[feature] * value;
  });
  const support = supportOf(solution), square = responseScale ** 2;
  const { lowerBound } = solution, status = solution.status ?? budget.ended ?? "converged";
  const answer = { coefficients, support, intercept: intercept + tail };
  const { objective, rounding } = await inSteps(
    plainObjective(data, answer, solution.estimate, price, problem),
    () => pause({ budget }, "objective", solution.objective),
  );
  const certificate = certified({
    objective: objective * square,
    rounding: rounding * square,
    searched: solution.objective * square,
    lowerBound: lowerBound === undefined ? undefined : Math.max(0, lowerBound) * square,
    gapTolerance,
    status,
  });
  return {
    ...answer,
    parameterCount: support.length + (data.intercept ? 1 : 0),
    ...certificate,
    ...(lowerBound !== undefined && { nodes: solution.nodes }),
    remarks: remarksOn(data, solution),
    trace: Float64Array.from(budget.trace, (value) => value * square),
    iterations: budget.sweeps,
    elapsedMs,
    plan,
  };
}

function remarksOn({ scales, intercept }: RegressionData, { dependent, remark }: Finished): string[] {
  const remarks: string[] = [];
  const empty: number[] = [];
  for (let j = 0; j < scales.length; j++) if (scales[j] === Infinity) empty.push(j);
  if (empty.length > 0) {
    const what = intercept ? "constant, or varying by rounding alone" : "zero";
    remarks.push(`${named(empty, "C")} ${what}: nothing follows from ${empty.length > 1 ? "them" : "it"}.`);
  }
  if (dependent.length > 0) {
    remarks.push(
      `The support has no full rank: ${named(dependent)} a combination of its others, and has no part in it.`,
    );
  }
  if (remark !== undefined) remarks.push(remark);
  return remarks;
}

function named(columns: readonly number[], initial: "C" | "c" = "c"): string {
  if (columns.length === 1) return `${initial}olumn ${columns[0]} is`;
  return `${initial}olumns ${somePlaces(columns)} are`;
}
