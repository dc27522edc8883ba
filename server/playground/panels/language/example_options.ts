import { integer, type OptionTable } from "../../../../solvers/core/options.ts";

/** What of the example can be set. */
export interface ExampleModelOptions {
  readonly hidden?: number;
  readonly blocks?: number;
  readonly seed?: number;
}

/** Their table. */
export const exampleOptions: OptionTable<ExampleModelOptions> = {
  hidden: integer({ least: 32, most: 512, default: 64, about: "Width of the activations; a multiple of 32 is used." }),
  blocks: integer({ least: 1, most: 24, default: 3, about: "Blocks of attention and feed-forward layers." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};
