import {
  graphComponents,
  type GraphEdge,
  graphEdges,
  type Matrix,
  matrix,
  type PrecisionPathOptions,
  type SparseMatrix,
  type SparsePrecision,
  sparsePrecision,
  sparsePrecisionPath,
} from "../../mod.ts";
import { toDot, toEdgeList, toGraphMl, toSvg } from "../../pictures/mod.ts";
import { certificate } from "../certificate.ts";
import { command, UsageError } from "../command.ts";
import { FileError, writeWhole } from "../files.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { solveOptions, solverOptions, underWatch } from "../solver_options.ts";
import { readTable, tableOptions } from "../tables.ts";
import { transformed, transformOption } from "../transforms.ts";
import type { Terminal } from "../terminal.ts";

/** Ridge penalty on columns of variance 1, where the solver asks for one and none is given. */
const defaultRidge = 0.01;

/** Edges that are printed; a file holds all. */
const printedEdges = 30;

/** `minima graph`: which columns of a table depend on each other. */
export const graph = command({
  name: "graph",
  summary: "find which columns of a table depend on each other",
  usage: "DATA [options]",
  details: `
Estimates a sparse precision matrix by l0-penalised pseudolikelihood: an edge stands for two columns that depend on each
other given all the rest. Without --lambda0 the graph of a path that the criterion likes best is taken.

  minima graph cells.tsv --transform normal-scores --out cells.svg
  minima graph prices.csv --ignore date --transform log-returns --out market.graphml
  minima graph cells.tsv --lambda0 0.05 --lambda2 0.5 --method exact --out cells.dot`,
  operands: [1, 1],
  options: {
    ...tableOptions,
    ...transformOption,
    lambda0: { kind: "number", value: "PRICE", about: "price of each edge" },
    lambda2: { kind: "number", value: "WEIGHT", about: `ridge penalty (default: ${defaultRidge})` },
    "big-m": { kind: "number", value: "BOUND", about: "bound on the entries off the diagonal (default: none)" },
    criterion: { kind: "text", value: "NAME", about: "ebic (the default) or pseudo-ebic" },
    count: { kind: "number", value: "COUNT", about: "most graphs of the path (default: 500)" },
    "max-edges": { kind: "number", value: "COUNT", about: "most edges of a graph of the path (default: 10 a column)" },
    method: { kind: "text", value: "NAME", about: "approximate (the default) or exact" },
    "gap-tolerance": { kind: "number", value: "SHARE", about: "relative gap at which exact stops (default: 0.01)" },
    "node-limit": { kind: "number", value: "COUNT", about: "most relaxations that exact solves" },
    "random-starts": { kind: "number", value: "COUNT", about: "descents from random orders besides (default: 0)" },
    perturbations: {
      kind: "number",
      value: "COUNT",
      about: "restarts without some edges (default: 12, 0 for large graphs)",
    },
    standardize: { kind: "flag", about: "give all columns variance 1 first (default: given)" },
    out: { kind: "text", value: "FILE", about: "where to write the graph: .csv, .graphml, .dot or .svg, a picture" },
    ...solverOptions,
  },
  async run({ options, operands: [path], terminal, signal }) {
    const { lambda0, out } = options;
    const write = out === undefined ? undefined : writerOf(out);
    const { columns, matrix: data } = transformed(await readTable(path, options), options.transform);
    const variances = variancesOf(data), constant = variances.findIndex((variance) => !(variance > 0));
    if (constant >= 0) {
      const name = columns[constant];
      throw new FileError(`${path}: column "${name}" has no variance; --ignore "${name}" leaves it out.`);
    }
    const samples = options.standardize ?? true ? scaled(data, variances) : data;
    const settings: PrecisionPathOptions = {
      lambda2: options.lambda2 ?? defaultRidge,
      bigM: options["big-m"],
      criterion: options.criterion as PrecisionPathOptions["criterion"],
      count: options.count,
      maxEdges: options["max-edges"],
      method: options.method as PrecisionPathOptions["method"],
      gapTolerance: options["gap-tolerance"],
      nodeLimit: options["node-limit"],
      randomStarts: options["random-starts"],
      perturbations: options.perturbations,
      ...solveOptions(options),
      ...underWatch(terminal, signal),
    };
    const choice = lambda0 === undefined
      ? await choose(samples, settings)
      : { fit: await sparsePrecision(samples, { ...settings, lambda0 }), lambda0 };
    terminal.progress.clear();
    signal.throwIfAborted();
    if (write) await writeWhole(out!, write(choice.fit.precision, columns));
    if (options.json) terminal.print(JSON.stringify(jsonReport(choice, columns), null, 2));
    else printReport(terminal, choice, columns);
  },
});

interface Choice {
  readonly fit: SparsePrecision;
  readonly lambda0: number;
  /** Graphs that it was chosen among. */
  readonly candidates?: number;
  /** The path ended while the criterion was still falling. */
  readonly last?: boolean;
}

/** The graph of the path with the least criterion. */
async function choose(samples: Matrix, settings: PrecisionPathOptions): Promise<Choice> {
  let best: { fit: SparsePrecision; lambda0: number; criterion: number } | undefined;
  let candidates = 0, last = false;
  for await (const { lambda0, criterion, ...fit } of sparsePrecisionPath(samples, settings)) {
    candidates++;
    last = best === undefined || criterion < best.criterion;
    if (last) best = { fit, lambda0, criterion };
  }
  return { ...best!, candidates, last };
}

/** Variance of each column; 0 where what the mean leaves is rounding. */
function variancesOf({ data, shape: [rows, columns] }: Matrix): Float64Array {
  return Float64Array.from({ length: columns }, (_, j) => {
    let mean = 0, square = 0, variance = 0;
    for (let i = 0; i < rows; i++) mean += data[i * columns + j] / rows;
    for (let i = 0; i < rows; i++) {
      square += data[i * columns + j] ** 2 / rows;
      variance += (data[i * columns + j] - mean) ** 2 / rows;
    }
    return variance > 1e-20 * square ? variance : 0;
  });
}

/** Columns of variance 1: partial correlations do not depend on scales, but penalties do. */
function scaled({ data, shape: [rows, columns] }: Matrix, variances: Float64Array): Matrix {
  return matrix(rows, columns, Float64Array.from(data, (value, at) => value / Math.sqrt(variances[at % columns])));
}

/** The writer for a file's ending. @throws {UsageError} for one that no format has */
function writerOf(path: string): (precision: SparseMatrix, names: readonly string[]) => string {
  const ending = path.slice(path.lastIndexOf("."));
  if (!Object.hasOwn(writers, ending)) {
    throw new UsageError(
      `Option --out needs a file that ends in ${Object.keys(writers).join(", ")}, received ${path}.`,
    );
  }
  return writers[ending];
}

const writers: Readonly<Record<string, (precision: SparseMatrix, names: readonly string[]) => string>> = {
  ".csv": toEdgeList,
  ".graphml": toGraphMl,
  ".dot": toDot,
  ".gv": toDot,
  ".svg": (precision, names) => toSvg(precision, { names }),
};

function strongestFirst(edges: readonly GraphEdge[]): GraphEdge[] {
  return [...edges].sort((a, b) => Math.abs(b.partialCorrelation) - Math.abs(a.partialCorrelation));
}

function printReport(terminal: Terminal, { fit, lambda0, candidates, last }: Choice, columns: readonly string[]): void {
  const edges = strongestFirst(graphEdges(fit.precision));
  const [heading, ...lines] = table([
    ["edge", "partial correlation"],
    ...edges.slice(0, printedEdges).map(({ ends: [i, j], partialCorrelation }) => [
      `${columns[i]} - ${columns[j]}`,
      partialCorrelation.toFixed(4),
    ]),
  ]);
  if (edges.length > printedEdges) lines.push(`and ${edges.length - printedEdges} weaker`);
  terminal.print([terminal.style.dim(heading), ...lines, ""].join("\n"));
  const components = graphComponents(fit.precision).count;
  terminal.facts([
    [
      "graph",
      `${edges.length} edges among ${columns.length} columns, in ${components} component${components > 1 ? "s" : ""}`,
    ],
    ["lambda0", `${formatNumber(lambda0)}${candidates === undefined ? "" : `, chosen among ${candidates}`}`],
    ...certificate(fit),
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration(fit.elapsedMs)}`],
  ]);
  if (last) terminal.note("the path ended while the criterion fell: see --count and --max-edges");
  if (fit.status !== "converged") {
    terminal.note(`stopped at its ${fit.status.replace("-", " ")}: a better graph may exist`);
  }
}

function jsonReport({ fit, lambda0, candidates }: Choice, columns: readonly string[]): unknown {
  const { status, objective, lowerBound, gap, normalizedGap, nodes, elapsedMs, plan } = fit;
  return {
    edges: strongestFirst(graphEdges(fit.precision)).map(({ ends: [i, j], value, partialCorrelation }) => ({
      ends: [columns[i], columns[j]],
      value,
      partialCorrelation,
    })),
    components: graphComponents(fit.precision).count,
    lambda0,
    candidates,
    status,
    objective,
    lowerBound,
    gap,
    normalizedGap,
    nodes,
    elapsedMs,
    plan,
  };
}
