/** The options of training: what they mean in the interface, what they take in the table. @module */

import type { VectorLike } from "../core/matrix.ts";
import { choice, flag, group, integer, list, number, type OptionTable, required, vector } from "../core/options.ts";
import { type OpenSolveOptions, type SolveOptions, solveOptions } from "../core/solve_options.ts";
import type { Activation } from "./layers.ts";
import { type OpenOptimizerOptions, type OptimizerOptions, optimizerOptions } from "./optimizer_options.ts";

/** Convolutions in front of the hidden layers. */
export interface ConvolutionOptions {
  /** Rows, columns and channels of an image; features are its pixels row by row, each with its channels together. */
  readonly shape: readonly number[];
  /** Channels of each convolution: 3 x 3 pixels, then the means of 2 x 2. */
  readonly channels: readonly number[];
}

/** Options of {@linkcode trainClassifier}, but for `adaptive: false` of the optimiser. */
export interface TrainClassifierOptions extends Omit<SolveOptions, "maxIterations" | "tolerance"> {
  /** Widths of the hidden layers, from 1 to 65536; `[]` for none. @default [64] */
  readonly hidden?: readonly number[];
  /** Convolutions before them. @default none */
  readonly convolution?: ConvolutionOptions;
  /** What follows each of these layers. @default "tanh" */
  readonly activation?: Activation;
  /** Classes, 2 or more. @default one more than the largest label */
  readonly classes?: number;
  /** Most passes over the samples, 1 or more. @default 30 */
  readonly epochs?: number;
  /** Samples of a step, 1 or more. @default 64 */
  readonly batchSize?: number;
  /** What takes the steps. @default sharpness-aware momentum */
  readonly optimizer?: OptimizerOptions;
  /** Scale features to mean 0 and variance 1. @default true */
  readonly standardize?: boolean;
  /** What the loss of each class counts, above 0. @default 1 each */
  readonly classWeights?: VectorLike;
  /** Share of the samples that is held out, 0 to 0.9: the parameters that are best there are returned. @default 0 */
  readonly validation?: number;
  /** Epochs without a better validation loss after which to stop, 1 or more. @default Infinity */
  readonly patience?: number;
}

/** Those that may stay undefined. */
export type OpenTrainOptions = OpenSolveOptions | "convolution" | "classes" | "optimizer" | "classWeights";

/** What convolutions take. */
export const convolutionOptions: OptionTable<ConvolutionOptions> = {
  shape: required(list({
    least: 1,
    most: 65536,
    about:
      "Rows, columns and channels of an image; features are its pixels row by row, each with its channels together.",
  })),
  channels: required(list({
    least: 1,
    most: 65536,
    about: "Channels of each convolution: 3 x 3 pixels, then the means of 2 x 2.",
  })),
};

/** Table of the options of {@linkcode trainClassifier}. */
export const trainClassifierOptions: OptionTable<TrainClassifierOptions, OpenTrainOptions> = {
  hidden: list({
    least: 1,
    most: 65536,
    empty: true,
    default: [64],
    about: "Widths of the hidden layers; `[]` for none.",
  }),
  convolution: group<ConvolutionOptions>(convolutionOptions, {
    otherwise: "none",
    about: "Convolutions before them.",
  }),
  activation: choice(["tanh", "relu"], { default: "tanh", about: "What follows each of these layers." }),
  classes: integer({ least: 2, most: 65536, otherwise: "one more than the largest label", about: "Classes." }),
  epochs: integer({ least: 1, most: 1e9, default: 30, about: "Most passes over the samples." }),
  batchSize: integer({ least: 1, most: 1e9, default: 64, about: "Samples of a step." }),
  optimizer: group<OptimizerOptions, OpenOptimizerOptions>(optimizerOptions, {
    otherwise: "sharpness-aware momentum",
    about: "What takes the steps.",
  }),
  standardize: flag({ default: true, about: "Scale features to mean 0 and variance 1." }),
  classWeights: vector({
    least: 0,
    above: true,
    most: 1e6,
    otherwise: "1 each",
    about: "What the loss of each class counts.",
  }),
  validation: number({
    least: 0,
    most: 0.9,
    unit: "share",
    default: 0,
    about: "Share of the samples that is held out: the parameters that are best there are returned.",
  }),
  patience: integer({
    least: 1,
    most: 1e9,
    infinite: true,
    default: Infinity,
    about: "Epochs without a better validation loss after which to stop.",
  }),
  ...solveOptions,
};
