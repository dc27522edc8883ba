/** The options of optimisers: what they mean in the interfaces, what they take in the tables. @module */

import {
  callback,
  choice,
  flag,
  group,
  indices,
  integer,
  number,
  type OptionTable,
  required,
} from "../core/options.ts";
import type { IndicesLike, Resolved } from "../core/options.ts";
import type { Vector } from "../core/matrix.ts";
import { OptionError } from "../core/errors.ts";
import { resolveOptions } from "../core/resolve_options.ts";

/** The optimiser that takes the gradient at the perturbed parameters. */
export interface BaseOptions {
  /** Momentum, or AdamW. @default "sgd" */
  readonly kind?: "sgd" | "adamw";
  /** Length of a step, as a factor of the gradient, above 0. @default 0.1 for sgd, 0.001 for adamw */
  readonly learningRate?: number;
  /** Share of the last step that is kept, 0 to below 1; for sgd. @default 0.9 */
  readonly momentum?: number;
  /** Nesterov's momentum; for sgd. @default false */
  readonly nesterov?: boolean;
  /** Factor of the parameters that is taken from them, >= 0: within the gradient for sgd, beside it for adamw. @default 0 */
  readonly weightDecay?: number;
  /** Decay of the mean gradient, 0 to below 1; for adamw. @default 0.9 */
  readonly beta1?: number;
  /** Decay of the mean squared gradient, 0 to below 1; for adamw. @default 0.999 */
  readonly beta2?: number;
  /** Added to the root of that, above 0; for adamw. @default 1e-8 */
  readonly epsilon?: number;
}

/** How the learning rate changes from step to step. */
export interface ScheduleOptions {
  /** Constant, down to 0 along half a cosine, or by a factor now and then. @default "constant" */
  readonly kind?: "constant" | "cosine" | "step";
  /** Steps until a cosine reaches 0, 1 or more. @default those of the training, where they are known */
  readonly steps?: number;
  /** Steps in which the rate rises in equal parts, 0 or more. @default 0 */
  readonly warmUp?: number;
  /** Steps between two reductions of the kind "step", 1 or more. @default 1000 */
  readonly every?: number;
  /** What a reduction multiplies the rate by, above 0, at most 1. @default 0.1 */
  readonly factor?: number;
}

/** Perturbations scaled by the parameters. */
export interface AdaptiveOptions {
  /** Added to the magnitude of each parameter, >= 0. @default 0.01 */
  readonly eta?: number;
  /** Segments that are scaled, such as weights without biases. @default all */
  readonly segments?: IndicesLike;
}

/** What an optimiser does with gradients. */
export interface OptimizerOptions {
  /** Length of the perturbation, >= 0; with 0 the base optimiser alone is left. @default 0.05 */
  readonly rho?: number;
  /** Parts of a batch, each perturbed by itself, 1 or more; at most one a sample. @default 1 */
  readonly microBatches?: number;
  /** Samples of such a part, in place of their number. @default none */
  readonly microBatchSize?: number;
  /** Over what the norm of the gradient is taken: all parameters, each segment, or nothing. @default "global" */
  readonly norm?: "global" | "per-tensor" | "none";
  /** Perturb in proportion to the parameters. @default not */
  readonly adaptive?: AdaptiveOptions;
  /** Steps of a perturbation, 1 or more, each of an equal share of `rho`. @default 1 */
  readonly ascentSteps?: number;
  /**
   * Perturb toward a higher loss with the penalty of the weight decay, `weightDecay ||w||^2 / 2`, as where it is part of
   * the loss; for sgd. @default false
   */
  readonly decayInPerturbation?: boolean;
  /** Added to the norm that is divided by, >= 0. @default 1e-12 */
  readonly epsilon?: number;
  /** What takes the gradient. @default momentum */
  readonly base?: BaseOptions;
  /** Largest norm of the gradient that the base is given, above 0. @default Infinity */
  readonly clip?: number;
  /** Course of the learning rate. @default constant */
  readonly schedule?: ScheduleOptions;
}

/** The gradient of the mean loss of some samples. */
export type GradientFunction = (
  parameters: Vector,
  batch: Uint32Array | null,
  out: Vector,
) => number | Promise<number>;

/** Options of {@linkcode sam}, but for `adaptive: false`. */
export interface SamTable extends OptimizerOptions {
  /**
   * Writes the gradient of the mean loss over the samples of `batch` to `out`, which it overwrites, and returns that loss,
   * at once or by a promise. The arrays are used again: nothing is to be kept of them.
   */
  readonly gradient: GradientFunction;
  /** Where each segment (tensor) of the parameters begins: 0 first. @default one segment */
  readonly segments?: IndicesLike;
  /** Where the vectors are worked on. @default "auto" */
  readonly backend?: "auto" | "reference" | "wasm";
}

/** Those that may stay undefined. */
export type OpenOptimizerOptions = "microBatchSize" | "adaptive" | "base" | "schedule";

const baseOptions: OptionTable<BaseOptions, "learningRate"> = {
  kind: choice(["sgd", "adamw"], { default: "sgd", about: "Momentum, or AdamW." }),
  learningRate: number({
    least: 0,
    above: true,
    most: 1e10,
    otherwise: "0.1 for sgd, 0.001 for adamw",
    about: "Length of a step, as a factor of the gradient.",
  }),
  momentum: number({ least: 0, most: 0.999999, default: 0.9, about: "Share of the last step that is kept; for sgd." }),
  nesterov: flag({ default: false, about: "Nesterov's momentum; for sgd." }),
  weightDecay: number({
    least: 0,
    most: 1e6,
    default: 0,
    about: "Factor of the parameters that is taken from them: within the gradient for sgd, beside it for adamw.",
  }),
  beta1: number({ least: 0, most: 0.999999, default: 0.9, about: "Decay of the mean gradient; for adamw." }),
  beta2: number({ least: 0, most: 0.999999, default: 0.999, about: "Decay of the mean squared gradient; for adamw." }),
  epsilon: number({ least: 0, above: true, most: 1, default: 1e-8, about: "Added to the root of that; for adamw." }),
};

const scheduleOptions: OptionTable<ScheduleOptions, "steps"> = {
  kind: choice(["constant", "cosine", "step"], {
    default: "constant",
    about: "Constant, down to 0 along half a cosine, or by a factor now and then.",
  }),
  steps: integer({
    least: 1,
    most: 1e12,
    otherwise: "those of the training, where they are known",
    about: "Steps until a cosine reaches 0.",
  }),
  warmUp: integer({ least: 0, most: 1e12, default: 0, about: "Steps in which the rate rises in equal parts." }),
  every: integer({ least: 1, most: 1e12, default: 1000, about: 'Steps between two reductions of the kind "step".' }),
  factor: number({ least: 0, above: true, most: 1, default: 0.1, about: "What a reduction multiplies the rate by." }),
};

const adaptiveOptions: OptionTable<AdaptiveOptions, "segments"> = {
  eta: number({ least: 0, most: 1e6, default: 0.01, about: "Added to the magnitude of each parameter." }),
  segments: indices({ otherwise: "all", about: "Segments that are scaled, such as weights without biases." }),
};

/** Table of the options of an optimiser. */
export const optimizerOptions: OptionTable<OptimizerOptions, OpenOptimizerOptions> = {
  rho: number({
    least: 0,
    most: 1e6,
    default: 0.05,
    about: "Length of the perturbation; with 0 the base optimiser alone is left.",
  }),
  microBatches: integer({
    least: 1,
    most: 1e6,
    default: 1,
    about: "Parts of a batch, each perturbed by itself; at most one a sample.",
  }),
  microBatchSize: integer({
    least: 1,
    most: 1e9,
    otherwise: "none",
    about: "Samples of such a part, in place of their number.",
  }),
  norm: choice(["global", "per-tensor", "none"], {
    default: "global",
    about: "Over what the norm of the gradient is taken: all parameters, each segment, or nothing.",
  }),
  adaptive: group<AdaptiveOptions, "segments">(adaptiveOptions, {
    otherwise: "not",
    about: "Perturb in proportion to the parameters.",
  }),
  ascentSteps: integer({
    least: 1,
    most: 1000,
    default: 1,
    about: "Steps of a perturbation, each of an equal share of `rho`.",
  }),
  decayInPerturbation: flag({
    default: false,
    about:
      "Perturb toward a higher loss with the penalty of the weight decay, as where it is part of the loss; for sgd.",
  }),
  epsilon: number({ least: 0, most: 1, default: 1e-12, about: "Added to the norm that is divided by." }),
  base: group<BaseOptions, "learningRate">(baseOptions, { otherwise: "momentum", about: "What takes the gradient." }),
  clip: number({
    least: 0,
    above: true,
    most: 1e30,
    infinite: true,
    default: Infinity,
    about: "Largest norm of the gradient that the base is given.",
  }),
  schedule: group<ScheduleOptions, "steps">(scheduleOptions, {
    otherwise: "constant",
    about: "Course of the learning rate.",
  }),
};

/** Table of the options of {@linkcode sam}. */
export const samOptions: OptionTable<SamTable, OpenOptimizerOptions | "segments"> = {
  gradient: required(callback("Writes the gradient of the mean loss of a batch, and returns that loss.")),
  ...optimizerOptions,
  segments: indices({
    otherwise: "one segment",
    about: "Where each segment (tensor) of the parameters begins: 0 first.",
  }),
  backend: choice(["auto", "reference", "wasm"], { default: "auto", about: "Where the vectors are worked on." }),
};

/** An optimiser with every default filled in. */
export interface ResolvedOptimizer
  extends Resolved<Omit<OptimizerOptions, "adaptive" | "base" | "schedule">, "microBatchSize"> {
  readonly adaptive?: Resolved<AdaptiveOptions, "segments">;
  readonly base: Required<BaseOptions>;
  readonly schedule: Resolved<ScheduleOptions, "steps">;
}

/** Fills in the defaults of the groups. */
export function resolveOptimizer(options: OptimizerOptions): ResolvedOptimizer {
  const { base, schedule, adaptive, ...rest } = resolveOptions(optimizerOptions, options, "an optimiser");
  const resolvedBase = resolveOptions(baseOptions, base ?? {}, "the base optimiser");
  if (adaptive && rest.ascentSteps > 1) {
    throw new OptionError(
      "adaptive",
      `Cannot use "adaptive" with "ascentSteps" ${rest.ascentSteps}: several ascents are drawn back to a ball of length ` +
        '"rho", which adaptive perturbations do not stay within; expected one of them.',
    );
  }
  if (rest.decayInPerturbation && resolvedBase.kind !== "sgd") {
    throw new OptionError(
      "decayInPerturbation",
      `Cannot use "decayInPerturbation" with the base "${resolvedBase.kind}", whose decay is no part of a loss: expected "sgd".`,
    );
  }
  return {
    ...rest,
    adaptive: adaptive && resolveOptions(adaptiveOptions, adaptive, "adaptive perturbations"),
    base: {
      ...resolvedBase,
      learningRate: resolvedBase.learningRate ?? (resolvedBase.kind === "sgd" ? 0.1 : 0.001),
    },
    schedule: resolveOptions(scheduleOptions, schedule ?? {}, "the schedule"),
  };
}
