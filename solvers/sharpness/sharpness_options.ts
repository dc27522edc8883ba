/** The options of measures of flatness. @module */

import { integer, number, type OptionTable } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** Options of {@linkcode sharpness}. */
export interface SharpnessOptions extends Omit<SolveOptions, "maxIterations"> {
  /** Random vectors by which the trace is estimated, 0 or more. @default 30 */
  readonly probes?: number;
  /** Most steps of Lanczos' method, 1 or more. @default 40 */
  readonly lanczosSteps?: number;
  /** Residual of the largest eigenvalue, as a share of it, at which to stop, 0 to 1. @default 0.000001 */
  readonly tolerance?: number;
  /** Starts of Lanczos' method over which the spectral density is averaged, 0 or more. @default 0 */
  readonly densityProbes?: number;
  /** Length of the perturbation whose harm is looked for, >= 0. @default 0.05 */
  readonly rho?: number;
  /** Steps of that search, 0 or more. @default 20 */
  readonly ascentSteps?: number;
  /** Points of each side of the slice of the loss, 0 to 201; an odd number has the parameters in the middle. @default 0 */
  readonly slicePoints?: number;
  /** How far the slice reaches from the parameters to each side, above 0. @default 1 */
  readonly sliceReach?: number;
  /** Step of central differences where there is no product with the Hessian, above 0. @default 1e-5, and 0.01 for f32 */
  readonly differenceStep?: number;
}

/** Table of the options of {@linkcode sharpness}. */
export const sharpnessOptions: OptionTable<SharpnessOptions, OpenSolveOptions | "differenceStep"> = {
  probes: integer({ least: 0, most: 1e6, default: 30, about: "Random vectors by which the trace is estimated." }),
  lanczosSteps: integer({ least: 1, most: 1000, default: 40, about: "Most steps of Lanczos' method." }),
  tolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 1e-6,
    about: "Residual of the largest eigenvalue, as a share of it, at which to stop.",
  }),
  densityProbes: integer({
    least: 0,
    most: 1e4,
    default: 0,
    about: "Starts of Lanczos' method over which the spectral density is averaged.",
  }),
  rho: number({ least: 0, most: 1e6, default: 0.05, about: "Length of the perturbation whose harm is looked for." }),
  ascentSteps: integer({ least: 0, most: 1e6, default: 20, about: "Steps of that search." }),
  slicePoints: integer({
    least: 0,
    most: 201,
    default: 0,
    about: "Points of each side of a slice of the loss, in the plane of the two sharpest directions.",
  }),
  sliceReach: number({
    least: 0,
    above: true,
    most: 1e6,
    default: 1,
    about: "How far the slice reaches from the parameters to each side.",
  }),
  differenceStep: number({
    least: 0,
    above: true,
    most: 1,
    otherwise: "1e-5, and 0.01 for f32",
    about: "Step of central differences where there is no product with the Hessian.",
  }),
  ...solveOptions,
};
