/** Regressions of several tasks, against all supports. @module */

import * as minima from "../../../mod.ts";
import { enumerated, goldenTasks, type Question } from "../../solvers/multitask/instances.ts";
import { type Check, type Checks, place, trueOf } from "./check.ts";

const tasks = goldenTasks();

/** The objective of multi-task regressions, from its definition. */
function multiTaskObjective(fit: minima.SparseMultiTask, question: Question): number {
  const { coefficients: { data: b, shape: [features, count] }, intercepts } = fit;
  const { ridge, valueSharing = 0, supportSharing = 0, commonSupport } = question;
  let sum = 0;
  tasks.forEach(({ X, y }, k) => {
    for (let i = 0; i < y.length; i++) {
      let residual = y[i] - intercepts[k];
      for (let j = 0; j < features; j++) residual -= X.data[i * features + j] * b[j * count + k];
      sum += residual * residual / (2 * y.length);
    }
  });
  for (let j = 0; j < features; j++) {
    const own = Array.from(b.subarray(j * count, (j + 1) * count)), mean = own.reduce((a, c) => a + c, 0) / count;
    const having = own.filter((value) => value !== 0).length;
    for (const value of own) sum += ridge / 2 * value * value + valueSharing / 2 * (value - mean) ** 2;
    if (!commonSupport) sum += supportSharing / 2 * having * (count - having) / count;
  }
  return sum;
}

const multiTaskQuestions: Record<string, Question> = {
  "supports shared": { support: 2, ridge: 0.01, supportSharing: 0.05 },
  "values shared": { support: 2, ridge: 0.01, valueSharing: 0.3, supportSharing: 0.05 },
  "a common support": { support: 2, ridge: 0.01, valueSharing: 0.3, commonSupport: true },
};
const multiTasks: Record<string, Check> = {}, multiTaskPaths: Record<string, Check> = {};
const multiTaskValidations: Record<string, Check> = {};
for (const [name, question] of Object.entries(multiTaskQuestions)) {
  const optimum = enumerated(tasks, question), { support, ridge, commonSupport, ...sharing } = question;
  const grid = {
    support: [support],
    ridge: [ridge],
    valueSharing: [sharing.valueSharing ?? 0],
    supportSharing: [sharing.supportSharing ?? 0],
  };
  for (const method of ["local-search", "exact"] as const) {
    const options = { standardize: false, ...place, method, commonSupport };
    const isTrue = (fit: minima.SparseMultiTask) => trueOf(fit, multiTaskObjective(fit, question), optimum, 0.01);
    multiTasks[`${method}, ${name}`] = async () =>
      isTrue(await minima.sparseMultiTask(tasks, { ...options, ...question }));
    multiTaskPaths[`${method}, ${name}`] = async () => {
      for await (const point of minima.sparseMultiTaskPath(tasks, { ...options, grid })) isTrue(point);
    };
    multiTaskValidations[`${method}, ${name}`] = async () =>
      isTrue((await minima.crossValidateMultiTask(tasks, { ...options, grid, folds: 2 })).fit);
  }
}

/** The checks. */
export const multiTaskChecks: Checks = {
  sparseMultiTask: multiTasks,
  sparseMultiTaskPath: multiTaskPaths,
  crossValidateMultiTask: multiTaskValidations,
};
