import { integer, number } from "../../../../solvers/core/options.ts";
import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** What can be set of the example. */
export const exampleOptions = {
  rows: integer({ least: 8, most: 2000, default: 60, about: "Rows of the table." }),
  columns: integer({ least: 5, most: 200, default: 30, about: "Columns of the table." }),
  rank: integer({ least: 1, most: 20, default: 2, about: "Factors that the values follow." }),
  missing: number({ least: 0, most: 0.95, unit: "share", default: 0.5, about: "Values that are missing." }),
  noise: number({ least: 0, most: 10, default: 0.1, about: "Standard deviation of noise, factors being of size 1." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};

/** A product of random factors, with noise and blanks. */
export function factorsWithBlanks(options: Values): TableContent {
  const given = options as Record<string, number | undefined>;
  const { rows = 60, columns = 30, rank = 2, missing = 0.5, noise = 0.1, seed = 1 } = given;
  const random = createRandom(seed);
  const left = Float64Array.from({ length: rows * rank }, random.normal);
  const names = Array.from({ length: columns }, (_, j) => `x${j + 1}`);
  return tableOf(names.map((name): Column => {
    const right = Array.from({ length: rank }, random.normal);
    const values = Float64Array.from({ length: rows }, (_, i) => {
      const value = right.reduce((sum, factor, k) => sum + factor * left[i * rank + k], noise * random.normal());
      return random.uniform() < missing ? NaN : value;
    });
    return [name, values];
  }));
}
