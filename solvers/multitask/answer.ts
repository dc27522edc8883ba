/** The answer of a fit of several tasks. @module */

import type { Workspace } from "../../kernels/engine/mod.ts";
import { certified } from "../core/certificate.ts";
import { DataError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { Result, Status } from "../core/result.ts";
import type { MultiTaskData } from "./data.ts";
import type { Penalties } from "./objective.ts";
import type { ResolvedPenalties } from "./options.ts";
import { plainObjective } from "./plain_objective.ts";
import type { MultiTaskSolution } from "./solution.ts";
import { mostStacked, type Stacking } from "./stacking.ts";
import { somePlaces } from "../core/names.ts";

/** Fitted sparse regressions of several tasks. */
export interface SparseMultiTask extends Result {
  /** Coefficients for the data as they came [features, tasks]. */
  readonly coefficients: Matrix;
  /** One a task; 0 where `intercept` is false. */
  readonly intercepts: Float64Array;
  /** Features of each task, ascending. */
  readonly supports: readonly Uint32Array[];
  /** What the tasks are called: by predictions, too. */
  readonly taskNames: readonly string[];
  /** Mean squared error of each task on its own samples, by their weights. */
  readonly meanSquaredErrors: Float64Array;
  /**
   * How the tasks together predict a new one; nothing where one `X` has many responses, for more than 250 tasks, and where
   * the time was up.
   */
  readonly stacking?: Stacking;
  /** No solution has a lower objective; from `exact`, and from `auto` where it tried a certificate. */
  readonly lowerBound?: number;
  /** `(objective - lowerBound) / objective`, beside `lowerBound`. */
  readonly gap?: number;
  /** Nodes solved, beside `lowerBound`. */
  readonly nodes?: number;
  /** What the data would not allow, in sentences. */
  readonly remarks: readonly string[];
}

/** How a fit ended. */
export interface Finished {
  readonly solution: MultiTaskSolution;
  readonly coefficients: Matrix;
  readonly intercepts: Float64Array;
  readonly stacking: Stacking | undefined;
  readonly penalties: Penalties;
  readonly given: ResolvedPenalties;
  readonly trace: readonly number[];
  readonly outcome?: { readonly lowerBound: number; readonly nodes: number };
  readonly status: Status;
  readonly gapTolerance: number;
  readonly iterations: number;
  /** Since the fit began. */
  readonly elapsedMs: () => number;
  readonly workspace: Workspace;
}

/** A solution for the data as they came. */
export function unscaled(
  data: MultiTaskData,
  solution: MultiTaskSolution,
): { coefficients: Matrix; intercepts: Float64Array } {
  const { prepared, scales, responseScale, features, intercept } = data, tasks = prepared.length;
  const coefficients = matrix(features, tasks), intercepts = new Float64Array(tasks);
  prepared.forEach(({ moments: { means, tails }, responseMean, responseTail }, k) => {
    let value = responseMean, tail = responseTail;
    solution.features[k].forEach((j, i) => {
      const scaled = solution.values[k][i], own = scaled === 0 ? 0 : scaled / scales[j] * responseScale;
      if (!Number.isFinite(own)) {
        throw new DataError(
          data.shared ? "X" : `tasks[${k}].X`,
          `Cannot fit a multi-task regression: the coefficient of column ${j} overflows.`,
        );
      }
      coefficients.data[j * tasks + k] = own;
      value -= means[j] * own;
      tail -= tails[j] * own;
    });
    intercepts[k] = intercept ? value + tail : 0;
  });
  return { coefficients, intercepts };
}

/** The answer. */
export function present(data: MultiTaskData, finished: Finished): SparseMultiTask {
  const { solution, coefficients, intercepts, stacking, penalties, trace, outcome, workspace } = finished;
  const { prepared, responseScale } = data;
  const supports = solution.features.map((one) => Uint32Array.from(one)), square = responseScale ** 2;
  const plain = plainObjective(data, solution, { coefficients, intercepts }, penalties);
  const certificate = certified({
    objective: plain.objective * square,
    rounding: plain.rounding * square,
    searched: solution.objective * square,
    lowerBound: outcome && Math.max(0, outcome.lowerBound) * square,
    gapTolerance: finished.gapTolerance,
    status: finished.status,
  });
  return {
    coefficients,
    intercepts,
    supports,
    taskNames: prepared.map(({ name }) => name),
    meanSquaredErrors: plain.meanSquaredErrors,
    ...(stacking && { stacking }),
    ...certificate,
    ...(outcome && { nodes: outcome.nodes }),
    remarks: remarksOn(data, finished),
    trace: Float64Array.from(trace, (value) => value * square),
    iterations: finished.iterations,
    elapsedMs: finished.elapsedMs(),
    plan: workspace.plan,
  };
}

function remarksOn(
  { prepared, scales, intercept, features, shared }: MultiTaskData,
  { solution: { dependent }, given, stacking }: Finished,
): string[] {
  const remarks: string[] = [], what = intercept ? "constant, or varying by rounding alone" : "zero";
  const nothing = `${what}: nothing follows from`;
  const empty = Array.from(scales.keys()).filter((j) => scales[j] === Infinity);
  if (empty.length === 1) remarks.push(`Column ${empty[0]} is ${nothing} it.`);
  if (empty.length > 1) remarks.push(`Columns ${somePlaces(empty)} are ${nothing} them.`);
  const short = prepared.filter(({ y }) => y.length === 1).map(({ name }) => name);
  if (short.length > 0 && intercept) {
    remarks.push(
      `${short.length > 1 ? "Tasks" : "Task"} ${
        somePlaces(short)
      } of one sample: nothing but an intercept follows from ${short.length > 1 ? "them" : "it"}.`,
    );
  }
  const constant = prepared.filter(({ y, isConstant }) => isConstant && y.length > 1).map(({ name }) => name);
  if (constant.length > 0) {
    remarks.push(
      `The response of ${constant.length > 1 ? "tasks" : "task"} ${
        somePlaces(constant)
      } is constant: nothing follows from it.`,
    );
  }
  if (given.support > features) {
    remarks.push(
      `There ${
        features === 1 ? "is 1 feature" : `are ${features} features`
      }: no task can have the ${given.support} of "support".`,
    );
  }
  dependent.forEach((columns, k) => {
    const own = columns.filter((j) => !prepared[k].isEmpty[j]);
    if (own.length > 0) {
      const which = own.length > 1 ? `columns ${somePlaces(own)} have` : `column ${somePlaces(own)} has`;
      remarks.push(`The support of task ${prepared[k].name} has no full rank: ${which} no part in it.`);
    }
  });
  if (!shared && !stacking) {
    const why = prepared.length > mostStacked ? `they are of up to ${mostStacked} tasks` : "the time was up";
    remarks.push(`There is nothing for stacked predictions: ${why}.`);
  }
  return remarks;
}
