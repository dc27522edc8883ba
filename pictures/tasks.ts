/** What regressions of several tasks have in common, and how they were chosen. @module */

import { ShapeError } from "../solvers/core/errors.ts";
import { type Matrix, matrix } from "../solvers/core/matrix.ts";
import { type Curve, drawCurves } from "./curves.ts";
import { drawHeatMap } from "./heat_map.ts";
import { drawScatter } from "./scatter.ts";

/** How coefficients of tasks are drawn. */
export interface TaskOptions {
  /** Names of all features. @default their numbers */
  readonly features?: readonly string[];
  /** Names of the tasks. @default their numbers */
  readonly tasks?: readonly string[];
  /** Width of the picture, >= 240. @default that of the drawing */
  readonly width?: number;
}

/** A point of a cross-validation of several tasks. */
export interface TaskValidation {
  /** Most features of each task. */
  readonly support: number;
  /** Price of supports that differ. */
  readonly supportSharing: number;
  /** Price of values that differ. */
  readonly valueSharing: number;
  /** Mean over the tasks; infinite where it is not known. */
  readonly meanSquaredError: number;
  /** Standard error of that mean. */
  readonly standardError: number;
}

/** How a cross-validation is drawn. */
export interface TaskValidationOptions {
  /** Index of the chosen point. */
  readonly best: number;
  /** What is explained, for the title. @default not named */
  readonly target?: string;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
  /** Height of the picture, >= 160. @default 400 */
  readonly height?: number;
}

/** Curves that a legend can tell apart. */
const mostCurves = 6;

/** Features that any task uses. */
function usedFeatures({ data, shape: [features, tasks] }: Matrix): number[] {
  return Array.from({ length: features }, (_, j) => j)
    .filter((j) => data.subarray(j * tasks, (j + 1) * tasks).some((value) => value !== 0));
}

/**
 * A heat map of the supports of several tasks as a standalone SVG document: a row for each feature that any task uses, a
 * column for each task, the coefficient as the colour, and nothing where a task does not use a feature. A row is scaled
 * by its largest coefficient, so that features of any unit are seen.
 *
 * @param coefficients [features, tasks].
 * @throws {ShapeError} when no task uses a feature, or names are more or fewer
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * import { drawTaskCoefficients } from "@minima/minima/pictures";
 * const coefficients = matrix(2, 2, Float64Array.of(0, 0, 1, -2));
 * const picture = drawTaskCoefficients(coefficients, { features: ["rain", "sun"] });
 * if (!picture.includes("sun") || picture.includes("rain")) throw new Error("the feature that is used");
 * ```
 */
export function drawTaskCoefficients(coefficients: Matrix, options: TaskOptions = {}): string {
  const { shape: [features, tasks], data } = coefficients, used = usedFeatures(coefficients);
  if (used.length === 0) throw new ShapeError("coefficients", "Cannot draw the coefficients: no task uses a feature.");
  const shown = matrix(used.length, tasks);
  used.forEach((j, row) => {
    const own = Array.from(data.subarray(j * tasks, (j + 1) * tasks)), largest = Math.max(...own.map(Math.abs));
    own.forEach((value, k) => shown.data[row * tasks + k] = value === 0 ? NaN : value / largest);
  });
  const names = options.features ?? Array.from({ length: features }, (_, j) => String(j));
  return drawHeatMap(shown, {
    title: "Coefficients of the tasks, as shares of the largest of each feature",
    rows: used.map((j) => names[j]),
    columns: options.tasks ?? Array.from({ length: tasks }, (_, k) => String(k)),
    width: options.width,
    limit: 1,
  });
}

/**
 * How far the tasks agree in their coefficients, as a standalone SVG document: for each task and feature the coefficient
 * over the mean of the tasks, all as shares of the largest of the feature. On the diagonal a task agrees with the mean.
 *
 * @param coefficients [features, tasks].
 * @throws {ShapeError} when no task uses a feature
 */
export function drawTaskAgreement(coefficients: Matrix, options: TaskOptions = {}): string {
  const { shape: [, tasks], data } = coefficients, used = usedFeatures(coefficients);
  if (used.length === 0) throw new ShapeError("coefficients", "Cannot draw the agreement: no task uses a feature.");
  const x: number[] = [], y: number[] = [];
  for (const j of used) {
    const own = Array.from(data.subarray(j * tasks, (j + 1) * tasks));
    const largest = Math.max(...own.map(Math.abs)), mean = own.reduce((sum, value) => sum + value, 0) / tasks;
    for (const value of own) {
      x.push(mean / largest);
      y.push(value / largest);
    }
  }
  return drawScatter([{ name: "coefficients", x, y }], {
    title: "Agreement of the tasks",
    x: { label: "mean of the tasks" },
    y: { label: "coefficient of a task" },
    diagonal: true,
    width: options.width,
  });
}

/**
 * The errors of a cross-validation over the numbers of features as a standalone SVG document: a curve for each price of
 * supports that differ, or of values where that is what was tried, each at the best of the other penalties.
 *
 * @throws {OptionError} when the chosen point is not there
 */
export function drawTaskValidation(
  table: readonly TaskValidation[],
  { best, target, ...size }: TaskValidationOptions,
): string {
  const known = table.filter(({ meanSquaredError }) => Number.isFinite(meanSquaredError));
  const distinct = (of: (point: TaskValidation) => number) => [...new Set(known.map(of))].sort((a, b) => a - b);
  const byValues = distinct(({ supportSharing }) => supportSharing).length < 2;
  const priceOf = (point: TaskValidation) => byValues ? point.valueSharing : point.supportSharing;
  const prices = distinct(priceOf), what = byValues ? "values shared" : "supports shared";
  const chosen = table[best];
  // The chosen price is among those that are shown.
  const shown = prices.length <= mostCurves
    ? prices
    : prices.filter((price, at) => at % Math.ceil(prices.length / (mostCurves - 1)) === 0 || price === priceOf(chosen));
  const curves = shown.map((price): Curve => {
    const own = known.filter((point) => priceOf(point) === price);
    const points = [...new Set(own.map(({ support }) => support))].sort((a, b) => a - b).map((support) =>
      own.filter((point) => point.support === support)
        .reduce((a, b) => b.meanSquaredError < a.meanSquaredError ? b : a)
    );
    const isChosen = chosen !== undefined && price === priceOf(chosen);
    const marked = isChosen ? points.findIndex(({ support }) => support === chosen.support) : -1;
    return {
      name: prices.length === 1 ? "mean squared error" : `${what} ${Number(price.toPrecision(2))}`,
      x: points.map(({ support }) => support),
      y: points.map(({ meanSquaredError }) => meanSquaredError),
      ...(isChosen && { deviations: points.map(({ standardError }) => standardError) }),
      ...(marked >= 0 && { marked }),
    };
  });
  return drawCurves(curves, {
    title: `Cross-validation${target === undefined ? "" : ` of ${target}`}`,
    x: { label: "features of each task" },
    y: { label: "mean squared error, with standard errors" },
    ...size,
  });
}
