import { drawCurves, drawHeatMap } from "../../../../pictures/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import { completeMatrixOptions } from "../../../../solvers/completion/options.ts";
import { tableWithBlanks } from "../../contents/files.ts";
import type { Panel } from "../../panel.ts";
import { numbersAlone } from "../roles.ts";
import { firstOf, inShort, percent, ranWords, rowNumbers, statusRemark } from "../words.ts";
import { withNames } from "../../../../solvers/core/names.ts";
import type { CompletionAnswer } from "./answer.ts";
import { exampleOptions } from "./example.ts";

/** Curves of singular values that are drawn at most. */
const mostCurves = 6;

/** The blanks of a table by a matrix of low rank. */
export const panel: Panel<CompletionAnswer> = {
  about: "The blanks of a table: its values follow few factors, which the values that are there tell.",
  examples: [{
    name: "factors",
    title: "Example",
    about: "Generated: products of random factors with noise, of which half are missing.",
    options: exampleOptions,
  }],
  files: tableWithBlanks,
  roles: { columns: { title: "Columns", kinds: ["numbers"], many: true, choose: numbersAlone } },
  options: {
    table: completeMatrixOptions,
    shown: ["method", "offsets", "holdout", "rankLimit"],
    labels: {
      method: "Method",
      offsets: "Offsets of rows and columns",
      holdout: "Values held out",
      rankLimit: "Most factors",
    },
  },
  action: "Complete",
  before: "Some of the values will be held out, to say how many factors there are; then all blanks are predicted.",
  draw(answer) {
    const { rows, columns, observedCount, factors, hasOffsets, heldOut, shown, level } = answer;
    const missing = rows * columns.length - observedCount,
      offsets = hasOffsets ? " beside offsets of rows and columns" : "";
    const marked = heldOut && heldOut.best >= 0 ? heldOut.best : undefined;
    const x = { label: level, scale: "log" } as const;
    const curves = heldOut
      ? Math.min(mostCurves, Math.max(0, ...heldOut.singularValues.map(({ length }) => length)))
      : 0;
    const map = (values: Float64Array, title: string) => (width: number) =>
      drawHeatMap(matrix(shown.rows, columns.length, values), { title, rows: rowNumbers(shown.rows), columns, width });
    return {
      summary: [
        `${missing} of ${rows * columns.length} values were missing (${percent(missing / (rows * columns.length))}); ` +
        `they are predicted by ${factors} ${factors === 1 ? "factor" : "factors"}${offsets}.`,
        heldOut
          ? `At the values held out the error is ${inShort(heldOut.error)}; without factors it is ${
            inShort(heldOut.baseline)
          }.`
          : `The answer differs from the values by ${inShort(answer.residual)} in the root mean square.`,
        ranWords(answer.ran),
      ],
      remarks: [
        ...statusRemark(answer.status),
        ...answer.remarks.map((remark) => withNames(remark, { column: columns })),
      ],
      figures: [
        ...heldOut && heldOut.levels.length > 1
          ? [{
            picture: (width: number) =>
              drawCurves([{ name: "error", x: heldOut.levels, y: heldOut.errors, marked }], {
                title: "Error at the values held out",
                x,
                y: { label: "root mean square error" },
                width,
                height: 320,
              }),
            about: "Left of the marked one noise is fitted.",
          }]
          : [],
        ...heldOut && curves > 0
          ? [{
            picture: (width: number) =>
              drawCurves(
                Array.from({ length: curves }, (_, k) => ({
                  name: `value ${k + 1}`,
                  x: heldOut.levels,
                  y: heldOut.singularValues.map((values) => values[k] > 0 ? values[k] : NaN),
                  ...(k === 0 && { marked }),
                })),
                { title: "Singular values", x, y: { label: "singular value", scale: "log" }, width, height: 320 },
              ),
            about: "Those of factors stay as the width falls; those of noise fall with it.",
          }]
          : [],
        { picture: map(shown.observed, `Observed${firstOf(shown.rows, rows)}`), about: "Blanks are grey." },
        { picture: map(shown.filled, `Filled${firstOf(shown.rows, rows)}`) },
      ],
    };
  },
};
