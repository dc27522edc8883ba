/** `minima complete` of levels: ratings by their probabilities, and bins of exact values. @module */

import {
  chooseQuantized,
  chooseQuantizedOptions,
  completeQuantized,
  completeQuantizedOptions,
  completeViolations,
  completeViolationsOptions,
  type LevelPredictions,
  type QuantizedChoice,
  type QuantizedCompletion,
  type QuantizedOptions,
  type ViolationCompletion,
} from "../mod.ts";
import { type Invocation, UsageError } from "./command.ts";
import { FileError } from "./files.ts";
import { formatDuration, formatNumber } from "./layout.ts";
import { drawFilled, type Given, named } from "./observations.ts";
import { underWatch } from "./solver_options.ts";
import type { Terminal } from "./terminal.ts";

// deno-lint-ignore no-explicit-any
type Called = Invocation<any>;

/** Levels that a file has at most. */
const mostLevels = 100;

/** Different values of a file, in order: its levels. */
function levelsOf({ observed: { values, ...places } }: Given) {
  const names = [...new Set(values)].sort((a, b) => a - b);
  if (names.length === 1) {
    throw new FileError(`The ratings are all ${names[0]}; with --levels expected at least two different values.`);
  }
  if (names.length > mostLevels) {
    throw new FileError(
      `The ratings have ${names.length} different values; with --levels expected at most ${mostLevels}.`,
    );
  }
  const level = new Map(names.map((value, k) => [value, k]));
  return { names, level, observed: { ...places, values: Float64Array.from(values, (value) => level.get(value)!) } };
}

function readBoundaries(text: string | undefined): Float64Array | undefined {
  if (text === undefined) return undefined;
  return Float64Array.from(text.split(","), (cell) => {
    const value = cell.trim() === "" ? NaN : Number(cell);
    if (!Number.isNaN(value)) return value;
    throw new UsageError(`Option --boundaries needs numbers between commas, received ${text}.`);
  });
}

/** `minima complete --levels`. */
export async function completeLevels(
  { options, settings, refuseOthers, write, terminal, signal }: Called,
  read: () => Promise<Given>,
  boundariesText: string | undefined,
  drawing: string,
): Promise<void> {
  const chosenFirst = options.lambda === undefined;
  if (!chosenFirst) refuseOthers(completeQuantizedOptions, "with --levels and --lambda");
  else refuseOthers({ ...chooseQuantizedOptions, lambda: 0 }, "with --levels");
  const boundaries = readBoundaries(boundariesText), given = await read(), { names, level, observed } = levelsOf(given);
  if (boundaries && boundaries.length !== names.length - 1) {
    throw new UsageError(
      `Option --boundaries needs ${
        names.length - 1
      } numbers for ${names.length} different ratings, received ${boundaries.length}.`,
    );
  }
  const own = { ...underWatch(terminal, signal), ...boundaries && { boundaries } };
  const choice: QuantizedChoice | undefined = chosenFirst
    ? await chooseQuantized(observed, { ...settings(chooseQuantizedOptions), ...own })
    : undefined;
  const asked = { ...settings(completeQuantizedOptions) as QuantizedOptions, ...own };
  const fit = named(choice?.fit ?? await completeQuantized(observed, asked), given);
  terminal.progress.clear();
  signal.throwIfAborted();
  const expectedOf = ({ probabilities }: LevelPredictions) => {
    const count = names.length;
    return Float64Array.from(
      { length: probabilities.shape[0] },
      (_, k) => names.reduce((sum, value, q) => sum + value * probabilities.data[k * count + q], 0),
    );
  };
  await write("out", () =>
    given.content((rows, columns) => {
      const predicted = fit.predict(rows, columns), { latent, levels, probabilities } = predicted;
      const rated = Array.from(levels, (q) => names[q]);
      const ofLevel = names.map((_, q) => latent.map((_, k) => probabilities.data[k * names.length + q]));
      return {
        names: ["latent", "level", "expected", ...names.map((value) => `probability of ${value}`)],
        values: [latent, rated, expectedOf(predicted), ...ofLevel],
        filling: rated,
      };
    }));
  const tested = given.pairs?.values && testOf(fit, given, level, expectedOf);
  await write("picture", () => drawLevels(drawing, fit, choice, given, names, tested, expectedOf));
  const lambda = choice?.lambda ?? (options.lambda as number);
  if (options.json) {
    terminal.print(
      JSON.stringify(levelsReport(fit, lambda, names, choice, tested?.report, observed.values.length), null, 2),
    );
  } else printLevels(terminal, fit, lambda, names, choice, tested?.report, observed.values.length);
}

/** How good predictions of pairs with values are. */
interface TestReport {
  /** Root mean square difference between expected level and value. */
  readonly rootMeanSquareError: number;
  /** Share of the pairs whose most probable level is the value. */
  readonly accuracy: number;
  /** Mean of `-log P` of the value. */
  readonly loss: number;
}

function testOf(
  fit: QuantizedCompletion,
  { pairs }: Given,
  level: ReadonlyMap<number, number>,
  expectedOf: (predicted: LevelPredictions) => Float64Array,
) {
  const { rows, columns, values } = pairs!, predicted = fit.predict(rows, columns), expected = expectedOf(predicted);
  const levels = Uint32Array.from(values!, (value) => {
    const own = level.get(value);
    if (own === undefined) throw new FileError(`The pairs have the value ${value}, which is no level of the ratings.`);
    return own;
  });
  const count = predicted.probabilities.shape[1], total = levels.length;
  let squares = 0, right = 0, loss = 0;
  levels.forEach((own, k) => {
    squares += (expected[k] - values![k]) ** 2;
    right += Number(predicted.levels[k] === own);
    loss -= Math.log(predicted.probabilities.data[k * count + own]);
  });
  const report: TestReport = {
    rootMeanSquareError: Math.sqrt(squares / total),
    accuracy: right / total,
    loss: loss / total,
  };
  return { report, levels, probabilities: predicted.probabilities };
}

async function drawLevels(
  drawing: string,
  fit: QuantizedCompletion,
  choice: QuantizedChoice | undefined,
  given: Given,
  names: readonly number[],
  tested: Pick<QuantizedChoice["holdout"], "levels" | "probabilities"> | undefined,
  expectedOf: (predicted: LevelPredictions) => Float64Array,
): Promise<string> {
  if (drawing === "matrix") {
    return await drawFilled(given, (rows, columns) => expectedOf(fit.predict(rows, columns)), given.observed.values);
  }
  const { drawCurves, drawReliability } = await import("../pictures/mod.ts"), judged = tested ?? choice?.holdout;
  if (drawing === "reliability") {
    if (!judged) {
      throw new UsageError(
        "Option --drawing reliability is of levels held out (no --lambda), or of --predict with values.",
      );
    }
    const of = tested ? "the pairs" : "the levels held out";
    return drawReliability(judged.probabilities, judged.levels, {
      title: `Reliability at ${of}`,
      levels: names.map(String),
    });
  }
  if (!choice) throw new UsageError("Option --drawing errors is of the choice of --lambda, which was given.");
  const { lambdas, losses, best } = choice.holdout;
  return drawCurves([{ name: "mean of -log P", x: lambdas, y: losses, marked: best }], {
    title: "Losses at the levels held out",
    x: { label: "weight of the trace norm", scale: "log" },
    y: { label: "mean of -log P" },
  });
}

function printLevels(
  terminal: Terminal,
  fit: QuantizedCompletion,
  lambda: number,
  names: readonly number[],
  choice: QuantizedChoice | undefined,
  tested: TestReport | undefined,
  count: number,
): void {
  const [rows, columns] = [fit.left.shape[0], fit.right.shape[0]], holdout = choice?.holdout;
  const offsets = fit.rowOffsets ? ", beside offsets of rows and columns" : ", without offsets";
  terminal.facts([
    ["matrix", `${rows} x ${columns}, ${count} entries (${(100 * count / (rows * columns)).toPrecision(3)} %)`],
    ["levels", names.join(", ")],
    ["boundaries", Array.from(fit.boundaries, (value) => formatNumber(value)).join(", ")],
    ["lambda", `${formatNumber(lambda)}${choice ? ", chosen by levels held out" : ""}`],
    ["rank", `${fit.rank}${offsets}`],
    ["gap", `${fit.gap.toExponential(1)}${fit.certified ? ", certified" : ""}`],
    ...holdout
      ? [[
        "held out",
        `mean of -log P ${formatNumber(holdout.losses[holdout.best])}; at the first weight ${
          formatNumber(holdout.losses[0])
        }`,
      ]] as const
      : [],
    ...tested
      ? [[
        "predictions",
        `root mean square error ${formatNumber(tested.rootMeanSquareError)}, ${
          (100 * tested.accuracy).toPrecision(3)
        } % right`,
      ]] as const
      : [],
    ["ran on", `${fit.plan.backend} (${fit.plan.reason}), ${formatDuration(fit.elapsedMs)}`],
  ]);
  for (const remark of fit.remarks) terminal.note(remark);
  if (fit.status !== "converged") terminal.note(`stopped at its ${fit.status.replace("-", " ")}`);
}

function levelsReport(
  fit: QuantizedCompletion,
  lambda: number,
  names: readonly number[],
  choice: QuantizedChoice | undefined,
  tested: TestReport | undefined,
  entries: number,
) {
  const { rank, link, boundaries, gap, certified, status, objective, lowerBound, remarks, elapsedMs, plan } = fit;
  const path = choice?.holdout;
  return {
    shape: [fit.left.shape[0], fit.right.shape[0]],
    entries,
    levels: names,
    boundaries: Array.from(boundaries),
    link,
    lambda,
    rank,
    offsets: fit.rowOffsets !== undefined,
    objective,
    lowerBound,
    gap,
    certified,
    ...path && {
      holdout: {
        best: path.best,
        path: Array.from(path.lambdas, (lambda, k) => ({
          lambda,
          loss: path.losses[k],
          error: path.errors[k],
          rank: path.ranks[k],
        })),
      },
    },
    ...tested && { predictions: tested },
    status,
    remarks,
    elapsedMs,
    plan,
  };
}

/** `minima complete --bins`. */
export async function completeBins(
  { options, settings, refuseOthers, write, terminal, signal }: Called,
  read: () => Promise<Given>,
  boundariesText: string | undefined,
  drawing: string,
): Promise<void> {
  refuseOthers(completeViolationsOptions, "with --bins");
  const boundaries = readBoundaries(boundariesText);
  if (!boundaries) throw new UsageError("Option --boundaries is missing: with --bins, where are the values cut?");
  if (drawing === "values") {
    throw new UsageError("Option --drawing needs errors or matrix with --bins, received values.");
  }
  const given = await read(), { observed, pairs } = given;
  const asked = { ...settings(completeViolationsOptions), boundaries, ...underWatch(terminal, signal) };
  const fit = named(await completeViolations(observed, asked), given);
  terminal.progress.clear();
  signal.throwIfAborted();
  await write("out", () =>
    given.content((rows, columns) => {
      const { values, levels } = fit.predict(rows, columns);
      return { names: ["prediction", "level"], values: [values, levels], filling: levels };
    }));
  await write("picture", () => drawBins(drawing, fit, given));
  const tested = pairs?.values && fit.predict(pairs.rows, pairs.columns).levels;
  const accuracy = tested && tested.filter((level, k) => level === pairs.values![k]).length / tested.length;
  const { violation, largestViolation, rank, width, status, objective, holdout, remarks, elapsedMs, plan } = fit;
  if (options.json) {
    const report = { shape: fit.shape, entries: observed.values.length, rank, width, violation, largestViolation };
    const held = holdout && { holdout: { error: holdout.error, baseline: holdout.baseline } };
    terminal.print(
      JSON.stringify({ ...report, ...held, accuracy, status, objective, remarks, elapsedMs, plan }, null, 2),
    );
    return;
  }
  terminal.facts([
    ["matrix", `${fit.shape.join(" x ")}, ${observed.values.length} entries`],
    ["rank", `${rank}${fit.offsets ? ", beside a mean and offsets of rows and columns" : ""}`],
    ["width", formatNumber(width)],
    ["violations", `root mean square ${formatNumber(violation)}, at most ${formatNumber(largestViolation)}`],
    ...holdout ? [["held out", `violation ${formatNumber(holdout.error)}`]] as const : [],
    ...accuracy === undefined ? [] : [["predictions", `${(100 * accuracy).toPrecision(3)} % right`]] as const,
    ["ran on", `${plan.backend} (${plan.reason}), ${formatDuration(elapsedMs)}`],
  ]);
  for (const remark of remarks) terminal.note(remark);
  if (status !== "converged") terminal.note(`stopped at its ${status.replace("-", " ")}`);
}

async function drawBins(drawing: string, fit: ViolationCompletion, given: Given): Promise<string> {
  if (drawing === "matrix") {
    const seen = fit.predict(given.observed.rows, given.observed.columns).values;
    return await drawFilled(given, (rows, columns) => fit.predict(rows, columns).values, seen);
  }
  const { holdout } = fit, { drawCurves } = await import("../pictures/mod.ts");
  if (!holdout) throw new UsageError("Option --drawing errors is of entries held out, and none are.");
  const marked = holdout.best < 0 ? undefined : holdout.best;
  return drawCurves([{ name: "root mean square violation", x: holdout.levels, y: holdout.errors, marked }], {
    title: "Violations at the entries held out",
    x: { label: "width", scale: "log" },
    y: { label: "root mean square violation" },
  });
}
