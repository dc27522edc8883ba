import {
  chooseQuantizedOptions,
  type CompletedMatrix,
  completeMatrix,
  completeMatrixOptions,
  completeQuantizedOptions,
  completeViolationsOptions,
} from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { formatDuration, formatNumber } from "../layout.ts";
import { completeBins, completeLevels } from "../levels.ts";
import { drawFilled, fromTable, fromTriples, type Given, named } from "../observations.ts";
import { underWatch } from "../solver_options.ts";
import { tableOptions } from "../tables.ts";
import type { Terminal } from "../terminal.ts";

/** `minima complete`: the missing entries of a matrix. */
export const complete = command({
  name: "complete",
  summary: "predict the missing entries of a matrix of low rank",
  usage: "RATINGS [options]",
  details: `
RATINGS holds lines of a row, a column and a value, such as user, film and rating, by any names; or with --table a table
whose blanks are missing. A tenth of the entries is held out to say how far the smoothed rank is followed; for entries
without noise, --holdout 0 follows it to the end.

With --levels the values are a few levels, such as ratings from one to five: the weight --lambda of the trace norm is chosen by
the levels held out unless it is given, --method is auto, proximal-gradient, alternating or alm, and what is written is the
latent value, the most probable level, the expected level and the probability of each. With --bins the levels are bins of
exact values between --boundaries, without noise: written are the value and its level.

  minima complete ratings.tsv --predict pairs.tsv --out predictions.csv
  minima complete ratings.tsv --method soft-impute --picture errors.svg
  minima complete ratings.tsv --levels --predict pairs.tsv --out levels.csv --picture reliability.svg --drawing reliability
  minima complete measurements.csv --table --out filled.csv --picture filled.svg --drawing matrix`,
  operands: [1, 1],
  options: {
    table: { kind: "flag", about: "RATINGS is a table with blanks, not lines of row, column, value" },
    predict: { kind: "input", value: "PAIRS", about: "rows and columns to predict, by the names in RATINGS" },
    levels: { kind: "flag", about: "the values are levels, such as ratings; predict their probabilities" },
    bins: { kind: "flag", about: "the values are levels of exact values, numbered from 0 and cut at --boundaries" },
    boundaries: {
      kind: "text",
      value: "NUMBERS",
      about: "between the levels, rising, between commas (default: fitted)",
    },
    ...tableOptions,
    out: { kind: "output", value: "FILE", about: "where to write the predictions, or the table filled, as CSV" },
    picture: { kind: "output", value: "FILE", about: "where to draw: .svg" },
    drawing: {
      kind: "text",
      value: "KIND",
      about:
        "what to draw: errors of the entries held out, singular values (values), the matrix, or with --levels their reliability (default: errors)",
    },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: {
    tables: [completeMatrixOptions, completeQuantizedOptions, chooseQuantizedOptions, completeViolationsOptions],
    except: ["boundaries"],
  },
  async run(invocation) {
    const { options, settings, refuseOthers, operands: [path], write, terminal, signal } = invocation;
    const { table: whole, picture, predict, drawing = "errors", levels, bins, boundaries } = options;
    if (picture !== undefined && !picture.endsWith(".svg")) {
      throw new UsageError(`Option --picture needs a file that ends in .svg, received ${picture}.`);
    }
    const drawings = levels ? ["errors", "matrix", "reliability"] : ["errors", "values", "matrix"];
    if (!drawings.includes(drawing)) {
      throw new UsageError(
        `Option --drawing needs ${drawings.slice(0, -1).join(", ")} or ${drawings.at(-1)}, received ${drawing}.`,
      );
    }
    if (whole && predict !== undefined) {
      throw new UsageError("Option --predict is of ratings: with --table all blanks are predicted.");
    }
    if (levels && bins) throw new UsageError("Options --levels and --bins exclude each other.");
    if (boundaries !== undefined && !levels && !bins) {
      throw new UsageError("Option --boundaries is of --levels or --bins.");
    }
    const read = () => whole ? fromTable(invocation, path) : fromTriples(invocation, path, predict);
    if (levels) return await completeLevels(invocation, read, boundaries, drawing);
    if (bins) return await completeBins(invocation, read, boundaries, drawing);
    refuseOthers(completeMatrixOptions, "without --levels or --bins");
    const asked = { ...settings(completeMatrixOptions), ...underWatch(terminal, signal) };
    const given = await read(), { observed } = given, fit = named(await completeMatrix(observed, asked), given);
    terminal.progress.clear();
    signal.throwIfAborted();
    await write("out", () =>
      given.content((rows, columns) => {
        const values = fit.predict(rows, columns);
        return { names: ["prediction"], values: [values], filling: values };
      }));
    await write("picture", () => draw(drawing, fit, given));
    const error = errorAt(fit, given);
    if (options.json) terminal.print(JSON.stringify(jsonReport(fit, observed.values.length, error), null, 2));
    else printReport(terminal, fit, observed.values.length, error);
  },
});

/** Root mean square error at the pairs that come with values. */
function errorAt(fit: CompletedMatrix, { pairs }: Given): number | undefined {
  if (pairs?.values === undefined) return undefined;
  const { rows, columns, values } = pairs;
  const squares = fit.predict(rows, columns).reduce((sum, value, k) => sum + (value - values[k]) ** 2, 0);
  return Math.sqrt(squares / values.length);
}

/** A picture of the answer. */
async function draw(drawing: string, fit: CompletedMatrix, given: Given): Promise<string> {
  const { drawCurves } = await import("../../pictures/mod.ts");
  const level = fit.method === "srf" ? "width" : "price of the nuclear norm";
  if (drawing === "matrix") return await drawFilled(given, fit.predict, given.observed.values);
  const curve = fit.holdout;
  if (!curve) throw new UsageError(`Option --drawing ${drawing} is of entries held out, and none are.`);
  const x = { label: level, scale: "log" } as const, marked = curve.best < 0 ? undefined : curve.best;
  if (drawing === "errors") {
    return drawCurves([{ name: "root mean square error", x: curve.levels, y: curve.errors, marked }], {
      title: "Errors at the entries held out",
      x,
      y: { label: "root mean square error" },
    });
  }
  const count = Math.min(8, Math.max(1, ...curve.ranks));
  return drawCurves(
    Array.from({ length: count }, (_, k) => ({
      name: `singular value ${k + 1}`,
      x: curve.levels,
      y: curve.singularValues.map((values) => values[k] > 0 ? values[k] : NaN),
      ...(k === 0 && { marked }),
    })),
    { title: "Singular values as the width falls", x, y: { label: "singular value", scale: "log" } },
  );
}

function printReport(terminal: Terminal, fit: CompletedMatrix, count: number, error: number | undefined): void {
  const [rows, columns] = fit.shape, { holdout, method } = fit;
  terminal.facts([
    ["matrix", `${rows} x ${columns}, ${count} entries (${(100 * count / (rows * columns)).toPrecision(3)} %)`],
    ["rank", `${fit.rank}${fit.offsets ? ", beside a mean and offsets of rows and columns" : ""}`],
    method === "srf" ? ["width", formatNumber(fit.width!)] : ["lambda", formatNumber(fit.lambda!)],
    ["residual", formatNumber(fit.residual)],
    ...holdout
      ? [[
        "held out",
        `error ${formatNumber(holdout.error)}; without a part of low rank ${formatNumber(holdout.baseline)}`,
      ]] as const
      : [],
    ...error === undefined ? [] : [["predictions", `root mean square error ${formatNumber(error)}`]] as const,
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration(fit.elapsedMs)}`],
  ]);
  for (const remark of fit.remarks) terminal.note(remark);
  if (fit.status !== "converged") terminal.note(`stopped at its ${fit.status.replace("-", " ")}`);
}

function jsonReport(fit: CompletedMatrix, entries: number, predictionError: number | undefined): unknown {
  const {
    shape,
    rank,
    method,
    width,
    lambda,
    offsets,
    residual,
    holdout,
    status,
    objective,
    remarks,
    elapsedMs,
    plan,
  } = fit;
  return {
    shape,
    entries,
    method,
    rank,
    width,
    lambda,
    offsets: offsets !== undefined,
    residual,
    singularValues: Array.from(fit.singularValues),
    ...(holdout && {
      holdout: {
        error: holdout.error,
        baseline: holdout.baseline,
        path: Array.from(holdout.levels, (level, k) => ({ level, error: holdout.errors[k], rank: holdout.ranks[k] })),
      },
    }),
    predictionError,
    status,
    objective,
    remarks,
    elapsedMs,
    plan,
  };
}
