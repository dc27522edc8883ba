/** The options of running models. @module */

import { integer, number, type OptionTable, required } from "../solvers/core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../solvers/core/solve_options.ts";

/** Options of {@linkcode perplexity} and {@linkcode logits}. */
export interface PerplexityOptions extends Pick<SolveOptions, "backend" | "threads" | "signal" | "onProgress"> {
}

/** Table of the options of {@linkcode perplexity} and {@linkcode logits}. */
export const perplexityOptions: OptionTable<PerplexityOptions, OpenSolveOptions> = {
  backend: solveOptions.backend,
  threads: solveOptions.threads,
  signal: solveOptions.signal,
  onProgress: solveOptions.onProgress,
};

/** Options of {@linkcode generate} and {@linkcode generateTokens}. */
export interface GenerateOptions extends Pick<SolveOptions, "backend" | "threads" | "signal" | "onProgress"> {
  /** Most tokens to generate, 1 to 1000000. */
  readonly tokens: number;
  /** Draws tokens by their probabilities, from this seed, a whole number below 2^32. @default the likeliest token */
  readonly seed?: number;
  /** Divides the logits before tokens are drawn, above 0 and up to 100. @default 1 */
  readonly temperature?: number;
}

/** Table of the options of {@linkcode generate} and {@linkcode generateTokens}. */
export const generateOptions: OptionTable<GenerateOptions, OpenSolveOptions | "seed"> = {
  tokens: required(integer({ least: 1, most: 1e6, about: "Most tokens to generate." })),
  seed: integer({
    least: 0,
    most: 2 ** 32 - 1,
    otherwise: "the likeliest token",
    about: "Draws tokens by their probabilities, from this seed.",
  }),
  temperature: number({
    least: 0,
    above: true,
    most: 100,
    default: 1,
    about: "Divides the logits before tokens are drawn.",
  }),
  backend: solveOptions.backend,
  threads: solveOptions.threads,
  signal: solveOptions.signal,
  onProgress: solveOptions.onProgress,
};
