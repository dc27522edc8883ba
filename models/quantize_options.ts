/** The options of quantising a model. @module */

import { choice, number, type OptionTable, text } from "../solvers/core/options.ts";
import type { ProgressEvent } from "../solvers/core/result.ts";
import { solveOptions } from "../solvers/core/solve_options.ts";
import { quantizeLayerOptions, type QuantizeOptions } from "../solvers/quantization/options.ts";
import type { Bits } from "./bits.ts";
import { formatConstraints, type FormatName } from "./checkpoints/constraints.ts";
import type { Sequences } from "./sequences.ts";

/** How far the quantisation of a model is. */
export interface ModelProgress extends ProgressEvent {
  /** The layer in work, or finished last. */
  readonly layer?: string;
  /** Its relative error, once it is finished. */
  readonly relativeError?: number;
  /** Milliseconds that are left, by the work done so far. */
  readonly remainingMs?: number;
}

/** Options of {@linkcode quantizeModel} that its table holds. */
export interface ModelSettings extends Omit<QuantizeOptions, "bits" | "original" | "fixedGrid" | "onProgress"> {
  /** How far the target is from the output that the quantised layers before allow to that of the original model, 0 to 1. @default 0.5 */
  readonly originalShare?: number;
  /** Mean bits of a code over all weights, 2 to 8: each layer then gets 2, 3, 4 or 8. @default none */
  readonly averageBits?: number;
  /**
   * Format that the model will be saved in, whose {@linkcode CheckpointFormat.constraints} hold: scales are rounded as it
   * keeps them, and layers that it cannot hold keep their weights, which the report tells. @default none
   */
  readonly format?: FormatName;
  /** Wall-clock limit in milliseconds, >= 0; layers that it leaves over are rounded to nearest. @default Infinity */
  readonly timeLimitMs?: number;
  /** Folder that keeps finished blocks: the same call goes on from there. @default none */
  readonly resume?: string;
  /** Called now and then while the model is quantised. */
  readonly onProgress?: (event: ModelProgress) => void;
}

/** Options of {@linkcode quantizeModel}. */
export interface QuantizeModelOptions extends Omit<ModelSettings, "resume"> {
  /** What the model is run on, texts or tokens; each is one sequence, and cut at the context length. */
  readonly calibration: Sequences;
  /**
   * Bits of the codes, for all layers or by patterns of names, in which `*` stands for anything: the first that fits
   * counts, and layers that none fits keep their weights. @default 4
   */
  readonly bits?: Bits | Readonly<Record<string, Bits>>;
  /** Folder, or another place, that keeps finished blocks: the same call goes on from there. @default none */
  readonly resume?: string | ResumeStore;
}

/** Keeps files by name. */
export interface ResumeStore {
  /** Undefined where there is none. */
  read(name: string): Promise<Uint8Array | undefined>;
  /** Wholly or not at all, also where the process ends meanwhile. */
  write(name: string, bytes: Uint8Array): Promise<void>;
}

const { bits: _, original: __, fixedGrid: ___, ...ofLayers } = quantizeLayerOptions;

/** Settings that may stay undefined. */
export type OpenModelSettings =
  | "threads"
  | "signal"
  | "onProgress"
  | "initial"
  | "maxIterations"
  | "groupSize"
  | "grid"
  | "activationOrder"
  | "outliers"
  | "scalePrecision"
  | "averageBits"
  | "format"
  | "resume";

/** Table of the options of {@linkcode quantizeModel}, but for the calibration and the bits. */
export const quantizeModelOptions: OptionTable<ModelSettings, OpenModelSettings> = {
  ...ofLayers,
  originalShare: number({
    least: 0,
    most: 1,
    unit: "share",
    default: 0.5,
    about: "How far the target is on the way from what earlier layers allow to the output of the original model.",
  }),
  averageBits: number({
    least: 2,
    most: 8,
    unit: "bits",
    otherwise: "none",
    about: "Mean bits of a code; each layer gets those that what it does to the model makes worth their size.",
  }),
  format: choice(Object.keys(formatConstraints) as FormatName[], {
    otherwise: "none",
    about: "Format that the model will be saved in: scales and widths are then as it can hold them.",
  }),
  timeLimitMs: number({
    least: 0,
    most: 1e12,
    infinite: true,
    unit: "ms",
    default: Infinity,
    about: "Wall-clock limit; layers that it leaves over are rounded to nearest.",
  }),
  resume: text({ otherwise: "none", about: "Folder that keeps finished blocks: the same call goes on from there." }),
  onProgress: solveOptions.onProgress,
};
