import { serializeCsv } from "../../../../formats/mod.ts";
import {
  chooseQuantized,
  type Observations,
  observedEntries,
  type QuantizedChoiceOptions,
} from "../../../../solvers/completion/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import { columnOf, matrixOf, readTable, type TableContent, wordsOf } from "../../contents/table.ts";
import type { Chosen, PanelSolver } from "../../solver.ts";
import { withNames } from "../../../../solvers/core/names.ts";
import { ranAs, rowNumbers } from "../words.ts";
import type { LevelsAnswer } from "./answer.ts";
import { starsWithBlanks } from "./example.ts";

/** Rows and columns that are drawn at most; levels that there are at most; entries that are written at most. */
const mostRows = 60, mostColumns = 100, mostLevels = 50, mostWritten = 500_000;

/** Predicts blanks of a table, or of lines of row, column and value. */
export const solver: PanelSolver<TableContent, LevelsAnswer, QuantizedChoiceOptions> = {
  read: readTable,
  examples: { stars: starsWithBlanks },
  async solve(data, options, run) {
    const began = performance.now(), { observed, rowNames, columnNames } = observedOf(data);
    const values = [...new Set(observed.values)].sort((a, b) => a - b), [rows, columns] = observed.shape;
    if (values.length > mostLevels) {
      throw new Error(`There are ${values.length} different values: as levels there may be ${mostLevels}.`);
    }
    const levelOf = new Map(values.map((value, level) => [value, level]));
    const levels = { ...observed, values: Float64Array.from(observed.values, (value) => levelOf.get(value)!) };
    const { fit, lambda, holdout } = await chooseQuantized(levels, { ...options, ...run.watch(0, 1) });
    const { rank, gap, certified, boundaries, status, remarks } = fit, names = values.map(String), count = names.length;
    const expectedAt = (i: ArrayLike<number>, j: ArrayLike<number>) => {
      const { probabilities: { data } } = fit.predict(Array.from(i), Array.from(j));
      return Float64Array.from(i, (_, k) => values.reduce((sum, value, q) => sum + value * data[k * count + q], 0));
    };
    const height = Math.min(rows, mostRows), width = Math.min(columns, mostColumns);
    const places = Array.from({ length: height * width }, (_, at) => at),
      seen = new Float64Array(height * width).fill(NaN);
    for (let e = 0; e < observed.values.length; e++) {
      const i = observed.rows[e], j = observed.columns[e];
      if (i < height && j < width) seen[i * width + j] = observed.values[e];
    }
    const expected = expectedAt(places.map((at) => Math.floor(at / width)), places.map((at) => at % width));
    const { probabilities } = holdout,
      best = (k: number) => {
        const own = probabilities.data.subarray(k * count, (k + 1) * count);
        return own.indexOf(Math.max(...own));
      };
    run.show({
      rows,
      columns,
      observedCount: observed.values.length,
      names,
      boundaries,
      lambda,
      rank,
      hasOffsets: fit.rowOffsets !== undefined,
      gap,
      certified,
      heldOut: {
        lambdas: holdout.lambdas,
        losses: holdout.losses,
        best: holdout.best,
        right: holdout.levels.filter((level, k) => best(k) === level).length / holdout.levels.length,
        levels: holdout.levels,
        probabilities: Float64Array.from(probabilities.data),
      },
      shown: {
        rowNames: rowNames.slice(0, height),
        columnNames: columnNames.slice(0, width),
        observed: seen,
        filled: expected.map((value, at) => Number.isNaN(seen[at]) ? value : seen[at]),
      },
      status,
      remarks: remarks.map((remark) => withNames(remark, { row: rowNames, column: columnNames })),
      ran: ranAs(fit, performance.now() - began),
    });
    if (rows * columns - observed.values.length > mostWritten) return [];
    const known = new Set<number>();
    for (let e = 0; e < observed.values.length; e++) known.add(observed.rows[e] * columns + observed.columns[e]);
    const blanks = Array.from({ length: rows * columns }, (_, at) => at).filter((at) => !known.has(at));
    const i = blanks.map((at) => Math.floor(at / columns)), j = blanks.map((at) => at % columns);
    const predicted = fit.predict(i, j), means = expectedAt(i, j), written = matrix(blanks.length, 3 + count);
    blanks.forEach((_, k) => {
      const ofLevels = predicted.probabilities.data.subarray(k * count, (k + 1) * count);
      written.data.set([predicted.latent[k], values[predicted.levels[k]], means[k], ...ofLevels], k * (3 + count));
    });
    const text = new Map([["row", i.map((row) => rowNames[row])], ["column", j.map((column) => columnNames[column])]]);
    const head = ["latent", "level", "expected", ...names.map((name) => `probability of ${name}`)];
    return [{ name: "predictions.csv", content: serializeCsv({ columns: head, matrix: written, text }) }];
  },
};

interface Named {
  readonly observed: Observations;
  readonly rowNames: readonly string[];
  readonly columnNames: readonly string[];
}

function observedOf(data: Chosen<TableContent>): Named {
  const rowWords = wordsOf(data, "row"), columnWords = wordsOf(data, "column"), values = columnOf(data, "value");
  const given = [rowWords, columnWords, values].filter((field) => field !== undefined).length;
  if (given === 0) {
    const { names, matrix: table } = matrixOf(data, "columns");
    if (names.length === 0) throw new Error("No column is chosen: a table with blanks needs some.");
    return { observed: observedEntries(table), rowNames: rowNumbers(table.shape[0]), columnNames: names };
  }
  if (given < 3) throw new Error("Lines of row, column and value need all three: choose them, or none for a table.");
  const place = (words: readonly string[]) => {
    const names = [...new Set(words)].sort(), at = new Map(names.map((name, k) => [name, k]));
    return { names, at: Uint32Array.from(words, (word) => at.get(word)!) };
  };
  const there = Array.from(values!.keys()).filter((k) => !Number.isNaN(values![k]));
  const rows = place(rowWords!), columns = place(columnWords!);
  return {
    observed: {
      shape: [rows.names.length, columns.names.length],
      rows: there.map((k) => rows.at[k]),
      columns: there.map((k) => columns.at[k]),
      values: there.map((k) => values![k]),
    },
    rowNames: rows.names,
    columnNames: columns.names,
  };
}
