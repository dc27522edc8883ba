/** The options of transduction: what they mean in the interface, what they take in the table. @module */

import { choice, integer, number, type OptionTable } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";

/** What observed labels and features ask of a completion. */
export type TransductionMethod = "equality" | "margin" | "soft";

/** Options of {@linkcode transduce}. */
export interface TransduceOptions extends Omit<SolveOptions, "tolerance"> {
  /**
   * `equality`: observed features and labels are kept; `margin`: scores of observed labels are on their side by 1 at
   * least; `soft`: both are drawn to what was observed, labels by the logistic loss. @default "margin"
   */
  readonly method?: TransductionMethod;
  /**
   * Share of the observed features, and of the labels, that is held out to choose the width and to calibrate the
   * probabilities; the answer is fitted to all. 0 to 0.5. @default 0.1
   */
  readonly holdout?: number;
  /** Last width, as a share of the largest singular value of what is observed, 0.001 to 4. @default chosen by `holdout` */
  readonly leastWidth?: number;
  /** Scale of the labels against features of mean square 1, > 0. @default 1 */
  readonly labelWeight?: number;
  /** Strength by which `soft` draws to what was observed, > 0. @default 2 */
  readonly dataWeight?: number;
  /** Factor from one width to the next, above 0 and below 1. @default 0.85 */
  readonly widthDecay?: number;
  /** Steps at each width, >= 1. @default 5 */
  readonly innerIterations?: number;
  /** Most steps, each an eigen-decomposition, >= 1. @default 10000 */
  readonly maxIterations?: number;
}

/** Options of a transduction that may stay undefined. */
export type OpenTransduceOptions = OpenSolveOptions | "leastWidth";

/** Table of the options of {@linkcode transduce}. */
export const transduceOptions: OptionTable<TransduceOptions, OpenTransduceOptions> = {
  method: choice(["equality", "margin", "soft"], {
    default: "margin",
    about: "Keep what was observed; ask scores of observed labels to be on their side by 1; or draw both to it softly.",
  }),
  holdout: number({
    least: 0,
    most: 0.5,
    unit: "share",
    default: 0.1,
    about: "Observed features and labels held out to choose the width and to calibrate the probabilities.",
  }),
  leastWidth: number({
    least: 0.001,
    most: 4,
    unit: "share",
    otherwise: "chosen by `holdout`",
    about: "Last width, as a share of the largest singular value of what is observed.",
  }),
  labelWeight: number({
    least: 0,
    above: true,
    most: 1e6,
    default: 1,
    about: "Scale of the labels against features of mean square 1.",
  }),
  dataWeight: number({
    least: 0,
    above: true,
    most: 1e6,
    default: 2,
    about: "Strength by which `soft` draws to what was observed.",
  }),
  widthDecay: number({
    least: 0,
    above: true,
    most: 0.999,
    default: 0.85,
    about: "Factor from one width to the next.",
  }),
  innerIterations: integer({ least: 1, most: 1e6, default: 5, about: "Steps at each width." }),
  maxIterations: integer({ least: 1, most: 1e9, default: 10_000, about: "Most steps, each an eigen-decomposition." }),
  ...solveOptions,
};
