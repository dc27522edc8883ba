import { drawComponents, drawCurves, drawSimplex, drawUse } from "../../../../pictures/mod.ts";
import { matrix } from "../../../../solvers/core/matrix.ts";
import { integer } from "../../../../solvers/core/options.ts";
import { tableFiles } from "../../contents/files.ts";
import type { Panel } from "../../panel.ts";
import { numbersAlone } from "../roles.ts";
import { inShort, missingRemarks, percent, ranWords, statusRemark } from "../words.ts";
import type { FactorizationAnswer } from "./answer.ts";
import { factorizationOptions } from "./options.ts";

/** What is said of values that are missing and left out of the sums. */
function leftOutRemark(missing: number): string[] {
  if (missing === 0) return [];
  return [`${missing} ${missing === 1 ? "value is" : "values are"} missing, and left out of the sums.`];
}

/** Rows as mixtures of few archetypes. */
export const panel: Panel<FactorizationAnswer> = {
  about:
    "The rows of a table as mixtures of few archetypes, which are nearly mixtures of rows, or as sums of components.",
  examples: [{
    name: "spectra",
    title: "Example",
    about: "Generated: spectra of places where clay, leaves and water are mixed, with a little noise.",
    options: {
      rows: integer({ least: 8, most: 20_000, default: 300, about: "Places." }),
      seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
    },
  }],
  files: tableFiles,
  roles: {
    columns: { title: "Columns, not negative", kinds: ["numbers"], many: true, choose: numbersAlone },
    groups: {
      title: "Groups of rows, for the pictures",
      kinds: ["text", "numbers"],
      optional: true,
      choose: (fields) => fields.filter(({ kind }) => kind === "text").slice(0, 1).map(({ name }) => name),
    },
  },
  options: {
    table: factorizationOptions,
    shown: ["model", "rank", "lambda", "nonzeros", "initial", "initialComponents", "imageWidth"],
    begin: { rank: 3 },
    labels: {
      model: "Rows as",
      rank: "How many",
      lambda: "Price of archetypes off the rows",
      nonzeros: "Most entries that are not zero",
      initial: "First archetypes",
      initialComponents: "First components",
      imageWidth: "Width of an image",
    },
  },
  action: "Factor",
  before: "Few rows will be found of which all others are made, and how much of each is in every row.",
  draw(answer) {
    const { what, rank, rows, columns, nonzeros, relativeError, gap, groups, image: shape, trace } = answer;
    const components = matrix(rank, columns.length, answer.components), weights = matrix(rows, rank, answer.weights);
    const names = Array.from({ length: rank }, (_, t) => `${what} ${t + 1}`),
      many = `${rank} ${what}${rank > 1 ? "s" : ""}`;
    const iterations = Float64Array.from(trace, (_, i) => i);
    return {
      summary: [
        `${many} of ${columns.length} columns leave ${percent(relativeError)} of the ${rows} rows.`,
        `${percent(nonzeros / (rank * columns.length))} of their entries are not zero; ${
          what === "archetype" ? "each block by itself would gain" : "a change of one entry would gain"
        } at most ${inShort(gap, 2)} of the squares.`,
        ...answer.bound === undefined
          ? []
          : [`No archetypes of so few entries are nearer to the rows than ${inShort(answer.bound, 3)}, squared.`],
        ranWords(answer.ran),
      ],
      remarks: [
        ...missingRemarks(answer.settled),
        ...leftOutRemark(answer.missing),
        ...statusRemark(answer.status),
      ],
      figures: [
        {
          picture: (width) =>
            drawComponents(components, {
              title: what === "archetype" ? "Archetypes" : "Components",
              names,
              columns,
              shape,
              width,
            }),
        },
        ...what === "archetype" && rank > 1
          ? [{
            picture: (width: number) =>
              drawSimplex(weights, { title: "Rows among the archetypes", names, groups, width }),
            about: rank > 3 ? "With more than three archetypes different mixtures may share a place." : undefined,
          }]
          : [],
        { picture: () => drawUse(weights, { title: "Weights of the rows", names, groups }), wide: true },
        {
          picture: (width) =>
            drawCurves([{ name: "objective", x: iterations, y: trace }], {
              title: "Objective",
              x: { label: "iteration" },
              y: { label: "objective" },
              width,
              height: 260,
            }),
        },
      ],
    };
  },
};
