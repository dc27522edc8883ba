import type { Plan } from "../../kernels/engine/mod.ts";
import { certified, compared } from "../core/certificate.ts";
import { matrix } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import { inRanges, type Steps } from "../core/steps.ts";
import type { HoldoutCurve } from "./choice.ts";
import type { CompletedMatrix } from "./completed.ts";
import type { Entries } from "./entries.ts";
import { foldRows } from "./fold_in.ts";
import { shrinkageAt } from "./graduation.ts";
import type { Factors } from "./iterate.ts";
import { emptyLines, spread } from "./occupied.ts";
import { type Offsets, timesOffsets } from "./offsets.ts";
import type { CompletionMethod } from "./options.ts";
import { singularValuesOfProduct } from "./plain_factors.ts";
import { type LowRankModel, predictEntries } from "./prediction.ts";
import type { CompletionTask } from "./task.ts";
import { somePlaces } from "../core/names.ts";

/** What a completion has found, in the units of its task; the level and the factors in units of `scale`. */
export interface Found extends CompletionTask {
  readonly method: CompletionMethod;
  readonly offsets: Offsets | undefined;
  /** What predicts rows and columns without entries, where `offsets` do not. */
  readonly beside?: Offsets;
  readonly scale: number;
  readonly level: number;
  readonly status: Status;
  readonly holdout?: HoldoutCurve;
  /** Entries were to be held out, and are too few. @default false */
  readonly tooFew?: boolean;
}

/** Singular values below this share of the largest are what the steps have not come to yet, or rounding. */
const leastShare = 1e-6;

/** The answer in the units of the caller, with its objective by plain sums. @param factors They become its own. */
export function* present(found: Found, factors: Factors, plan: Plan): Steps<CompletedMatrix> {
  const { entries, occupied, units, largestWeight, method, scale, status, course } = found;
  const unit = units * scale, level = found.level * unit, [rows, columns] = occupied.shape;
  const all = factors.values.length;
  let rank = 0;
  while (rank < all && factors.values[rank] > leastShare * factors.values[0]) rank++;
  const cut = (factor: Float64Array, length: number) => {
    if (rank === all) return factor;
    const data = new Float64Array(length * rank);
    for (let i = 0; i < length; i++) for (let k = 0; k < rank; k++) data[i * rank + k] = factor[i * all + k];
    return data;
  };
  const a = cut(factors.left, entries.shape[0]), b = cut(factors.right, entries.shape[1]);
  // In units of the scale, of which squares are numbers too.
  const singularValues = yield* singularValuesOfProduct(a, b, rank);
  const rounding = 1e-6 * (singularValues[0] ?? 0);
  singularValues.forEach((value, k) => compared(`singular value ${k}`, value, factors.values[k], rounding));
  const offsets = found.offsets;
  let squares = 0, total = 0;
  yield* inRanges(entries.values.length, rank + 4, (begin, end) => {
    squares += squaresLeft(entries, a, b, rank, scale, offsets, begin, end);
    total += entries.weights
      ? entries.weights.subarray(begin, end).reduce((sum, weight) => sum + weight, 0)
      : end - begin;
  });
  const residual = units * Math.sqrt(squares / total);
  squares *= largestWeight * units * units;
  // Of the nuclear norm, in units of the values; the smoothed rank has none.
  const { cost } = shrinkageAt(method, found.level), inUnit = method === "srf" ? 1 : largestWeight * unit * unit;
  const priced = found.level > 0 ? singularValues.reduce((sum, value) => sum + cost(value), 0) * inUnit : 0;
  const root = Math.sqrt(unit);
  for (const factor of [a, b]) for (let at = 0; at < factor.length; at++) factor[at] *= root;
  for (let k = 0; k < rank; k++) singularValues[k] *= unit;
  const whole = (own: Offsets): Offsets => {
    const { mean, rows: ofRows, columns: ofColumns } = timesOffsets(own, units);
    return {
      mean,
      rows: spread(ofRows, occupied.rows, rows),
      columns: spread(ofColumns, occupied.columns, columns),
    };
  };
  const empty = emptyLines(occupied, entries);
  const model: LowRankModel = {
    left: matrix(rows, rank, spread(a, occupied.rows, rows, rank)),
    right: matrix(columns, rank, spread(b, occupied.columns, columns, rank)),
    ...(offsets && { offsets: whole(offsets) }),
    ...(found.beside && { unobserved: { ...empty, offsets: whole(found.beside) } }),
  };
  const lambda = level * largestWeight;
  const objective = method === "srf" ? priced : squares / 2 + priced;
  const holdout = found.holdout && inUnits(found.holdout, units, method === "srf" ? 1 : largestWeight);
  return {
    method,
    shape: [rows, columns],
    ...model,
    rank,
    singularValues,
    ...(method === "srf" ? { width: level } : { lambda }),
    residual,
    ...(holdout && { holdout }),
    ...certified({ status, objective, searched: "compared" }),
    remarks: remarksOn(found, empty),
    trace: Float64Array.from(course.trace),
    iterations: course.trace.length,
    elapsedMs: found.elapsedMs(),
    plan,
    predict: (rows, columns) => predictEntries(model, rows, columns),
    foldIn: (newRows) => Promise.resolve().then(() => foldRows(model, residual, newRows)),
  };
}

/** Weighted squares of what the factors and the offsets leave of some entries. */
function squaresLeft(
  { rows, columns, values, weights }: Entries,
  a: Float64Array,
  b: Float64Array,
  rank: number,
  scale: number,
  offsets: Offsets | undefined,
  begin: number,
  end: number,
): number {
  let squares = 0;
  for (let e = begin; e < end; e++) {
    const i = rows[e], j = columns[e];
    let sum = scale * product(a, i * rank, b, j * rank, rank);
    if (offsets) sum += offsets.mean + offsets.rows[i] + offsets.columns[j];
    squares += (weights ? weights[e] : 1) * (values[e] - sum) ** 2;
  }
  return squares;
}

/** `x . y` for rows of tens of elements of the factors: four sums at a time do not wait for one another. */
function product(x: Float64Array, from: number, y: Float64Array, other: number, length: number): number {
  const whole = from + length - 3, end = from + length;
  let a = 0, b = 0, c = 0, d = 0, p = from, q = other;
  for (; p < whole; p += 4, q += 4) {
    a += x[p] * y[q];
    b += x[p + 1] * y[q + 1];
    c += x[p + 2] * y[q + 2];
    d += x[p + 3] * y[q + 3];
  }
  for (; p < end; p++, q++) a += x[p] * y[q];
  return a + b + (c + d);
}

function inUnits(curve: HoldoutCurve, units: number, weight: number): HoldoutCurve {
  return {
    ...curve,
    levels: curve.levels.map((level) => level * units * weight),
    errors: curve.errors.map((error) => error * units),
    singularValues: curve.singularValues.map((values) => values.map((value) => value * units)),
    error: curve.error * units,
    baseline: curve.baseline * units,
  };
}

function remarksOn(
  { entries: { values }, occupied: { shape }, holdout, offsets, beside, tooFew, status }: Found,
  empty: ReturnType<typeof emptyLines>,
): string[] {
  const remarks: string[] = [];
  if (tooFew) {
    const end = status === "converged" ? "until nothing changed" : "as far as it came";
    remarks.push(`Too few entries to hold some out (${values.length}): the width fell ${end}.`);
  }
  for (const [kind, lines] of [["row", empty.rows], ["column", empty.columns]] as const) {
    if (lines.length === 0) continue;
    const [plural, verb] = lines.length > 1 ? ["s", "have"] : ["", "has"];
    const otherwise = offsets || beside ? "the offsets alone" : "zero";
    remarks.push(
      `No entries: ${kind}${plural} ${somePlaces(lines)} ${verb} none, and ${
        lines.length > 1 ? "are" : "is"
      } predicted by ${otherwise}.`,
    );
  }
  if (values.length === shape[0] * shape[1]) remarks.push("All entries are observed: nothing is missing.");
  if (holdout?.best === -1 && status === "converged") {
    remarks.push("No part of low rank predicts the held-out entries better than none.");
  }
  return remarks;
}
