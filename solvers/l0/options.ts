/** The options that the solvers with an l0 penalty share. @module */

import { integer, number, type OptionTable } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** Options of the solvers that descend, and certify by branch and bound. */
export interface L0Options extends SolveOptions {
  /** Bound on the magnitude of every penalised entry, > 0; a finite one makes `exact` faster. @default Infinity */
  readonly bigM?: number;
  /** Most sweeps of the descents, >= 1. @default 100000 */
  readonly maxIterations?: number;
  /** Relative gap between solution and lower bound at which `exact` stops, 0 to 1. @default 0.01 */
  readonly gapTolerance?: number;
  /** Most relaxations that `exact` solves, >= 1. @default Infinity */
  readonly nodeLimit?: number;
  /** Candidates whose children `exact` compares before it branches: 1 takes the most fractional. @default 1 */
  readonly branchingWidth?: number;
}

/** Largest penalty: products of two of them stay far from the largest number. */
export const largestPenalty = 1e100;

/** Table of the shared options; the tolerance is each solver's own. */
export const l0Options: OptionTable<Omit<L0Options, "tolerance">, OpenSolveOptions> = {
  bigM: number({
    least: 0,
    above: true,
    most: largestPenalty,
    infinite: true,
    default: Infinity,
    about: "Bound on the magnitude of every penalised entry; a finite one makes `exact` faster.",
  }),
  gapTolerance: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 0.01,
    about: "Relative gap between solution and lower bound at which `exact` stops.",
  }),
  nodeLimit: integer({
    least: 1,
    most: 1e9,
    infinite: true,
    default: Infinity,
    about: "Most relaxations that `exact` solves.",
  }),
  branchingWidth: integer({
    least: 1,
    most: 1000,
    default: 1,
    about: "Candidates whose children `exact` compares before it branches; 1 takes the most fractional.",
  }),
  maxIterations: integer({ least: 1, most: 1e9, default: 100_000, about: "Most sweeps of the descents." }),
  ...solveOptions,
};
