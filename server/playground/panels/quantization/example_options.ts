import { integer, type OptionTable } from "../../../../solvers/core/options.ts";

/** What of the example can be set. */
export interface ExampleLayerOptions {
  readonly outputs?: number;
  readonly inputs?: number;
  readonly seed?: number;
}

/** Their table. */
export const exampleOptions: OptionTable<ExampleLayerOptions> = {
  outputs: integer({ least: 1, most: 4096, default: 256, about: "Rows of the weights." }),
  inputs: integer({ least: 2, most: 2048, default: 256, about: "Columns of the weights." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};
