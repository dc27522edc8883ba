/** Folds of several tasks: of the rows of each, or of whole tasks. @module */

import { OptionError } from "../core/errors.ts";
import type { Steps } from "../core/steps.ts";
import { drawFolds, foldCount } from "../l0/folds.ts";
import { type Tasks, type TaskSamples, withRows } from "./data.ts";
import { mostStacked } from "./stacking.ts";

/** Data that a fold is fitted to, and those that it predicts. */
export interface Fold {
  readonly training: Tasks;
  /** Samples of each held task, and the task that predicts them. */
  readonly held: readonly {
    readonly task: number;
    readonly samples: TaskSamples;
    readonly by: number | "average" | "stacked";
  }[];
}

/** What folds are drawn by. */
interface FoldOptions {
  /** How many there are. */
  readonly folds?: number;
  readonly seed: number;
}

/** Folds of the rows of every task; one `X` has the same in all. A task of one row is in every fold. */
export function* foldsOfRows(tasks: Tasks, { folds: wanted, seed }: FoldOptions): Steps<Fold[]> {
  const most = tasks.tasks.reduce((longest, { y }) => Math.max(longest, y.length), 0);
  const folds = foldCount(wanted, most, "samples of the largest task");
  const held = tasks.tasks.map(({ y }, k) => {
    if (y.length < 2) return Array.from({ length: folds }, (): number[] => []);
    const own = Math.min(folds, y.length);
    const drawn = drawFolds(y.length, { folds: own, repeats: 1, seed: tasks.shared ? seed : (seed + k) >>> 0 });
    // Short tasks are held out by as many folds as they have rows, and not all by the first ones.
    return Array.from({ length: folds }, (_, fold) => drawn[(fold + (own < folds ? k : 0)) % folds] ?? []);
  });
  const kept = held.map((parts, k) =>
    parts.map((part) => {
      const out = new Set(part);
      return Array.from({ length: tasks.tasks[k].y.length }, (_, row) => row).filter((row) => !out.has(row));
    })
  );
  const rowsOf = (parts: number[][][], fold: number) => (k: number) => parts[tasks.shared ? 0 : k][fold];
  const made: Fold[] = [];
  for (let fold = 0; fold < folds; fold++) {
    const test = yield* withRows(tasks, rowsOf(held, fold)), training = yield* withRows(tasks, rowsOf(kept, fold));
    made.push({
      training,
      held: test.tasks.flatMap((samples, task) => samples.y.length > 0 ? [{ task, samples, by: task }] : []),
    });
    yield;
  }
  return made;
}

/** Folds that hold out a task each. */
export function foldsOfTasks(tasks: Tasks, { prediction }: { readonly prediction: "average" | "stacked" }): Fold[] {
  if (tasks.shared) {
    throw new OptionError(
      "leaveOut",
      'Cannot use "leaveOut": expected "rows" for one "X" of many responses, received "tasks".',
    );
  }
  if (tasks.tasks.length < 2) {
    throw new OptionError("leaveOut", 'Cannot use "leaveOut": expected two tasks at least beside "tasks", received 1.');
  }
  if (prediction === "stacked" && tasks.tasks.length > mostStacked + 1) {
    throw new OptionError(
      "prediction",
      `Cannot use "prediction": expected "average" for more than ${mostStacked} tasks beside each, received "stacked".`,
    );
  }
  return tasks.tasks.map((samples, task) => ({
    training: { ...tasks, tasks: tasks.tasks.filter((_, k) => k !== task) },
    held: [{ task, samples, by: prediction }],
  }));
}
