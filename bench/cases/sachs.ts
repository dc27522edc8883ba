import { type Matrix, matrix, sparsePrecision } from "../../mod.ts";
import { toSvg } from "../../pictures/mod.ts";
import { normalScores } from "../../solvers/core/column_transforms.ts";
import { type Case, type Cell, leftOut } from "../case.ts";
import { extendedBic, lassoPath, least, ourPath, type PathPoint, secondMoments, standardize } from "../graph_paths.ts";
import { openGlasso } from "../peers/glasso.ts";
import { dataFolder, readTable, withoutData } from "../real_data.ts";
import { type Recovery, recovery } from "../recovery.ts";

const transforms: Readonly<Record<string, (data: Matrix) => Matrix>> = {
  "as measured": (data) => data,
  "log(x + 10)": ({ data, shape: [rows, columns] }) =>
    matrix(rows, columns, Float64Array.from(data, (x) => Math.log(x + 10))),
  "normal scores": normalScores,
};

/** Protein signalling against the consensus. */
export const sachs: Case = {
  question: "How much of the consensus on protein signalling is in the graph of 7466 cells?",
  async run({ progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const { columns, matrix: data } = await readTable("sachs/sachs.2005.continuous.tsv");
    const truth = consensus(await Deno.readTextFile(`${dataFolder}/sachs/ground-truth.txt`), columns);
    const lasso = await openGlasso(), size = columns.length, pairs = size * (size - 1) / 2;
    const rows: Cell[][] = [];
    for (const [name, transform] of Object.entries(transforms)) {
      progress(name);
      const { samples } = standardize(transform(data));
      const moments = secondMoments(samples);
      const add = (method: string, points: readonly PathPoint[]) => {
        const score = ({ edges }: PathPoint) => recovery(edges, truth, pairs);
        const ebic = (point: PathPoint) => extendedBic(point, moments, samples.shape[0], size);
        const sparse = points.filter(({ edges }) => edges.size <= truth.size);
        const most = Math.max(...sparse.map(({ edges }) => edges.size));
        const chosen: [string, PathPoint][] = [
          ["EBIC", least(points, ebic)],
          [`${truth.size} edges or the most below`, least(sparse.filter(({ edges }) => edges.size === most), ebic)],
          ["best F1 of the path", least(points, (point) => -score(point).f1)],
        ];
        for (const [rule, point] of chosen) rows.push([name, method, rule, ...cells(score(point))]);
      };
      add("minima", await ourPath(samples, pairs));
      if (typeof lasso !== "string") add("graphical lasso", await lassoPath(lasso, samples, pairs, 200));
    }
    const { samples } = standardize(normalScores(data));
    const drawn = await sparsePrecision(samples, { lambda0: 0.02, lambda2: 0.03 });
    return {
      tables: [{
        title: `edges found among the ${truth.size} of the consensus, ${pairs} pairs`,
        columns: ["columns", "method", "choice", "edges", "correct", "precision", "recall", "F1", "MCC"],
        rows,
      }],
      targets: [],
      notes: [
        `The consensus of Sachs et al. (Science 2005) has 20 directed edges, which are ${truth.size} different pairs. It is a ` +
        "causal graph: conditional dependence also joins causes of a common effect, so no graph of this kind can equal it.",
        "The cells come from several conditions, some of them interventions, pooled; 7466 of them make the EBIC nearly the " +
        "likelihood, and its graphs dense.",
        "Tuning as in graph-recovery, the lasso over 200 penalties.",
        ...typeof lasso === "string" ? [] : [`Peer: ${lasso.name}.`],
      ],
      missing: typeof lasso === "string" ? [lasso] : [],
      pictures: [{
        file: "sachs.svg",
        caption: `Protein signalling, normal scores, lambda0 0.02, lambda2 0.03: ${drawn.edgeCount} edges.`,
        text: toSvg(drawn.precision, { names: columns }),
      }],
    };
  },
};

/** Pairs of the consensus, as `i * size + j` with `i < j`. */
function consensus(text: string, columns: readonly string[]): Set<number> {
  const pairs = new Set<number>();
  for (const [, from, to] of text.matchAll(/^\d+\. (\S+) --> (\S+)$/gm)) {
    const ends = [columns.indexOf(from), columns.indexOf(to)];
    if (ends.includes(-1)) {
      throw new Error(`The consensus names ${from} and ${to}; the table has ${columns.join(", ")}.`);
    }
    pairs.add(Math.min(...ends) * columns.length + Math.max(...ends));
  }
  return pairs;
}

function cells({ found, correct, precision, recall, f1, matthews }: Recovery): Cell[] {
  return [found, correct, precision, recall, f1, matthews];
}
