import { drawCurves, drawPartialCorrelations, toSvg } from "../../../../pictures/mod.ts";
import { graphEdges } from "../../../../solvers/graph/edges.ts";
import { tableFiles } from "../../contents/files.ts";
import type { Panel } from "../../panel.ts";
import { generatedTable } from "../example_options.ts";
import { inShort, missingRemarks, percent, ranWords, statusRemark } from "../words.ts";
import type { GraphAnswer } from "./answer.ts";
import { graphOptions } from "./options.ts";

/** Edges that are listed; the file to take away holds all. */
const listed = 20;

/** The graph of dependences among columns. */
export const panel: Panel<GraphAnswer> = {
  about:
    "Which columns of a table depend on each other given all the rest: a sparse precision matrix, and the graph that it is.",
  examples: [{
    name: "hidden",
    title: "Example",
    about: "Generated: each variable depends directly on one or two before it; the rest follows through them.",
    options: generatedTable(400, 24, "variables"),
  }],
  files: tableFiles,
  roles: { variables: { title: "Variables", kinds: ["numbers"], many: true } },
  options: {
    table: graphOptions,
    shown: ["transform", "criterion", "lambda2", "lambda0", "groups", "standardize"],
    without: ["maxIterations"],
    // Partial correlations do not depend on scales, but penalties do: columns have variance 1.
    begin: { standardize: true, lambda2: 0.01 },
    labels: {
      transform: "Columns",
      groups: "Groups, by colour",
      lambda0: "Price of an edge",
      lambda2: "Ridge penalty",
      count: "Most graphs",
    },
  },
  action: "Find the graph",
  before:
    "Graphs of growing size will be found, each the best at its price of an edge; the criterion weighs how well each explains the data against its size.",
  draw({ names, groups, samples, settled, precision, edgeCount, lambda0, criterion, path, chosen, gap, status, ran }) {
    const edges = graphEdges(precision).sort((a, b) => Math.abs(b.partialCorrelation) - Math.abs(a.partialCorrelation));
    const of = path.length > 0 ? `, the least ${criterion} among ${path.length} graphs` : "";
    return {
      summary: [
        `${edgeCount} ${
          edgeCount === 1 ? "edge" : "edges"
        } among ${names.length} variables in ${samples} rows${of}, at the price ${inShort(lambda0)}${
          gap === undefined ? "" : `; certified within ${percent(gap)} of the best`
        }.`,
        ranWords(ran),
      ],
      remarks: [
        ...missingRemarks(settled),
        ...statusRemark(status),
        ...path.length > 1 && chosen === path.length - 1
          ? ["The criterion was still falling where the path ended: more edges may be better still."]
          : [],
      ],
      figures: [
        { picture: () => toSvg(precision, { names, groups }), wide: true },
        ...path.length > 1
          ? [{
            picture: (width: number) =>
              drawCurves([{
                name: criterion,
                x: path.map(({ edges }) => edges),
                y: path.map(({ criterion }) => criterion),
                marked: chosen,
              }], {
                title: `${criterion.toUpperCase()} along the path`,
                x: { label: "edges" },
                y: { label: criterion },
                width,
                height: 300,
              }),
          }]
          : [],
        { picture: (width) => drawPartialCorrelations(precision, names, width) },
        ...edges.length > 0
          ? [{
            title: edges.length > listed ? `The ${listed} strongest of ${edges.length} edges` : "Edges",
            head: ["Between", "Partial correlation"],
            rows: edges.slice(0, listed).map(({ ends: [i, j], partialCorrelation }) => [
              `${names[i]} – ${names[j]}`,
              partialCorrelation.toFixed(3),
            ]),
            bars: edges.slice(0, listed).map(({ partialCorrelation }) => Math.abs(partialCorrelation)),
          }]
          : [],
      ],
    };
  },
};
