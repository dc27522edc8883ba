import { drawBars, drawCurves, drawScatter } from "../../../../pictures/mod.ts";
import { numbersAlone, targetRole } from "../roles.ts";
import { tableFiles } from "../../contents/files.ts";
import type { Panel } from "../../panel.ts";
import { generatedTable } from "../example_options.ts";
import { inShort, missingRemarks, percent, ranWords, statusRemark } from "../words.ts";
import type { RegressionAnswer } from "./answer.ts";
import { regressionOptions } from "./options.ts";

/** A column by few of the others. */
export const panel: Panel<RegressionAnswer> = {
  about: "One column of a table by few of the others: the best subset of features for each number of them.",
  examples: [{
    name: "correlated",
    title: "Example",
    about: "Generated: neighbouring features have the correlation 0.8, `y` is a sum of five of them and as much noise.",
    options: generatedTable(200, 40, "features"),
  }],
  files: tableFiles,
  roles: {
    target: targetRole,
    features: { title: "Features", kinds: ["numbers", "text"], many: true, choose: numbersAlone },
    weights: { title: "Weights of the rows", kinds: ["numbers"], optional: true },
    groups: { title: "Groups of rows that stay together", kinds: ["numbers", "text"], optional: true },
  },
  options: {
    table: regressionOptions,
    shown: ["judge", "rule", "maxSupport", "lambda2"],
    without: ["maxIterations"],
    begin: { maxSupport: 20 },
    labels: {
      judge: "Chosen by",
      lambda0: "Price of a feature",
      lambda2: "Ridge penalty",
      maxSupport: "Most features",
      rule: "Rule of cross-validation",
    },
  },
  action: "Solve",
  before:
    "Models of growing size will be fitted, each the best that is found of its size; their criterion or their errors in cross-validation choose one.",
  draw(answer) {
    const { target, names, featureCount, explained, criterion, path, chosen, coefficients, effects, intercept } =
      answer;
    const isError = path.some(({ error }) => error !== undefined);
    const model = names.length === 0 ? "No feature" : `${names.length} of ${featureCount} features`;
    return {
      summary: [
        `${model} ${names.length === 1 ? "explains" : "explain"} ${percent(explained)} of the variance of ${target}.`,
        `Chosen by the least ${criterion}, ${inShort(path[chosen].criterion)}, among ${path.length} models${
          answer.gap === undefined ? "" : `; certified within ${percent(answer.gap)} of the best at its price`
        }.`,
        ranWords(answer.ran),
      ],
      remarks: [...missingRemarks(answer.settled), ...statusRemark(answer.status), ...answer.remarks],
      figures: [
        {
          picture: (width) =>
            drawCurves([{
              name: criterion,
              x: path.map(({ lambda0 }) => lambda0),
              y: path.map(({ criterion }) => criterion),
              deviations: isError ? path.map(({ error }) => error ?? 0) : undefined,
              marked: chosen,
            }], {
              title: isError
                ? "Error in cross-validation, with standard errors"
                : `${criterion.toUpperCase()} along the path`,
              x: { label: "price of a feature (lambda0)", scale: "log" },
              y: { label: criterion },
              width,
              height: 320,
            }),
          about: "Left is cheap: larger models. The marked one is chosen.",
        },
        ...names.length > 0
          ? [{
            picture: (width: number) =>
              drawBars(effects, {
                title: "Coefficients",
                names,
                label: "for a standard deviation of the feature",
                width,
              }),
            about: `The intercept is ${inShort(intercept)}; what is in the table below is in the units of the data.`,
          }, {
            picture: (width: number) =>
              drawScatter([{ name: target, x: answer.predicted, y: answer.measured }], {
                title: "Measured against fitted",
                x: { label: "fitted" },
                y: { label: target },
                diagonal: true,
                width,
                height: 320,
              }),
          }, {
            title: "Model",
            head: ["Feature", "Coefficient"],
            rows: [
              ["(intercept)", inShort(intercept, 6)],
              ...names.map((name, i) => [name, inShort(coefficients[i], 6)]),
            ],
          }]
          : [],
      ],
    };
  },
};
