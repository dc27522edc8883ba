import { integer, number } from "../../../../solvers/core/options.ts";
import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** What can be set of the example. */
export const exampleOptions = {
  items: integer({ least: 10, most: 2000, default: 150, about: "Rows of the table." }),
  features: integer({ least: 2, most: 200, default: 20, about: "Columns of features." }),
  labels: integer({ least: 1, most: 20, default: 4, about: "Columns of labels, 0 or 1." }),
  known: number({ least: 0.05, most: 1, unit: "share", default: 0.5, about: "Features and labels that are known." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};

/** Factors of the features, whose signs the labels follow. */
const rank = 3;

/** Features and labels that follow from three factors, with noise and blanks. */
export function partlyKnown(options: Values): TableContent {
  const given = options as Record<string, number | undefined>;
  const { items = 150, features = 20, labels = 4, known = 0.5, seed = 1 } = given, random = createRandom(seed);
  const factors = Float64Array.from({ length: items * rank }, random.normal);
  const column = (name: string, valueOf: (x: number) => number, offset: number): Column => {
    const weights = Array.from({ length: rank }, random.normal);
    const values = Float64Array.from({ length: items }, (_, i) => {
      const x = weights.reduce(
        (sum, weight, k) => sum + weight * factors[i * rank + k],
        offset + 0.3 * random.normal(),
      );
      return random.uniform() < known ? valueOf(x) : NaN;
    });
    return [name, values];
  };
  return tableOf([
    ...Array.from({ length: features }, (_, j) => column(`x${j + 1}`, (x) => x, 0)),
    ...Array.from({ length: labels }, (_, l) => column(`label ${l + 1}`, (x) => Number(x > 0), random.normal() / 2)),
  ]);
}
