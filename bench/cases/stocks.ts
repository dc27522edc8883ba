import { type Matrix, matrix, sparsePrecisionPath } from "../../mod.ts";
import { toSvg } from "../../pictures/mod.ts";
import { type Case, type Cell, leftOut } from "../case.ts";
import {
  extendedBic,
  lassoPath,
  least,
  normalLoss,
  ourPath,
  type PathPoint,
  secondMoments,
  standardize,
} from "../graph_paths.ts";
import { openGlasso } from "../peers/glasso.ts";
import { dataFolder, readTable, withoutData } from "../real_data.ts";

/** What the companies do. */
const sectors: Readonly<Record<string, string>> = {
  technology: "AAPL CAJ CSCO DELL HPQ IBM MSFT SAP TXN XRX YHOO",
  "cars, media, shops, travel": "AMZN CMCSA CVC F HD HMC MAR MCD SNE TM TWX",
  "food and household": "CL CVS K KMB KO PEP PG UN WMT",
  health: "GSK NVS PFE SNY",
  energy: "COP CVX TOT VLO XOM",
  finance: "AIG AXP BAC GS JPM WFC",
  industry: "BA CAT GD GE MMM NAV NOC R RTN",
  chemicals: "DD",
};

/** Edges of the picture: more are a tangle. */
const drawnEdges = 75;

/** Days that the graphs are learned from; the rest tests them. */
const trainingDays = 1000;

/** Daily returns of 56 companies. */
export const stocks: Case = {
  question: "What joins the daily returns of 56 companies, and does it hold for days that were not seen?",
  async run({ progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const { columns, matrix: prices } = await readTable("stocks/close.csv", ["date"]);
    const returns = logReturns(prices), size = columns.length;
    const groups = columns.map((name) =>
      Object.keys(sectors).find((sector) => sectors[sector].split(" ").includes(name))!
    );
    const lasso = await openGlasso();
    const training = standardize(rowsOf(returns, 0, trainingDays));
    const test = secondMoments(standardize(rowsOf(returns, trainingDays, returns.shape[0]), training).samples);
    const moments = secondMoments(training.samples);
    const rows: Cell[][] = [];
    const add = (method: string, points: readonly PathPoint[]) => {
      const ebic = (point: PathPoint) => extendedBic(point, moments, trainingDays, size);
      const sparse = points.filter(({ edges }) => edges.size <= drawnEdges);
      const most = Math.max(...sparse.map(({ edges }) => edges.size));
      const chosen: [string, PathPoint][] = [
        ["EBIC", least(points, ebic)],
        [`${drawnEdges} edges or the most below`, least(sparse.filter(({ edges }) => edges.size === most), ebic)],
      ];
      for (const [rule, { edges, precision }] of chosen) {
        const inside = [...edges].filter((edge) => groups[Math.floor(edge / size)] === groups[edge % size]).length;
        rows.push([
          method,
          rule,
          edges.size,
          inside / edges.size,
          normalLoss(precision, moments, size),
          normalLoss(precision, test, size),
        ]);
      }
    };
    progress("minima");
    add("minima", await ourPath(training.samples, 10 * size));
    progress("graphical lasso");
    if (typeof lasso !== "string") add("graphical lasso", await lassoPath(lasso, training.samples, 10 * size, 200));
    const pairs = columns.flatMap((_, i) => columns.slice(i + 1).map((_, k) => groups[i] === groups[i + 1 + k]));

    let drawn;
    const { samples } = standardize(returns);
    for await (const point of sparsePrecisionPath(samples, { lambda2: 0.03, maxEdges: drawnEdges })) {
      drawn = point.precision;
    }

    return {
      tables: [{
        title: `graphs from the first ${trainingDays} days, ${size} companies`,
        columns: ["method", "choice", "edges", "share inside sectors", "normal loss, seen", "normal loss, unseen"],
        rows,
      }],
      targets: [],
      notes: [
        `Of all pairs of companies ${
          (100 * pairs.filter(Boolean).length / pairs.length).toFixed(1)
        } % are in one sector; the ` +
        "sectors are not shown to the methods.",
        `Normal loss: tr S T - log det T for the second moments S of the days that were seen and of the ` +
        `${
          returns.shape[0] - trainingDays
        } after them, on the scale of the former. Tuning as in graph-recovery, the lasso over 200 penalties.`,
        ...typeof lasso === "string" ? [] : [`Peer: ${lasso.name}.`],
        "Data: closing prices of 2003 to 2007, scikit-learn's examples-data, CC-BY-4.0; log returns are made here.",
      ],
      missing: typeof lasso === "string" ? [lasso] : [],
      pictures: [{
        file: "stocks.svg",
        caption:
          `Daily log returns of 56 companies, 2003 to 2007, lambda2 0.03, the last graph of the path with at most ` +
          `${drawnEdges} edges; colours are sectors. Data: scikit-learn examples-data, CC-BY-4.0.`,
        text: toSvg(drawn!, { names: columns, groups }),
      }],
    };
  },
};

function logReturns({ data, shape: [rows, columns] }: Matrix): Matrix {
  const result = matrix(rows - 1, columns);
  for (let at = 0; at < result.data.length; at++) result.data[at] = Math.log(data[at + columns] / data[at]);
  return result;
}

function rowsOf({ data, shape: [, columns] }: Matrix, from: number, to: number): Matrix {
  return matrix(to - from, columns, data.slice(from * columns, to * columns));
}
