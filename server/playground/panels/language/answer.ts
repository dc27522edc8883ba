import type { DrawnLayer } from "../../../../pictures/mod.ts";
import type { Status } from "../../../../solvers/core/result.ts";

/** What has been found of a model so far. */
export interface LanguageAnswer {
  readonly family: string;
  readonly parameters: number;
  /** Layers that are quantised, and how many there will be. */
  readonly layers: readonly DrawnLayer[];
  readonly layerCount: number;
  /** Whether the texts are the model's own. */
  readonly ownTexts: boolean;
  /** Of the held-out text. */
  readonly perplexity?: { readonly before: number; readonly after?: number; readonly tokens: number };
  /** Of the whole, once it is done. */
  readonly whole?: {
    readonly status: Status;
    readonly meanRelativeError: number;
    readonly averageBits: number;
    readonly bytes: number;
    readonly bytesBefore: number;
    readonly calibrationTokens: number;
    readonly resumedBlocks: number;
    readonly elapsedMs: number;
  };
  /** What it writes, before and after. */
  readonly sample?: { readonly prompt: string; readonly before: string; readonly after: string };
  /** Names of the files that it was saved as. */
  readonly files?: readonly string[];
}
