import { checkParts } from "../core/kinds.ts";
import type { Plan } from "../../kernels/engine/mod.ts";
import { ShapeError } from "../core/errors.ts";
import type { Matrix } from "../core/matrix.ts";
import { number, type OptionTable } from "../core/options.ts";
import { refuse, resolveOptions } from "../core/resolve_options.ts";
import { leastStep, type Quadratic } from "./least_step.ts";
import { samRegressionOptions } from "./regression_options.ts";
import { filter, remainder, sharpCurvature } from "./spectral_filter.ts";

/**
 * What all sharpness-aware paths over the same data have in common: the answer of {@linkcode samSpectrum} and
 * {@linkcode samKernelSpectrum}. Plain data: it can be stored, and posted to another thread.
 */
export interface SamSpectrum {
  /** Samples. */
  readonly rows: number;
  /** Eigenvalues above 0 of the curvature `X^T X / rows` or `K / rows`, from the largest to the smallest. */
  readonly eigenvalues: Float64Array;
  /** The least squares solution by directions [eigenvalues, coefficients]: their sum is the solution of least norm. */
  readonly directions: Matrix;
  /** What of `y` lies in each direction: squared, as a mean over the rows. */
  readonly response: Float64Array;
  /** What of `y` lies in none. */
  readonly unexplained: number;
  /** With a truth: what of its values lies in each direction: squared, as a mean over the rows. */
  readonly signal?: Float64Array;
  /** With a truth: what of its values lies in none, which no step fits; 0 unless a kernel matrix is singular. */
  readonly unreachable?: number;
  /** Where it was decomposed. */
  readonly plan: Plan;
}

/** Options of {@linkcode samPath}. */
export interface SamPathOptions {
  /** Length of the perturbation as a multiple of the gradient, >= 0. @default 0.05 */
  readonly rho?: number;
  /** Length of a step along the gradient, > 0. @default the largest with which every direction only falls */
  readonly learningRate?: number;
  /** Standard deviation of the noise in `y`, >= 0. @default 1 */
  readonly noise?: number;
}

/** Table of the options of {@linkcode samPath}. */
export const samPathOptions: OptionTable<SamPathOptions, "learningRate"> = {
  rho: number({
    least: 0,
    most: 1e100,
    default: 0.05,
    about: "Length of the perturbation as a multiple of the gradient.",
  }),
  learningRate: samRegressionOptions.learningRate,
  noise: number({ least: 0, most: 1e100, default: 1, about: "Standard deviation of the noise in `y`." }),
};

/** A path after some step. */
export interface SamPathPoint {
  /** `||y - fitted||^2 / (2 rows)`. */
  readonly loss: number;
  /** The trace of what takes `y` to the fitted values. */
  readonly degreesOfFreedom: number;
  /** The variance of the fitted values under the noise, as a mean over the rows. */
  readonly variance: number;
  /**
   * What the mean squared distance of the fitted values from the true ones is estimated as from `y` and the noise, without
   * bias and not always above 0 (Mallows 1973): `2 loss + noise^2 (2 degreesOfFreedom / rows - 1)`.
   */
  readonly estimatedRisk: number;
  /** With a truth: the squared distance of the mean fit from it, as a mean over the rows. */
  readonly bias2?: number;
  /** With a truth: the expected squared distance of the fit from it, `bias2 + variance`, as a mean over the rows. */
  readonly risk?: number;
}

/** A sharpness-aware path over a spectrum: every step of it, without taking any. */
export interface SamPath {
  /** Length of the perturbation, as it was given. */
  readonly rho: number;
  /** The length of steps that is used. */
  readonly learningRate: number;
  /** Steps of this length and longer do not converge. */
  readonly largestLearningRate: number;
  /** With steps of `learningRate`, minima whose largest eigenvalue is this and more are left. */
  readonly largestEigenvalue: number;
  /** Loss, bias, variance and risk after `step` steps, 0 to 1e9; infinite beyond the range of numbers. O(eigenvalues). */
  at(step: number): SamPathPoint;
  /** The share of each direction that is fitted after so many steps: 0 at first, 1 in the end. O(eigenvalues). */
  shares(step: number): Float64Array;
  /** The coefficients after so many steps; of a kernel, without what it does not see. O(eigenvalues coefficients). */
  coefficients(step: number): Float64Array;
  /**
   * The step of least risk, the first of several, up to `most`: by bounds over ranges of steps, whatever bends the risk
   * has. Risks are alike that are apart by 1e-13 of what the signal, or `y`, and the noise in all directions come to. Some
   * hundred times O(eigenvalues).
   *
   * @param by The risk, which needs a truth, or what it is estimated as. @default the risk, where there is a truth
   */
  bestStep(most: number, by?: "risk" | "estimatedRisk"): number;
}

/** What a path needs of a spectrum. */
const spectrumParts = {
  rows: "count",
  eigenvalues: "floats",
  directions: "matrix",
  response: "floats",
  unexplained: "number",
  signal: "floats?",
  unreachable: "number?",
} as const;

/**
 * A sharpness-aware path of least squares or kernel regression at any `rho`, rate and noise, from a decomposition that was
 * made once: a function without waiting or kernels, fast enough for a slider. Unnormalised steps over whole batches, as
 * {@linkcode samRegression} and {@linkcode samKernelRegression} take them by default; micro-batches turn the directions
 * with `rho`, so their paths are not among these.
 *
 * O(eigenvalues).
 *
 * @throws {OptionError} for an option outside its range
 * @throws {ShapeError} for what is no spectrum
 *
 * @example
 * ```ts
 * import { fromRows, samPath, samSpectrum } from "@minima/minima";
 * const X = fromRows([[1, 0.5], [2, 1.5], [3, 2], [4, 4.5]]), y = [0.5, 0.5, 1, -0.5];
 * const spectrum = await samSpectrum(X, y, { truth: [1, -1] }), learningRate = 0.05;
 * const descent = samPath(spectrum, { rho: 0, learningRate, noise: 0.1 });
 * const sharp = samPath(spectrum, { rho: 0.1, learningRate, noise: 0.1 }), step = sharp.bestStep(10_000);
 * if (!(sharp.at(20).bias2! < descent.at(20).bias2!)) throw new Error("no less bias");
 * if (!(sharp.at(step).risk! <= sharp.at(step + 1).risk!)) throw new Error("not the best step");
 * ```
 *
 * @see Behdin & Mazumder, "On statistical properties of sharpness-aware minimization", 2023
 */
export function samPath(spectrum: SamSpectrum, options: SamPathOptions = {}): SamPath {
  const { rho, noise, ...given } = resolveOptions(samPathOptions, options, "a sharpness-aware path");
  checkParts("spectrum", spectrum, spectrumParts, "follow the path");
  const { rows, eigenvalues, directions, response, unexplained, signal, unreachable = 0 } = spectrum;
  const count = eigenvalues.length, curvature = eigenvalues.map((value) => sharpCurvature(value, rho));
  if (directions.shape[0] !== count || response.length !== count || (signal && signal.length !== count)) {
    throw new ShapeError(
      "spectrum",
      `Cannot follow the path: "spectrum" has ${count} eigenvalues, but not as much of the rest.`,
    );
  }
  const sharpest = curvature[0] ?? 0, learningRate = given.learningRate ?? (sharpest > 0 ? 1 / sharpest : 1);
  const noiseShare = noise * noise / rows, factors = curvature.map((value) => learningRate * value);

  const at = (step: number): SamPathPoint => {
    checkStep("step", step);
    let residual = unexplained, degreesOfFreedom = 0, variance = 0, bias2 = unreachable;
    for (let i = 0; i < count; i++) {
      const left = remainder(factors[i], step), done = filter(factors[i], step);
      if (response[i] > 0) residual += response[i] * left * left;
      if (signal && signal[i] > 0) bias2 += signal[i] * left * left;
      degreesOfFreedom += done;
      if (noiseShare > 0) variance += noiseShare * done * done;
    }
    const estimatedRisk = residual - noise * noise + 2 * noiseShare * degreesOfFreedom;
    return {
      loss: residual / 2,
      degreesOfFreedom,
      variance,
      estimatedRisk: Number.isNaN(estimatedRisk) ? Infinity : estimatedRisk,
      ...(signal && { bias2, risk: bias2 + variance }),
    };
  };

  const shares = (step: number) => {
    checkStep("step", step);
    return Float64Array.from(factors, (factor) => filter(factor, step));
  };

  return {
    rho,
    learningRate,
    largestLearningRate: sharpest > 0 ? 2 / sharpest : Infinity,
    // The root of l (1 + rho l) = 2 / rate, in a form without cancellation.
    largestEigenvalue: 4 / learningRate / (1 + Math.sqrt(1 + 8 * rho / learningRate)),
    at,
    shares,
    coefficients(step) {
      const width = directions.shape[1], sum = new Float64Array(width);
      shares(step).forEach((share, i) => {
        for (let j = 0; j < width; j++) sum[j] += share * directions.data[i * width + j];
      });
      return sum;
    },
    bestStep(most, by = signal ? "risk" : "estimatedRisk") {
      checkStep("most", most);
      if (by !== "estimatedRisk" && by !== "risk") throw refuse("by", '"risk" or "estimatedRisk"', by);
      if (by === "risk" && !signal) throw refuse("by", '"estimatedRisk", for the spectrum has no truth', by);
      // In what is left of a direction, u: signal u^2 + noise (1 - u)^2, or response u^2 + 2 noise (1 - u).
      const terms = Array.from(factors, (factor, i): Quadratic => {
        return by === "risk"
          ? { kept: 1 - factor, square: signal![i] + noiseShare, slope: -2 * noiseShare }
          : { kept: 1 - factor, square: response[i], slope: -2 * noiseShare };
      });
      return leastStep(
        terms,
        most,
        (step) => at(step)[by]!,
        by === "risk" ? unreachable + count * noiseShare : unexplained - noise * noise + 2 * count * noiseShare,
      );
    },
  };
}

function checkStep(argument: string, step: number): void {
  if (!(Number.isInteger(step) && step >= 0 && step <= 1e9)) {
    throw refuse(argument, "a whole number from 0 to 1e9", step);
  }
}
