import { drawCurves, drawHeatMap, drawReliability } from "../../../../pictures/mod.ts";
import { chooseQuantizedOptions } from "../../../../solvers/completion/quantized_options.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import { tableWithBlanks } from "../../contents/files.ts";
import type { Field, Panel } from "../../panel.ts";
import { numbersAlone } from "../roles.ts";
import { firstOf, inShort, percent, ranWords, statusRemark } from "../words.ts";
import type { LevelsAnswer } from "./answer.ts";
import { exampleOptions } from "./example.ts";

/** Columns of a file of lines: row, column, value and perhaps one more, such as a time. */
const lineColumns = [3, 4];

/** The column of such lines by its place; none where the file is a table. */
function ofLines(place: 0 | 1 | 2) {
  return (fields: readonly Field[]) => {
    const inLines = lineColumns.includes(fields.length) && fields[2].kind === "numbers" &&
      fields.slice(0, 2).every(({ name, kind }) =>
        kind === "text" || /user|item|row|column|film|movie|person/i.test(name)
      );
    return inLines ? [fields[place].name] : [];
  };
}

/** Blanks of a table of levels, such as ratings, with their probabilities. */
export const panel: Panel<LevelsAnswer> = {
  about: "Ratings, or other values of a few levels, of which many are missing: the probability of each level.",
  examples: [{
    name: "stars",
    title: "Example",
    about: "Generated: ratings of one to five stars by people with tastes, of which half are missing.",
    options: exampleOptions,
  }],
  files: { ...tableWithBlanks, about: `${tableWithBlanks.about}; or lines of row, column and value` },
  roles: {
    row: { title: "Row, of lines", kinds: ["text", "numbers"], optional: true, choose: ofLines(0) },
    column: { title: "Column, of lines", kinds: ["text", "numbers"], optional: true, choose: ofLines(1) },
    value: { title: "Value, of lines", kinds: ["text", "numbers"], optional: true, choose: ofLines(2) },
    columns: { title: "Columns of a table", kinds: ["numbers"], many: true, optional: true, choose: numbersAlone },
  },
  options: {
    table: chooseQuantizedOptions,
    shown: ["link", "boundaryRule", "offsets", "holdout"],
    without: ["boundaries", "levelCount"],
    begin: { tolerance: 1e-4 },
    labels: {
      link: "Noise",
      boundaryRule: "Boundaries",
      offsets: "Offsets of rows and columns",
      holdout: "Levels held out",
    },
  },
  action: "Predict",
  before: "Some of the levels will be held out, to say how much structure there is; then all blanks are predicted.",
  draw(answer) {
    const { rows, columns, observedCount, names, rank, hasOffsets, heldOut, shown } = answer;
    const missing = rows * columns - observedCount,
      offsets = hasOffsets ? " beside offsets of rows and columns" : ", without offsets";
    const [height, width] = [shown.rowNames.length, shown.columnNames.length];
    const map = (values: Float64Array, title: string) => (size: number) =>
      drawHeatMap(matrix(height, width, values), {
        title,
        rows: shown.rowNames,
        columns: shown.columnNames,
        scale: "sequential",
        width: size,
      });
    return {
      summary: [
        `${missing} of ${rows * columns} levels were missing (${
          percent(missing / (rows * columns))
        }); they are predicted ` +
        `by ${rank} ${rank === 1 ? "factor" : "factors"}${offsets}.`,
        `Of the levels held out, ${percent(heldOut.right)} are the most probable one; the mean of −log P is ${
          inShort(heldOut.losses[heldOut.best])
        }, and ${inShort(heldOut.losses[0])} without factors.`,
        answer.certified
          ? `Under its boundaries and weight this is the optimum, to a share of ${inShort(answer.gap, 2)}.`
          : `Under its boundaries and weight the optimum is below this by a share of ${
            inShort(answer.gap, 2)
          } at most.`,
        ranWords(answer.ran),
      ],
      remarks: [...statusRemark(answer.status), ...answer.remarks],
      figures: [
        ...heldOut.lambdas.length > 1
          ? [{
            picture: (size: number) =>
              drawCurves([{ name: "loss", x: heldOut.lambdas, y: heldOut.losses, marked: heldOut.best }], {
                title: "Loss at the levels held out",
                x: { label: "weight of the trace norm", scale: "log" },
                y: { label: "mean of −log P" },
                width: size,
                height: 320,
              }),
            about: "Left of the marked one noise is fitted.",
          }]
          : [],
        {
          picture: (size: number) =>
            drawReliability(
              matrix(heldOut.levels.length, names.length, heldOut.probabilities),
              heldOut.levels,
              { title: "Reliability at the levels held out", levels: names, width: size, height: 320 },
            ),
          about: "How often a level comes about where it is predicted with some probability.",
        },
        { picture: map(shown.observed, `Observed${firstOf(height, rows)}`), about: "Blanks are grey." },
        {
          picture: map(shown.filled, `Filled${firstOf(height, rows)}`),
          about: "Expected levels between the observed ones.",
        },
      ],
    };
  },
};
