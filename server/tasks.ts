/** Tasks in requests: each has samples and responses of its own. */

import type { Matrix, Vector } from "../solvers/core/mod.ts";
import { type ArraySchema, matrixArgument, matrixJson, vectorArgument, vectorJson } from "./arrays.ts";
import { Problem } from "./problem.ts";
import { isRecord, objectSchema, refuse } from "./schema.ts";

/** A task as a request gives it. */
export interface RequestTask {
  readonly X: Matrix;
  readonly y: Vector;
  readonly weights?: Vector;
  readonly name?: string;
}

const X = matrixArgument("Samples of the task [samples, features]."), y = vectorArgument("One response a sample.");
const weights = vectorArgument("Weight of each sample.");
const known = ["X", "y", "weights", "name"];

/** A list of tasks: in JSON of objects; in safetensors of tensors `tasks.0.X`, `tasks.0.y`, `tasks.0.weights`. */
export function tasksArgument(description: string): ArraySchema<readonly RequestTask[], false> {
  return {
    needed: false,
    json: {
      description,
      type: "array",
      items: objectSchema({
        X: { needed: true, json: matrixJson },
        y: { needed: true, json: vectorJson },
        weights: { needed: false, json: vectorJson },
        name: { needed: false, json: { type: "string", description: "What the task is called." } },
      }),
    },
    read(value, name) {
      if (!Array.isArray(value)) throw refuse(name, "an array of { X, y }", value);
      return value.map((task: unknown, k) => readTask(task, `${name}[${k}]`));
    },
    readTensors(tensors, name, taken) {
      const tasks: RequestTask[] = [];
      for (;;) {
        const at = `${name}.${tasks.length}`;
        if (!tensors.has(`${at}.X`)) break;
        const task = {
          X: X.readTensors(tensors, `${at}.X`, taken)!,
          y: y.readTensors(tensors, `${at}.y`, taken),
          weights: weights.readTensors(tensors, `${at}.weights`, taken),
        };
        if (!task.y) throw new Problem(422, `The tensor "${at}.y" is missing.`, { argument: `${at}.y` });
        tasks.push({ ...task, y: task.y });
      }
      return tasks.length > 0 ? tasks : undefined;
    },
  };
}

function readTask(value: unknown, name: string): RequestTask {
  if (!isRecord(value)) throw refuse(name, "an object with X and y", value);
  const unknown = Object.keys(value).find((key) => !known.includes(key));
  if (unknown !== undefined) {
    const argument = `${name}.${unknown}`;
    throw new Problem(422, `Cannot use "${argument}": a task has ${known.join(", ")}.`, { argument });
  }
  for (const part of ["X", "y"]) {
    if (!(part in value)) throw new Problem(422, `"${name}.${part}" is missing.`, { argument: `${name}.${part}` });
  }
  if (value.name !== undefined && typeof value.name !== "string") throw refuse(`${name}.name`, "a string", value.name);
  return {
    X: X.read(value.X, `${name}.X`),
    y: y.read(value.y, `${name}.y`),
    ...(value.weights !== undefined && { weights: weights.read(value.weights, `${name}.weights`) }),
    ...(value.name !== undefined && { name: value.name }),
  };
}
