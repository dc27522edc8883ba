import {
  type ModelSettings,
  type OpenModelSettings,
  quantizeModelOptions,
} from "../../../../models/quantize_options.ts";
import { choice, integer, type OptionTable, text } from "../../../../solvers/core/options.ts";

/** What the panel asks besides the options of `quantizeModel`. */
export interface LanguageOptions extends Omit<ModelSettings, "resume"> {
  readonly bits?: 2 | 3 | 4 | 8;
  readonly lines?: number;
  readonly prompt?: string;
  readonly tokens?: number;
}

const { resume: _, format, ...settings } = quantizeModelOptions;

/** Their table. */
export const languageOptions: OptionTable<
  LanguageOptions,
  Exclude<OpenModelSettings, "resume" | "format"> | "bits"
> = {
  ...settings,
  bits: choice([2, 3, 4, 8], { otherwise: "4, or what the average asks for", about: "Bits of a code, of all layers." }),
  format: choice(format.values, { default: "onnx", about: "What the model is saved as." }),
  lines: integer({ least: 1, most: 100_000, default: 64, about: "Most lines that are used of each text." }),
  prompt: text({ default: "Once upon a time", about: "What the model goes on writing from, before and after." }),
  tokens: integer({ least: 0, most: 1000, default: 48, about: "Tokens that it writes." }),
};
