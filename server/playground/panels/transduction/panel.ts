import { drawCurves, drawHeatMap } from "../../../../pictures/mod.ts";
import { transduceOptions } from "../../../../solvers/completion/transduction_options.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import { tableWithBlanks } from "../../contents/files.ts";
import type { Field, Panel } from "../../panel.ts";
import { numbersAlone } from "../roles.ts";
import { firstOf, percent, ranWords, rowNumbers, statusRemark } from "../words.ts";
import type { TransductionAnswer } from "./answer.ts";
import { exampleOptions } from "./example.ts";

/** Columns of numbers from 0 to 1, and of words with two different ones, or three with what is missing. */
function likeLabels(fields: readonly Field[]): string[] {
  const isLabel = ({ kind, about = "" }: Field) =>
    kind === "numbers" ? /^0 to 1(,|$)/.test(about) : /^[23] different words$/.test(about);
  const found = fields.filter(isLabel).map(({ name }) => name);
  return found.length < fields.length ? found : found.slice(-1);
}

/** Labels of rows by their features, both known in part. */
export const panel: Panel<TransductionAnswer> = {
  about: "Rows with features and labels, both known in part: missing labels by completing the two together.",
  examples: [{
    name: "factors",
    title: "Example",
    about: "Generated: features of three factors with noise, labels by signs of their sums; half of both is known.",
    options: exampleOptions,
  }],
  files: tableWithBlanks,
  roles: {
    labels: { title: "Labels", kinds: ["numbers", "text"], many: true, choose: likeLabels },
    features: {
      title: "Features",
      kinds: ["numbers"],
      many: true,
      choose: (fields) => numbersAlone(fields).filter((name) => !likeLabels(fields).includes(name)),
    },
  },
  options: {
    table: transduceOptions,
    shown: ["method", "holdout", "labelWeight"],
    labels: { method: "What was observed", holdout: "Held out", labelWeight: "Weight of the labels" },
  },
  action: "Predict",
  before:
    "Some features and labels will be held out, to choose a width and to calibrate; then all labels are predicted.",
  draw(answer) {
    const { items, labels, predicted, counts, heldOut, shown } = answer, count = labels.length;
    const map = (values: Float64Array, title: string) => (width: number) =>
      drawHeatMap(matrix(shown.items, count, values), {
        title,
        rows: rowNumbers(shown.items),
        columns: labels,
        width,
        scale: shown.calibrated ? "sequential" : "diverging",
      });
    // On the scale of what is predicted.
    const known = shown.calibrated ? shown.known.map((value) => (1 + value) / 2) : shown.known;
    const part = firstOf(shown.items, items, "items");
    return {
      summary: [
        `${predicted} of ${items * count} labels were missing (${
          percent(predicted / (items * count))
        }); they are predicted ` +
        `by ${answer.features} features, through ${answer.rank} ${answer.rank === 1 ? "factor" : "factors"}.`,
        ranWords(answer.ran),
      ],
      remarks: [...statusRemark(answer.status), ...answer.remarks],
      figures: [
        {
          title: "Labels",
          head: ["Label", "Known", "of it 1", "predicted 1"],
          rows: labels.map((name, l) => [
            name,
            String(counts[l].known),
            Number.isNaN(counts[l].share) ? "" : percent(counts[l].share),
            Number.isNaN(counts[l].predictedShare) ? "" : percent(counts[l].predictedShare),
          ]),
        },
        ...heldOut && heldOut.shares.length > 1
          ? [{
            picture: (width: number) =>
              drawCurves([{ name: "held-out features", x: heldOut.shares, y: heldOut.errors, marked: heldOut.best }], {
                title: "Error of the features held out",
                x: { label: "width, as a share of the largest singular value", scale: "log" },
                y: { label: "root mean square error, in deviations" },
                width,
                height: 320,
              }),
            about: "Left of the marked one noise is fitted.",
          }]
          : [],
        { picture: map(known, `Known labels${part}`), about: "Blanks are grey." },
        {
          picture: map(shown.found, `${shown.calibrated ? "Probability of 1" : "Scores"}${part}`),
          about: shown.calibrated ? "Known labels have 0 or 1." : "The sign is the label.",
        },
      ],
    };
  },
};
