/** Tasks from tables: rows by the words of a column, a table each, or several columns of one. @module */

import { matrix, type MultiTaskInput } from "../mod.ts";
import { UsageError } from "./command.ts";
import { FileError } from "./files.ts";
import { knownNames } from "./names.ts";
import { type NamedTable, readTable, splitColumn, splitLabels } from "./tables.ts";
import type { Terminal } from "./terminal.ts";

/** What was read. */
export interface TasksRead {
  /** What is explained. */
  readonly target: string;
  /** Of the features. */
  readonly columns: readonly string[];
  /** Of the tasks. */
  readonly names: readonly string[];
  readonly tasks?: readonly MultiTaskInput[];
  readonly X?: NamedTable["matrix"];
  readonly Y?: NamedTable["matrix"];
  readonly weights?: Float64Array;
}

/** The parts of an invocation that say what the tasks are. */
interface Asked {
  readonly options: { readonly target?: readonly string[]; readonly task?: string; readonly weights?: string };
  readonly operands: readonly string[];
  readonly terminal: Terminal;
  readonly signal: AbortSignal;
}

/** Reads the tables, and makes tasks of them. */
export async function readTasks(invocation: Asked): Promise<TasksRead> {
  const { options: { target = [], task, weights }, operands: paths } = invocation;
  const needs = { targets: { target, weights }, labels: { task } };
  const tables: NamedTable[] = [];
  for (const path of paths) tables.push(await readTable(invocation, path, needs));
  const targets = knownNames(tables[0].path, target, tables[0].columns);
  if (targets.length === 1) return tasksOf(tables, targets[0], task, weights);
  if (task !== undefined || paths.length > 1) {
    throw new UsageError("Option --target takes several columns with one table and without --task alone.");
  }
  const whole = weighed(tables[0], weights);
  let { rest } = whole;
  const responses = targets.map((name) => {
    const split = splitColumn(rest, name);
    rest = split.rest;
    return split.column;
  });
  const rows = rest.matrix.shape[0], Y = matrix(rows, targets.length);
  responses.forEach((column, k) => column.forEach((value, i) => Y.data[i * targets.length + k] = value));
  const common = { target: targets.join(", "), columns: rest.columns, names: targets };
  return { ...common, X: rest.matrix, Y, weights: whole.weights };
}

/** Tasks by the words of a column, or one of each table. */
function tasksOf(tables: readonly NamedTable[], target: string, task?: string, weighing?: string): TasksRead {
  const tasks: (MultiTaskInput & { readonly name: string })[] = [];
  let columns: readonly string[] | undefined;
  for (const table of tables) {
    const { rest: all, labels } = task === undefined ? { rest: table, labels: undefined } : splitLabels(table, task);
    const { rest: unweighed, weights } = weighed(all, weighing);
    const { rest, column: y } = splitColumn(unweighed, target);
    columns ??= rest.columns;
    const missing = columns.find((name) => !rest.columns.includes(name));
    if (missing !== undefined || rest.columns.length !== columns.length) {
      const odd = missing ?? rest.columns.find((name) => !columns!.includes(name));
      throw new FileError(
        `${table.path}: the tables of all tasks need the same columns, but "${odd}" is in some alone.`,
      );
    }
    const places = columns.map((name) => rest.columns.indexOf(name)), { data, shape: [rows, width] } = rest.matrix;
    const names = labels?.classes ?? [nameOf(table.path, tables.map(({ path }) => path))];
    names.forEach((name, code) => {
      const own = Array.from({ length: rows }, (_, i) => i).filter((i) => !labels || labels.codes[i] === code);
      const X = matrix(own.length, places.length);
      own.forEach((i, row) => places.forEach((j, at) => X.data[row * places.length + at] = data[i * width + j]));
      tasks.push({
        X,
        y: Float64Array.from(own, (i) => y[i]),
        name,
        ...(weights && { weights: Float64Array.from(own, (i) => weights[i]) }),
      });
    });
  }
  return { target, columns: columns!, names: tasks.map(({ name }) => name), tasks };
}

/** A table without the column of weights, and that column. */
function weighed(given: NamedTable, name?: string): { rest: NamedTable; weights?: Float64Array } {
  if (name === undefined) return { rest: given };
  const { rest, column } = splitColumn(given, name);
  return { rest, weights: column };
}

/** A table is called by its file, without folder and ending, where that says which. */
function nameOf(path: string, paths: readonly string[]): string {
  const short = (one: string) => one.replace(/^.*[\\/]/, "").replace(/\.[^.]*$/, "");
  return paths.filter((other) => short(other) === short(path)).length > 1 ? path : short(path);
}
