/** Options of the sharpness-aware paths of least squares and kernel regression. @module */

import type { VectorLike } from "../core/matrix.ts";
import { flag, integer, list, number, type OptionTable, required, vector } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** Options of {@linkcode samRegression} and {@linkcode samKernelRegression}. */
export interface SamRegressionOptions extends Omit<SolveOptions, "maxIterations" | "tolerance"> {
  /** Steps to take, a whole number from 0 to 1e9. */
  readonly steps: number;
  /** The steps to report, whole numbers from 0 to `steps` in rising order. @default all, from 0 on */
  readonly at?: readonly number[];
  /** Length of the perturbation, >= 0: a multiple of the gradient, or its norm with `normalize`. @default 0.05 */
  readonly rho?: number;
  /** Length of a step along the gradient, > 0. @default the largest with which every direction only falls */
  readonly learningRate?: number;
  /** Divide each perturbation by the norm of its gradient. @default false */
  readonly normalize?: boolean;
  /** Parts of a batch, each with a perturbation of its own: consecutive rows, as equal as can be. @default 1 */
  readonly microBatches?: number;
  /** Rows of a step; rows are shuffled before each pass over them. @default all, in their order */
  readonly batchSize?: number;
  /** What is true: coefficients [features], or for a kernel the values of the function [rows]. @default unknown */
  readonly truth?: VectorLike;
  /** Standard deviation of the noise in `y`, >= 0, for bias, variance and risk. @default 1 */
  readonly noise?: number;
  /** Draws of the noise, 2 to 100000, where bias and variance have no closed form. @default 200 */
  readonly draws?: number;
}

/** Options without a default. */
export type OpenSamRegressionOptions = OpenSolveOptions | "at" | "learningRate" | "batchSize" | "truth";

/** Table of the options of {@linkcode samRegression} and {@linkcode samKernelRegression}. */
export const samRegressionOptions: OptionTable<SamRegressionOptions, OpenSamRegressionOptions> = {
  steps: required(integer({ least: 0, most: 1e9, about: "Steps to take." })),
  at: list({
    least: 0,
    most: 1e9,
    otherwise: "all, from 0 on",
    about: "The steps to report, whole numbers up to `steps` in rising order.",
  }),
  rho: number({
    least: 0,
    most: 1e100,
    default: 0.05,
    about: "Length of the perturbation: a multiple of the gradient, or its norm with `normalize`.",
  }),
  learningRate: number({
    least: 0,
    above: true,
    most: 1e300,
    otherwise: "the largest with which every direction only falls",
    about: "Length of a step along the gradient.",
  }),
  normalize: flag({ default: false, about: "Divide each perturbation by the norm of its gradient." }),
  microBatches: integer({
    least: 1,
    most: 2 ** 31 - 1,
    default: 1,
    about: "Parts of a batch, each with a perturbation of its own: consecutive rows, as equal as can be.",
  }),
  batchSize: integer({
    least: 1,
    most: 2 ** 31 - 1,
    otherwise: "all, in their order",
    about: "Rows of a step; rows are shuffled before each pass over them.",
  }),
  truth: vector({
    least: -1e100,
    most: 1e100,
    otherwise: "unknown",
    about: "What is true: coefficients [features], or for a kernel the values of the function [rows].",
  }),
  noise: number({
    least: 0,
    most: 1e100,
    default: 1,
    about: "Standard deviation of the noise in `y`, for bias, variance and risk.",
  }),
  draws: integer({
    least: 2,
    most: 100_000,
    default: 200,
    unit: "draws",
    about: "Draws of the noise, where bias and variance have no closed form.",
  }),
  ...solveOptions,
};
