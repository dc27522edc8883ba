import {
  type ArchetypalNmf,
  archetypalNmf,
  archetypalNmfOptions,
  type ArchetypeStart,
  type Matrix,
  type Nmf,
  nmf,
  nmfOptions,
  type NmfStart,
  OptionError,
  serializeCsv,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { FileError } from "../files.ts";
import { formatDuration, formatNumber, table } from "../layout.ts";
import { underWatch } from "../solver_options.ts";
import { readTable, tableOptions } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** Columns of a component that are printed: its largest. */
const printedColumns = 5;

/** `minima nmf`: the rows of a table as sums or mixtures of few. */
export const nmfCommand = command({
  name: "nmf",
  summary: "write the rows of a table as sums or mixtures of few",
  usage: "TABLE --rank K [options]",
  details: `
Nonnegative matrix factorisation: rows as sums of K components, ||X - W H||^2 over W, H >= 0. With --archetypes, rows as
mixtures of K archetypes, which are nearly mixtures of rows themselves: ||X - W H||^2 + lambda ||H - V X||^2 with weights
that sum to one; --lambda Infinity is archetypal analysis, --nonzeros a budget for all archetypes together. Missing
values of the table are left out of the sums, and filled in by them; with --archetypes there may be none.

  minima nmf counts.csv --rank 8 --out topics.csv
  minima nmf digits.npy --rank 10 --picture parts.svg --shape 8x8
  minima nmf spectra.npy --archetypes --rank 3 --continuation 30 --picture endmembers.svg --weights-out abundances.csv
  minima nmf faces.npy --archetypes --rank 25 --nonzeros 100000 --local-search --shape 112x92 --picture faces.svg`,
  operands: [1, 1],
  options: {
    ...tableOptions,
    archetypes: { kind: "flag", about: "weights that sum to one, and archetypes near the rows" },
    start: {
      kind: "text",
      value: "NAME",
      about: "nndsvda (default), nndsvd, spa or random; archetypes: affine (default), spa, furthest-sum or random",
    },
    weights: {
      kind: "input",
      value: "FILE",
      about: "a table of the same size, the weight of each entry: 0 where it is missing",
    },
    out: { kind: "output", value: "FILE", about: "where to write the components or archetypes, one a row, as CSV" },
    "weights-out": { kind: "output", value: "FILE", about: "where to write the weights of the rows, as CSV" },
    picture: {
      kind: "output",
      value: "FILE",
      about: "where to draw the components: .svg, as curves, or with --shape images",
    },
    shape: { kind: "text", value: "ROWSxCOLUMNS", about: "the images that the rows of the table are" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [archetypalNmfOptions, nmfOptions], except: ["initial"] },
  async run(invocation) {
    const { options, settings, refuseOthers, operands: [path], write, terminal, signal } = invocation;
    const { picture, archetypes, start } = options, watch = underWatch(terminal, signal);
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    if (archetypes && options.weights !== undefined) {
      throw new UsageError("Option --weights has no effect with --archetypes.");
    }
    if (options.shape !== undefined && picture === undefined) throw new UsageError("Option --shape needs --picture.");
    const rank: number | undefined = settings(nmfOptions).rank;
    if (rank === undefined) throw new UsageError("Option --rank is missing: how many components or archetypes?");
    refuseOthers(
      archetypes ? archetypalNmfOptions : nmfOptions,
      archetypes ? "with --archetypes" : "without --archetypes",
    );
    const { columns, matrix: X, path: source } = await readTable(invocation, path, { keepMissing: !archetypes });
    const shape = options.shape === undefined ? undefined : imageShape(options.shape, columns.length);
    const asked = { ...watch, ...start === undefined ? {} : { initial: start } };
    const found = await solve(rank, await weightsOf(options.weights));
    terminal.progress.clear();
    signal.throwIfAborted();
    const H = "components" in found ? found.components : found.archetypes;
    const what = archetypes ? "archetype" : "component",
      names = Array.from(H.data.subarray(0, H.shape[0]), (_, t) => `${what} ${t + 1}`);
    await write("out", () => serializeCsv({ columns, matrix: H, text: new Map([[what, names]]) }));
    await write("weights-out", () => serializeCsv({ columns: names, matrix: found.weights }));
    await write("picture", async () => {
      const { drawComponents } = await import("../../pictures/mod.ts");
      const title = `${H.shape[0]} ${what}s of ${source.split(/[\\/]/).at(-1)}`;
      return drawComponents(H, { title, names, columns, shape });
    });
    if (options.json) terminal.print(JSON.stringify(jsonReport(found, H, columns), null, 2));
    else printReport(terminal, found, H, columns, names);

    /** The weight of each entry; none where all count alike. A missing value has none. */
    async function weightsOf(file: string | undefined): Promise<Float64Array | undefined> {
      const isThere = (value: number) => Number(!Number.isNaN(value));
      const missing = X.data.some(Number.isNaN) ? Float64Array.from(X.data, isThere) : undefined;
      if (file === undefined) return missing;
      const { matrix: { data, shape } } = await readTable(invocation, file);
      if (shape.join() !== X.shape.join()) {
        throw new FileError(`${file}: ${shape.join(" x ")} weights for a table of ${X.shape.join(" x ")}.`);
      }
      return Float64Array.from(data, (weight, at) => weight * (missing ? missing[at] : 1));
    }

    async function solve(rank: number, weights: Float64Array | undefined): Promise<Nmf | ArchetypalNmf> {
      try {
        return archetypes
          ? await archetypalNmf(X, {
            ...settings(archetypalNmfOptions),
            rank,
            ...asked as { initial?: ArchetypeStart },
          })
          : await nmf(X, { ...settings(nmfOptions), rank, weights, ...asked as { initial?: NmfStart } });
      } catch (error) {
        // The library's own name for it.
        if (error instanceof OptionError && error.argument === "initial") {
          throw new UsageError(error.message.replace('"initial"', "--start"));
        }
        throw error;
      }
    }
  },
});

function imageShape(text: string, columns: number): [rows: number, columns: number] {
  const [, rows, width] = /^(\d+)x(\d+)$/.exec(text) ?? [], shape: [number, number] = [Number(rows), Number(width)];
  if (!(shape[0] * shape[1] === columns)) {
    throw new UsageError(`Option --shape needs ROWSxCOLUMNS with ${columns} pixels, received ${text}.`);
  }
  return shape;
}

/** The largest columns of a component, by name. */
function largestOf({ data, shape: [, width] }: Matrix, t: number, columns: readonly string[]): string[] {
  const row = data.subarray(t * width, (t + 1) * width);
  return Array.from(row.keys()).filter((j) => row[j] > 0).sort((i, j) => row[j] - row[i]).slice(0, printedColumns)
    .map((j) => `${columns[j]} ${formatNumber(row[j])}`);
}

function printReport(
  terminal: Terminal,
  found: Nmf | ArchetypalNmf,
  H: Matrix,
  columns: readonly string[],
  names: readonly string[],
): void {
  const { style } = terminal, [samples, rank] = found.weights.shape;
  const use = names.map((_, t) => {
    let sum = 0;
    for (let i = 0; i < samples; i++) sum += found.weights.data[i * rank + t];
    return formatNumber(sum / samples);
  });
  const [heading, ...lines] = table([
    ["", "mean weight", "largest"],
    ...names.map((name, t) => [name, use[t], largestOf(H, t, columns).join(", ")]),
  ]);
  terminal.print([style.dim(heading), ...lines, ""].join("\n"));
  terminal.facts([
    ["relative error", formatNumber(found.relativeError)],
    [
      "objective",
      `${formatNumber(found.objective)} after ${found.iterations} iteration${found.iterations === 1 ? "" : "s"}`,
    ],
    ..."gap" in found
      ? [["block gap", `${formatNumber(found.gap)} of the table's squares`]] as const
      : [["largest gain", `${formatNumber(found.largestGain)} of the table's squares by any one entry`]] as const,
    ..."archetypalBound" in found
      ? [[
        "from the hull",
        `${formatNumber(found.archetypal)} squared, at least ${formatNumber(found.archetypalBound!)}`,
      ]] as const
      : [],
    ["ran on", `${found.plan.backend} (${found.plan.reason}), ${formatDuration(found.elapsedMs)}`],
  ]);
  if (found.status !== "converged") terminal.note(`stopped at its ${found.status.replace("-", " ")}`);
}

function jsonReport(found: Nmf | ArchetypalNmf, H: Matrix, columns: readonly string[]): unknown {
  const { weights, status, objective, relativeError, iterations, elapsedMs, plan } = found;
  const rowsOf = ({ data, shape: [rows, width] }: Matrix) =>
    Array.from({ length: rows }, (_, i) => Array.from(data.subarray(i * width, (i + 1) * width)));
  return {
    columns,
    ..."gap" in found
      ? {
        archetypes: rowsOf(H),
        fit: found.fit,
        archetypal: found.archetypal,
        archetypalBound: found.archetypalBound,
        gap: found.gap,
      }
      : { components: rowsOf(H), largestGain: found.largestGain },
    weights: rowsOf(weights),
    status,
    objective,
    relativeError,
    iterations,
    elapsedMs,
    plan,
  };
}
