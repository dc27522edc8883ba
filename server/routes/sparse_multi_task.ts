import { sparseMultiTask, sparseMultiTaskOptions } from "../../solvers/multitask/mod.ts";
import { matrixArgument, optionalArgument } from "../arrays.ts";
import { arrayField, certificateFields, optionalField, resultFields, sentencesField } from "../answer_fields.ts";
import { Problem } from "../problem.ts";
import { defineRoute, type ServiceRoute } from "../route.ts";
import { tasksArgument } from "../tasks.ts";

/** `POST /v1/sparse-multi-task`. */
export const sparseMultiTaskRoute: ServiceRoute = defineRoute({
  path: "/v1/sparse-multi-task",
  operation: "sparseMultiTask",
  summary: "Explain the responses of several tasks by few features each, which the tasks share.",
  arguments: {
    tasks: tasksArgument("Tasks with samples of their own; either they or X and Y."),
    X: optionalArgument(matrixArgument("Samples of all tasks as rows [samples, features].")),
    Y: optionalArgument(matrixArgument("Responses, one task a column [samples, tasks].")),
  },
  example: {
    X: [[1, 2], [2, 1], [3, 4], [4, 2], [5, 5]],
    Y: [[2.1, 1.1], [3.9, 1.9], [6.2, 3.2], [7.8, 3.9], [10.1, 5.1]],
    options: { support: 1 },
  },
  options: sparseMultiTaskOptions,
  answer: {
    ...resultFields,
    coefficients: arrayField("For the data as they came [features, tasks]."),
    intercepts: arrayField("One a task [tasks]."),
    supports: {
      json: {
        type: "array",
        items: { $ref: "#/components/schemas/Array" },
        description: "Features of each task, ascending, u32.",
      },
    },
    taskNames: sentencesField("What the tasks are called."),
    meanSquaredErrors: arrayField("Mean squared error of each task on its own samples [tasks]."),
    stacking: optionalField({
      json: {
        type: "object",
        description: "How the tasks together predict a new one.",
        properties: { weights: { $ref: "#/components/schemas/Array" }, intercept: { type: "number" } },
        required: ["weights", "intercept"],
      },
    }),
    remarks: sentencesField("What the data would not allow."),
    ...certificateFields,
  },
  solve({ tasks, X, Y }, options) {
    if (tasks && (X || Y)) {
      throw new Problem(422, 'Cannot use "X": expected either "tasks" or "X" and "Y", received both.', {
        argument: "X",
      });
    }
    if (tasks) return sparseMultiTask(tasks, options);
    if (!X) throw new Problem(422, '"tasks" is missing, or "X" and "Y".', { argument: "tasks" });
    if (!Y) throw new Problem(422, '"Y" is missing.', { argument: "Y" });
    return sparseMultiTask(X, Y, options);
  },
});
