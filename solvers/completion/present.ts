import type { Plan } from "../../kernels/engine/mod.ts";
import { certified, compared } from "../core/certificate.ts";
import { matrix } from "../core/matrix.ts";
import type { Status } from "../core/result.ts";
import type { HoldoutCurve } from "./choice.ts";
import type { CompletedMatrix } from "./completed.ts";
import { foldRows } from "./fold_in.ts";
import { shrinkageAt } from "./graduation.ts";
import type { Factors } from "./iterate.ts";
import type { Offsets } from "./offsets.ts";
import type { CompletionMethod } from "./options.ts";
import { singularValuesOfProduct } from "./plain_factors.ts";
import { predictEntries } from "./prediction.ts";
import type { CompletionTask } from "./task.ts";

/** What a completion has found, in the units of its task; the level and the factors in units of `scale`. */
export interface Found extends CompletionTask {
  readonly method: CompletionMethod;
  readonly offsets: Offsets | undefined;
  readonly scale: number;
  readonly level: number;
  readonly status: Status;
  readonly holdout?: HoldoutCurve;
  /** Entries were to be held out, and are too few. @default false */
  readonly tooFew?: boolean;
}

/** Singular values below this share of the largest are what the steps have not come to yet, or rounding. */
const leastShare = 1e-6;

/** Rows or columns that are named at most. */
const mostNamed = 10;

/** The answer in the units of the caller, with its objective by plain sums. */
export function present(found: Found, factors: Factors, plan: Plan): CompletedMatrix {
  const { entries, units, largestWeight, method, scale, status, course } = found;
  const unit = units * scale, level = found.level * unit, [rows, columns] = entries.shape;
  const rank = Array.from(factors.values).filter((value) => value > leastShare * factors.values[0]).length;
  const root = Math.sqrt(unit);
  const take = (factor: Float64Array, length: number) => {
    const all = factors.values.length, data = new Float64Array(length * rank);
    for (let i = 0; i < length; i++) {
      for (let k = 0; k < rank; k++) data[i * rank + k] = root * factor[i * all + k];
    }
    return matrix(length, rank, data);
  };
  const left = take(factors.left, rows), right = take(factors.right, columns);
  const offsets = found.offsets && {
    mean: found.offsets.mean * units,
    rows: found.offsets.rows.map((value) => value * units),
    columns: found.offsets.columns.map((value) => value * units),
  };
  const model = { left, right, ...(offsets && { offsets }) };
  const singularValues = singularValuesOfProduct(left.data as Float64Array, right.data as Float64Array, rank);
  const rounding = 1e-6 * (singularValues[0] ?? 0);
  singularValues.forEach((value, k) => compared(`singular value ${k}`, value, factors.values[k] * unit, rounding));
  const predicted = predictEntries(model, entries.rows, entries.columns);
  let squares = 0, total = 0;
  entries.values.forEach((value, e) => {
    const weight = (entries.weights ? entries.weights[e] : 1) * largestWeight;
    squares += weight * (value * units - predicted[e]) ** 2;
    total += weight;
  });
  const lambda = level * largestWeight, cost = shrinkageAt(method, method === "srf" ? level : lambda).cost;
  const priced = level > 0 ? singularValues.reduce((sum, value) => sum + cost(value), 0) : 0;
  const objective = method === "srf" ? priced : squares / 2 + priced;
  const holdout = found.holdout && inUnits(found.holdout, units, method === "srf" ? 1 : largestWeight);
  return {
    method,
    shape: [rows, columns],
    ...model,
    rank,
    singularValues,
    ...(method === "srf" ? { width: level } : { lambda }),
    residual: Math.sqrt(squares / total),
    ...(holdout && { holdout }),
    ...certified({ status, objective, searched: "compared" }),
    remarks: remarksOn(found),
    trace: Float64Array.from(course.trace),
    iterations: course.trace.length,
    elapsedMs: found.elapsedMs(),
    plan,
    predict: (rows, columns) => predictEntries(model, rows, columns),
    foldIn: (newRows) => Promise.resolve().then(() => foldRows(model, Math.sqrt(squares / total), newRows)),
  };
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

function remarksOn({ entries: { shape, indptr, columns, values }, holdout, offsets, tooFew }: Found): string[] {
  const remarks: string[] = [];
  if (tooFew) {
    remarks.push(`${values.length} entries are too few to hold some out: the width fell until nothing changed.`);
  }
  const counts = new Uint32Array(shape[1]);
  for (const column of columns) counts[column]++;
  const empty = [
    ["row", Array.from({ length: shape[0] }, (_, i) => i).filter((i) => indptr[i] === indptr[i + 1])],
    ["column", Array.from(counts.keys()).filter((j) => counts[j] === 0)],
  ] as const;
  for (const [kind, lines] of empty) {
    if (lines.length === 0) continue;
    const more = lines.length > mostNamed ? ` and ${lines.length - mostNamed} more` : "";
    const [plural, verb] = lines.length > 1 ? ["s", "have"] : ["", "has"];
    const otherwise = offsets ? "the offsets alone" : "zero";
    remarks.push(
      `No entries: ${kind}${plural} ${lines.slice(0, mostNamed).join(", ")}${more} ${verb} none, and ${
        lines.length > 1 ? "are" : "is"
      } predicted by ${otherwise}.`,
    );
  }
  if (values.length === shape[0] * shape[1]) remarks.push("All entries are observed: nothing is missing.");
  if (holdout?.best === -1) remarks.push("No part of low rank predicts the held-out entries better than none.");
  return remarks;
}
