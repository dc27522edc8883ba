import { serializeCsv } from "../../../../formats/mod.ts";
import {
  completedMatrix,
  completeMatrix,
  type CompleteMatrixOptions,
  observedEntries,
} from "../../../../solvers/completion/mod.ts";
import { matrixOf, readTable, type TableContent } from "../../contents/table.ts";
import type { PanelSolver } from "../../solver.ts";
import { ranAs } from "../words.ts";
import type { CompletionAnswer } from "./answer.ts";
import { factorsWithBlanks } from "./example.ts";

/** Rows that are drawn at most. */
const mostRows = 60;

/** Predicts blanks. */
export const solver: PanelSolver<TableContent, CompletionAnswer, CompleteMatrixOptions> = {
  read: readTable,
  examples: { factors: factorsWithBlanks },
  async solve(data, options, run) {
    const began = performance.now(), { names, matrix: table } = matrixOf(data, "columns");
    const observed = observedEntries(table);
    const fit = await completeMatrix(observed, { ...options, ...run.watch(0, 1) });
    const filled = completedMatrix(fit);
    table.data.forEach((value, at) => !Number.isNaN(value) && (filled.data[at] = value));
    const [rows, columns] = table.shape, shown = Math.min(rows, mostRows);
    const { holdout, singularValues, residual, status, remarks, method, width = 0 } = fit;
    run.show({
      rows,
      columns: names,
      observedCount: observed.values.length,
      factors: singularValues.filter((value) => value > width).length,
      hasOffsets: fit.offsets !== undefined,
      level: method === "srf" ? "width" : "price of the nuclear norm",
      residual,
      heldOut: holdout && {
        levels: holdout.levels,
        errors: holdout.errors,
        best: holdout.best,
        error: holdout.error,
        baseline: holdout.baseline,
        singularValues: holdout.singularValues,
      },
      shown: {
        rows: shown,
        observed: Float64Array.from(table.data.subarray(0, shown * columns)),
        filled: Float64Array.from(filled.data.subarray(0, shown * columns)),
      },
      status,
      remarks,
      ran: ranAs(fit, performance.now() - began),
    });
    return [{
      name: "filled.csv",
      content: serializeCsv({ columns: names, matrix: filled, text: data.content.texts }),
    }];
  },
};
