import { integer, number } from "../../../../solvers/core/options.ts";
import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** What can be set of the example. */
export const exampleOptions = {
  people: integer({ least: 10, most: 1000, default: 80, about: "Rows of the table: people who rate." }),
  films: integer({ least: 5, most: 200, default: 40, about: "Columns of the table: what they rate." }),
  tastes: integer({
    least: 1,
    most: 10,
    default: 2,
    about: "Factors that ratings follow beside what people and films have.",
  }),
  missing: number({ least: 0, most: 0.95, unit: "share", default: 0.5, about: "Ratings that are missing." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};

/** Latent values at which a rating of one more star begins. */
const cuts = [-3, -1, 0.5, 2.5];

/** Ratings of one to five stars with logistic noise, of which some are missing. */
export function starsWithBlanks(options: Values): TableContent {
  const given = options as Record<string, number | undefined>;
  const { people = 80, films = 40, tastes = 2, missing = 0.5, seed = 1 } = given, random = createRandom(seed);
  const draw = (count: number) => Float64Array.from({ length: count }, random.normal);
  const left = draw(people * tastes), own = draw(people);
  return tableOf(Array.from({ length: films }, (_, j): Column => {
    const right = draw(tastes), other = random.normal();
    const values = Float64Array.from({ length: people }, (_, i) => {
      const u = random.uniform(), noise = Math.log(u / (1 - u));
      const x = right.reduce((sum, factor, k) => sum + factor * left[i * tastes + k], own[i] + other + noise);
      return random.uniform() < missing ? NaN : 1 + cuts.filter((cut) => x > cut).length;
    });
    return [`film ${j + 1}`, values];
  }));
}
