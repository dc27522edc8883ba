import {
  constantColumns,
  graphComponents,
  type GraphEdge,
  graphEdges,
  type Matrix,
  type PrecisionPathOptions,
  type SparseMatrix,
  type SparsePrecision,
  sparsePrecision,
  sparsePrecisionOptions,
  sparsePrecisionPath,
  sparsePrecisionPathOptions,
} from "../../mod.ts";
import { nearestName } from "../../solvers/core/names.ts";
import { certificate } from "../certificate.ts";
import { command, UsageError } from "../command.ts";
import { FileError, inputName } from "../files.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { ignoring, namesListed, splitNames } from "../names.ts";
import { underWatch } from "../solver_options.ts";
import { readGroups } from "../groups.ts";
import { readTable, tableOptions } from "../tables.ts";
import { transformed, transformOption } from "../transforms.ts";
import type { Terminal } from "../terminal.ts";

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
  minima graph cells.tsv --lambda0 0.05 --lambda2 0.5 --method exact --out cells.dot
  minima graph prices.csv --ignore date --out market.svg --groups sectors.csv
  minima graph cells.tsv --required PKA--Raf,PKC--Raf --forbidden PIP2--Jnk`,
  operands: [1, 1],
  options: {
    ...tableOptions,
    ...transformOption,
    out: { kind: "output", value: "FILE", about: "where to write the graph: .csv, .graphml, .dot or .svg, a picture" },
    groups: {
      kind: "input",
      value: "FILE",
      about: "a table of columns and their groups, the colours of an .svg network",
    },
    drawing: { kind: "text", value: "NAME", about: "what an .svg shows: network (the default) or matrix, a heat map" },
    required: { kind: "names", value: "EDGES", about: "edges that the graph has: a--b,c--d by columns" },
    forbidden: { kind: "names", value: "EDGES", about: "edges that the graph must not have, in the same way" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: {
    tables: [sparsePrecisionOptions, sparsePrecisionPathOptions],
    // Partial correlations do not depend on scales, but penalties do: columns have variance 1.
    defaults: { standardize: true, lambda2: 0.01 },
  },
  async run(invocation) {
    const { options, settings, refuseOthers, operands: [path], write, terminal, signal } = invocation,
      { out } = options;
    if (options.drawing !== undefined && !out?.endsWith(".svg")) {
      throw new UsageError("Option --drawing needs an --out file that ends in .svg.");
    }
    if (options.groups !== undefined && !(out?.endsWith(".svg") && options.drawing !== "matrix")) {
      throw new UsageError("Option --groups needs an --out file that ends in .svg, with a network.");
    }
    const drawn = out === undefined ? undefined : await writerOf(out, options.drawing);
    const { lambda0, ...single } = settings(sparsePrecisionOptions);
    if (lambda0 === undefined) refuseOthers(sparsePrecisionPathOptions, "without --lambda0");
    else refuseOthers(sparsePrecisionOptions, "with --lambda0");
    const { columns, matrix: samples } = transformed(await readTable(invocation, path), options.transform);
    const constant = single.center ? Array.from(constantColumns(samples), (j) => columns[j]) : [];
    if (constant.length > 0) {
      const [noun, verb] = constant.length > 1 ? ["columns", "have"] : ["column", "has"];
      const problem = `${inputName(path)}: ${noun} ${namesListed(constant)} ${verb} no variance`;
      throw new FileError(`${[problem, ...ignoring(constant)].join("; ")}.`);
    }
    const groups = options.groups === undefined ? undefined : await readGroups(options.groups, columns);
    const rules = {
      required: edgesOf("required", options.required, columns),
      forbidden: edgesOf("forbidden", options.forbidden, columns),
    };
    const watch = { ...rules, ...underWatch(terminal, signal) };
    const choice = lambda0 === undefined
      ? await choose(samples, { ...settings(sparsePrecisionPathOptions), ...watch })
      : { fit: await sparsePrecision(samples, { ...single, lambda0, ...watch }), lambda0 };
    terminal.progress.clear();
    signal.throwIfAborted();
    await write("out", () => drawn!(choice.fit.precision, columns, groups));
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

/** Edges by the names of columns, which may hold dashes, and commas in quotes. @throws {UsageError} */
function edgesOf(flag: string, values: readonly string[] | undefined, columns: readonly string[]): [number, number][] {
  return (values ?? []).flatMap(splitNames).map((edge) => {
    const cuts = [...edge.matchAll(/(?=--)/g)].map((
      { index },
    ) => [edge.slice(0, index).trim(), edge.slice(index + 2).trim()]);
    const ends = cuts.find((names) => names.every((name) => columns.includes(name)));
    if (ends) return [columns.indexOf(ends[0]), columns.indexOf(ends[1])];
    const unknown = cuts[0]?.find((name) => !columns.includes(name));
    const nearest = unknown === undefined ? undefined : nearestName(unknown, columns);
    throw new UsageError(
      `Option --${flag}: expected edges a--b between commas, received "${edge}"` +
        (unknown === undefined
          ? "."
          : `; there is no column "${unknown}"${nearest === undefined ? "" : `, the nearest is "${nearest}"`}.`),
    );
  });
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

type Writer = (precision: SparseMatrix, names: readonly string[], groups?: readonly string[]) => string;

/** The writer for a file's ending. @throws {UsageError} for one that no format has, or a drawing that is not known */
async function writerOf(path: string, drawing: string | undefined): Promise<Writer> {
  const { drawPartialCorrelations, toDot, toEdgeList, toGraphMl, toSvg } = await import("../../pictures/mod.ts");
  const writers: Readonly<Record<string, Writer>> = {
    ".csv": toEdgeList,
    ".graphml": toGraphMl,
    ".dot": toDot,
    ".gv": toDot,
    ".svg": drawing === "matrix"
      ? (precision, names) => drawPartialCorrelations(precision, names)
      : (precision, names, groups) => toSvg(precision, { names, groups }),
  };
  const ending = path.slice(path.lastIndexOf("."));
  if (!Object.hasOwn(writers, ending)) {
    throw new UsageError(
      `Option --out needs a file that ends in ${Object.keys(writers).join(", ")}, received ${path}.`,
    );
  }
  if (drawing !== undefined && !["network", "matrix"].includes(drawing)) {
    throw new UsageError(`Option --drawing: expected network or matrix, received ${drawing}.`);
  }
  return writers[ending];
}

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
      `${edges.length} edge${
        edges.length === 1 ? "" : "s"
      } among ${columns.length} columns, in ${components} component${components > 1 ? "s" : ""}`,
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
