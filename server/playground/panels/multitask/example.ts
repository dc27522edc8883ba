import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** Sites of few rows that have four features in common, one more each by chance, and coefficients of their own. */
export function similarSites(options: Values): TableContent {
  const { rows = 180, features = 30, seed = 1 } = options as { rows?: number; features?: number; seed?: number };
  const random = createRandom(seed), sites = 6;
  const shared = [1, 2, 3, 4].map((k) => Math.min(features - 1, Math.floor((k - 0.5) * features / 4)));
  const means = shared.map(() => (random.uniform() < 0.5 ? -1 : 1) * (1 + random.uniform()));
  const models = Array.from({ length: sites }, () => {
    const own = new Map(shared.map((feature, m) => [feature, means[m] + 0.3 * random.normal()]));
    own.set(random.integer(features), random.normal());
    return { own, intercept: random.normal() };
  });
  const columns = Array.from({ length: features }, () => new Float64Array(rows));
  const y = new Float64Array(rows), names: string[] = [];
  for (let i = 0; i < rows; i++) {
    const site = i % sites;
    names.push(`site ${site + 1}`);
    for (const column of columns) column[i] = random.normal();
    y[i] = models[site].intercept + random.normal();
    for (const [feature, value] of models[site].own) y[i] += value * columns[feature][i];
  }
  return tableOf([["y", y], ["site", names], ...columns.map((column, j): Column => [`x${j + 1}`, column])]);
}
