import type { ModelReport } from "../../../../models/mod.ts";
import type { DrawnLayer } from "../../../../pictures/mod.ts";

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
  readonly whole?: ModelReport;
  /** What it writes, before and after. */
  readonly sample?: { readonly prompt: string; readonly before: string; readonly after: string };
  /** Names of the files that it was saved as. */
  readonly files?: readonly string[];
}
