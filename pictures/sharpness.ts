/** Paths of descent, training, and how flat minima are. @module */

import type { Matrix } from "../solvers/core/matrix.ts";
import { numberFormat } from "./axes.ts";
import { type Curve, type CurvesOptions, drawCurves } from "./curves.ts";
import { drawHeatMap } from "./heat_map.ts";

/** What it costs to stop at each step of a path. */
export interface RiskPath {
  /** Its name, where there are several. */
  readonly name: string;
  /** The steps, in rising order; a logarithmic axis leaves out step 0. */
  readonly steps: ArrayLike<number>;
  /** Squared bias after each of them. @default not drawn */
  readonly bias2?: ArrayLike<number>;
  /** Variance after each of them. */
  readonly variance: ArrayLike<number>;
  /** Risk, or what it is estimated as. */
  readonly risk: ArrayLike<number>;
  /** The place in `steps` that is marked. @default none */
  readonly marked?: number;
}

/** How pictures of flat minima are drawn, in place of what they do by themselves. */
export type FrameOptions = Partial<Pick<CurvesOptions, "title" | "width" | "height">>;

/**
 * Bias, variance and risk against steps, as a standalone SVG document; paths after the first are dashed, in the same
 * colours.
 *
 * @throws as {@linkcode drawCurves}
 *
 * @example
 * ```ts
 * import { fromRows, samPath, samSpectrum } from "@minima/minima";
 * import { drawRiskPaths } from "@minima/minima/pictures";
 * const { at } = samPath(await samSpectrum(fromRows([[1, 0], [0, 2], [1, 1]]), [1, 2, 0], { truth: [1, 0] }));
 * const steps = [1, 2, 4, 8, 16], points = steps.map((step) => at(step));
 * const picture = drawRiskPaths([{
 *   name: "SAM",
 *   steps,
 *   bias2: points.map(({ bias2 }) => bias2!),
 *   variance: points.map(({ variance }) => variance),
 *   risk: points.map(({ risk }) => risk!),
 * }]);
 * if (!picture.includes("variance")) throw new Error("a curve");
 * ```
 */
export function drawRiskPaths(paths: readonly RiskPath[], frame: FrameOptions = {}): string {
  const curves = paths.flatMap(({ name, steps, bias2, variance, risk, marked }, at): Curve[] => {
    const what = (part: string) => paths.length > 1 ? `${part}, ${name}` : part, dashed = at > 0;
    return [
      { name: what("risk"), x: steps, y: risk, dashed, colour: 0, marked },
      ...bias2 ? [{ name: what("squared bias"), x: steps, y: bias2, dashed, colour: 1 }] : [],
      { name: what("variance"), x: steps, y: variance, dashed, colour: 2 },
    ];
  });
  return drawCurves(curves, {
    title: "Bias, variance and risk by steps",
    x: { label: "steps", scale: "log" },
    y: { label: "mean square" },
    ...frame,
  });
}

/** Losses of a training. */
export interface TrainingCourse {
  /** Its name, where there are several. */
  readonly name: string;
  /** Training loss after each epoch. */
  readonly training: ArrayLike<number>;
  /** Loss after each epoch at the samples held out. @default not drawn */
  readonly heldOut?: ArrayLike<number>;
  /** The epoch that was chosen by it, from 1 on. @default none */
  readonly best?: number;
}

/**
 * Losses by epoch, as a standalone SVG document: those of the training drawn through, those held out dashed, in the same
 * colour.
 *
 * @throws as {@linkcode drawCurves}
 *
 * @example
 * ```ts
 * import { drawTrainingCurves } from "@minima/minima/pictures";
 * const course = { name: "SAM", training: [2, 1, 0.5], heldOut: [2, 1.5, 1.6], best: 2 };
 * if (!drawTrainingCurves([course]).includes("held out")) throw new Error("a curve");
 * ```
 */
export function drawTrainingCurves(courses: readonly TrainingCourse[], frame: FrameOptions = {}): string {
  const curves = courses.flatMap(({ name, training, heldOut, best }, colour): Curve[] => {
    const what = (part: string) => courses.length > 1 ? `${name}, ${part}` : part;
    const epochs = (of: ArrayLike<number>) => Array.from({ length: of.length }, (_, i) => i + 1);
    return [
      { name: what("training"), x: epochs(training), y: training, colour },
      ...heldOut && heldOut.length > 0
        ? [{
          name: what("held out"),
          x: epochs(heldOut),
          y: heldOut,
          colour: courses.length > 1 ? colour : 1,
          dashed: true,
          marked: best !== undefined && best > 0 ? best - 1 : undefined,
        }]
        : [],
    ];
  });
  return drawCurves(curves, {
    title: "Loss by epoch",
    x: { label: "epoch" },
    y: { label: "mean cross-entropy", scale: "log" },
    ...frame,
  });
}

/** Nodes and weights of a spectral density, as `sharpness` gives them. */
export interface EigenvalueDensity {
  /** Its name in the legend. */
  readonly name: string;
  /** Places of the eigenvalues. */
  readonly nodes: ArrayLike<number>;
  /** What each of them weighs; they sum to one. */
  readonly weights: ArrayLike<number>;
}

/** Points of a smoothed density, and its least value that is drawn. */
const densityPoints = 300, leastDensity = 1e-6;

/**
 * The spectral density of Hessians, as a standalone SVG document: each node a bell of a hundredth of the range, on a
 * logarithmic axis, which shows the few large eigenvalues beside the many near 0.
 *
 * @throws as {@linkcode drawCurves}
 *
 * @example
 * ```ts
 * import { drawEigenvalueDensity } from "@minima/minima/pictures";
 * const picture = drawEigenvalueDensity([{ name: "SAM", nodes: [0, 3], weights: [0.9, 0.1] }]);
 * if (!picture.includes("eigenvalue")) throw new Error("the label of an axis");
 * ```
 */
export function drawEigenvalueDensity(densities: readonly EigenvalueDensity[], frame: FrameOptions = {}): string {
  let least = Infinity, most = -Infinity;
  for (const { nodes } of densities) {
    for (let i = 0; i < nodes.length; i++) {
      least = Math.min(least, nodes[i]);
      most = Math.max(most, nodes[i]);
    }
  }
  const width = (most - least) / 100 || 1, peak = 1 / (width * Math.sqrt(2 * Math.PI));
  const x = Array.from({ length: densityPoints }, (_, i) => {
    return least - 3 * width + i / (densityPoints - 1) * (most - least + 6 * width);
  });
  const curves = densities.map(({ name, nodes, weights }): Curve => ({
    name,
    x,
    y: x.map((place) => {
      let sum = 0;
      for (let i = 0; i < nodes.length; i++) {
        sum += weights[i] * peak * Math.exp(-(((place - nodes[i]) / width) ** 2) / 2);
      }
      return Math.max(sum, leastDensity);
    }),
  }));
  return drawCurves(curves, {
    title: "Eigenvalues of the Hessian",
    x: { label: "eigenvalue" },
    y: { label: "density", scale: "log" },
    ...frame,
  });
}

/** A loss around some parameters, as the `slice` of `sharpness` has it. */
export interface LossProfile {
  /** Its name in the legend. */
  readonly name: string;
  /** Distances from the parameters along each direction, rising. */
  readonly distances: ArrayLike<number>;
  /** Losses [distances or 1, distances]: columns along the sharpest direction. */
  readonly losses: Matrix;
}

/**
 * The loss along the sharpest direction through the parameters, as a standalone SVG document: the flatter a minimum, the
 * wider its valley.
 *
 * @throws as {@linkcode drawCurves}
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * import { drawLossProfiles } from "@minima/minima/pictures";
 * const profile = { name: "SAM", distances: [-1, 0, 1], losses: matrix(1, 3, Float64Array.of(2, 1, 3)) };
 * if (!drawLossProfiles([profile]).includes("distance")) throw new Error("the label of an axis");
 * ```
 */
export function drawLossProfiles(profiles: readonly LossProfile[], frame: FrameOptions = {}): string {
  const curves = profiles.map(({ name, distances, losses: { data, shape: [rows, columns] } }): Curve => {
    const begin = (rows >> 1) * columns;
    return { name, x: distances, y: Array.from(data.subarray(begin, begin + columns)) };
  });
  return drawCurves(curves, {
    title: "Loss along the sharpest direction",
    x: { label: "distance" },
    y: { label: "loss", scale: "log" },
    ...frame,
  });
}

/**
 * A slice of a loss surface in the plane of the two sharpest directions, as a standalone SVG document: the stronger the
 * colour, the higher the loss.
 *
 * @throws as {@linkcode drawHeatMap}
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * import { drawLossSurface } from "@minima/minima/pictures";
 * const losses = matrix(3, 3, Float64Array.of(3, 2, 3, 2, 1, 2, 3, 2, 3));
 * if (!drawLossSurface({ name: "SAM", distances: [-1, 0, 1], losses }).includes("svg")) throw new Error("no picture");
 * ```
 */
export function drawLossSurface(
  { name, distances, losses }: LossProfile,
  { title = `Loss around ${name}`, width }: Pick<FrameOptions, "title" | "width"> = {},
): string {
  const write = numberFormat(Array.from(distances)), names = Array.from(distances, (value) => write(value));
  return drawHeatMap(losses, {
    title,
    rows: losses.shape[0] === names.length ? names : ["0"],
    columns: names,
    scale: "sequential",
    width,
  });
}
