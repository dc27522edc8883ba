/** Predictions of fitted tasks for the rows of another table. @module */

import { type Matrix, matrix, predictMultiTask, serializeCsv, type SparseMultiTask } from "../mod.ts";
import { UsageError } from "./command.ts";
import { FileError } from "./files.ts";
import { namesValue, quotedName } from "./names.ts";
import { available } from "./suggest.ts";
import { type NamedTable, readTable } from "./tables.ts";

/** What is predicted, and by whom. */
export interface PredictionAsked {
  readonly path: string;
  /** Features of the fit, in its order. */
  readonly columns: readonly string[];
  /** What is explained: a column, or one a task. */
  readonly targets: readonly string[];
  /** Names of the tasks. */
  readonly tasks: readonly string[];
  /** The column of tasks. */
  readonly task?: string;
  /** A task, `average` or `stacked`: of all rows. */
  readonly by?: string;
}

/** Predictions of the rows of a table. */
export interface TaskPredictions {
  readonly csv: string;
  readonly rows: number;
  /** Root mean square error, where the table has what is explained. */
  readonly error?: number;
}

/**
 * Reads the rows of a table that are to be predicted: each by the task that it names, all by one, or those of a new task by
 * the average or the stacked combination of all. What is explained may stand in the table, too.
 *
 * @returns What a fit predicts for them.
 */
export async function readPrediction(
  reader: Parameters<typeof readTable>[0],
  { path, columns, targets, tasks, task, by }: PredictionAsked,
): Promise<(fit: SparseMultiTask) => TaskPredictions> {
  const shared = targets.length > 1;
  if (shared && by !== undefined) {
    throw new UsageError("Option --predict-as is of one target: several are predicted each by its own task.");
  }
  if (by !== undefined && !["average", "stacked", ...tasks].includes(by)) {
    throw new UsageError(
      `Option --predict-as needs average, stacked or a task, received ${by}${available(by, tasks)}`,
    );
  }
  const table = await readTable(reader, path, {
    targets: { target: targets.map(quotedName) },
    labels: { task },
    mayLack: true,
  });
  const X = featuresOf(table, columns), [rows, width] = X.shape;
  const words = task === undefined || by !== undefined ? undefined : table.text.get(task);
  const all = Array.from({ length: rows }, (_, i) => i);
  /** Rows of a column of predictions, and the task that predicts them. */
  const parts: { readonly column: number; readonly who: string; readonly rows: readonly number[] }[] = [];
  if (shared) tasks.forEach((who, column) => parts.push({ column, who, rows: all }));
  else if (words) {
    const named = words.map((word) => word.trim());
    for (const who of new Set(named)) {
      const own = all.filter((i) => named[i] === who);
      if (!tasks.includes(who)) throw unknownTask(table, who, own[0], tasks);
      parts.push({ column: 0, who, rows: own });
    }
  } else parts.push({ column: 0, who: by ?? onlyTask(table, task, tasks), rows: all });
  return (fit) => {
    const predicted = matrix(rows, targets.length);
    for (const { column, who, rows } of parts) {
      const own = matrix(rows.length, width);
      rows.forEach((i, at) => own.data.set(X.data.subarray(i * width, (i + 1) * width), at * width));
      predictMultiTask(fit, own, shared ? column : who).forEach((value, at) =>
        predicted.data[rows[at] * targets.length + column] = value
      );
    }
    const csv = serializeCsv({
      columns: targets.map((name) => `predicted ${name}`),
      matrix: predicted,
      text: new Map(words && [[task!, words]]),
    });
    return { csv, rows, error: errorOf(table, targets, predicted) };
  };
}

function unknownTask({ path }: NamedTable, name: string, row: number, tasks: readonly string[]): FileError {
  return new FileError(
    `${path}: no task is called ${name}, as row ${row + 1} says${available(name, tasks)} ` +
      "--predict-as average, or stacked, is for new tasks.",
  );
}

function onlyTask({ path }: NamedTable, task: string | undefined, tasks: readonly string[]): string {
  if (tasks.length === 1) return tasks[0];
  const missing = task === undefined ? "" : `${path} has no column ${namesValue([task])}: `;
  throw new UsageError(`${missing}--predict-as says which task predicts its rows, or average, or stacked.`);
}

/** The columns of a fit, by their names. */
function featuresOf(
  { path, columns: given, matrix: { data, shape: [rows, width] } }: NamedTable,
  names: readonly string[],
): Matrix {
  const X = matrix(rows, names.length), places = names.map((name) => given.indexOf(name));
  const missing = places.indexOf(-1);
  if (missing >= 0) {
    throw new FileError(`${path}: no column is called ${names[missing]}${available(names[missing], given)}`);
  }
  for (let i = 0; i < rows; i++) places.forEach((j, at) => X.data[i * names.length + at] = data[i * width + j]);
  return X;
}

function errorOf(
  { columns, matrix: table }: NamedTable,
  targets: readonly string[],
  predicted: Matrix,
): number | undefined {
  const places = targets.map((name) => columns.indexOf(name)), [rows, width] = table.shape;
  if (places.includes(-1) || rows === 0) return undefined;
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    places.forEach((j, k) => sum += (table.data[i * width + j] - predicted.data[i * targets.length + k]) ** 2);
  }
  return Math.sqrt(sum / (rows * targets.length));
}
