import { drawTaskAgreement, drawTaskCoefficients, drawTaskValidation } from "../../../../pictures/mod.ts";
import { crossValidateMultiTaskOptions } from "../../../../solvers/multitask/options.ts";
import { tableFiles } from "../../contents/files.ts";
import type { Panel } from "../../panel.ts";
import { generatedTable } from "../example_options.ts";
import { numbersAlone } from "../roles.ts";
import { inShort, missingRemarks, percent, ranWords, statusRemark } from "../words.ts";
import type { MultiTaskAnswer } from "./answer.ts";

/** A column in several tasks, by few of the others. */
export const panel: Panel<MultiTaskAnswer> = {
  about:
    "One column of a table in several tasks, by few of the others: each task has a model of its own, and the models " +
    "share which features they use, how much they use them, or both.",
  examples: [{
    name: "sites",
    title: "Example",
    about: "Generated: six sites of thirty rows; four features matter in all of them, one more in each.",
    options: generatedTable(180, 30, "features"),
  }],
  files: tableFiles,
  roles: {
    target: { title: "Target", kinds: ["numbers"], choose: (fields) => fields.slice(0, 1).map(({ name }) => name) },
    task: {
      title: "Task of each row",
      kinds: ["text", "numbers"],
      choose: (fields, taken) =>
        [...fields.filter(({ kind }) => kind === "text"), ...fields].filter(({ name }) => !taken.includes(name))
          .slice(0, 1).map(({ name }) => name),
    },
    features: { title: "Features", kinds: ["numbers", "text"], many: true, choose: numbersAlone },
    weights: { title: "Weights of the rows", kinds: ["numbers"], optional: true },
  },
  options: {
    table: crossValidateMultiTaskOptions,
    shown: ["grid", "commonSupport", "leaveOut", "rule"],
    without: ["maxIterations"],
    labels: {
      grid: "Penalties to compare",
      "grid.support": "Features of each task",
      "grid.ridge": "Ridges",
      "grid.valueSharing": "Prices of values that differ",
      "grid.supportSharing": "Prices of supports that differ",
      commonSupport: "One support for all tasks",
      leaveOut: "Hold out",
      rule: "Rule of cross-validation",
    },
  },
  action: "Solve",
  before:
    "Models of several sizes will be fitted to all tasks, sharing more and more; their errors in cross-validation " +
    "choose.",
  draw(answer) {
    const { target, task, names, tasks, table, chosen, coefficients, intercepts, leftTasksOut, ran } = answer;
    const point = table[chosen],
      count = tasks.length,
      used = names.flatMap((_, j) => {
        const own = Array.from(coefficients.data.subarray(j * count, (j + 1) * count));
        return own.some((value) => value !== 0) ? [{ name: names[j], own }] : [];
      });
    const all = used.filter(({ own }) => own.every((value) => value !== 0)).length;
    const held = leftTasksOut ? "tasks that are left out, predicted by the others" : "rows that a fit has not seen";
    return {
      summary: [
        `${target} in ${count} tasks by ${used.length} of ${names.length} features, ${all} of them in all tasks.`,
        `Chosen among ${table.length}: at most ${point.support} features a task, values shared at ${
          inShort(point.valueSharing)
        }, supports at ${inShort(point.supportSharing)}; mean squared error ${
          inShort(point.meanSquaredError)
        } on ${held}${answer.gap === undefined ? "" : `; certified within ${percent(answer.gap)} of the best`}.`,
        ranWords(ran),
      ],
      remarks: [...missingRemarks(answer.settled), ...statusRemark(answer.status), ...answer.remarks],
      figures: [
        { picture: (width) => drawTaskValidation(table, { best: chosen, target, width, height: 320 }) },
        ...used.length > 0
          ? [
            { picture: (width: number) => drawTaskCoefficients(coefficients, { features: names, tasks, width }) },
            { picture: (width: number) => drawTaskAgreement(coefficients, { features: names, tasks, width }) },
          ]
          : [],
        {
          title: "Coefficients",
          head: [task, ...tasks],
          rows: [
            ["(intercept)", ...intercepts.map((value) => inShort(value))],
            ...used.map(({ name, own }) => [name, ...own.map((value) => value === 0 ? "" : inShort(value))]),
          ],
          about: "In the units of the data.",
        },
      ],
    };
  },
};
