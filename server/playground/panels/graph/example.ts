import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** Variables of which each depends on one or two before it, and on nothing else directly. */
export function hiddenGraph(options: Values): TableContent {
  const { rows = 400, variables = 24, seed = 1 } = options as { rows?: number; variables?: number; seed?: number };
  const random = createRandom(seed);
  const columns = Array.from({ length: variables }, () => new Float64Array(rows));
  columns.forEach((column, j) => {
    const parents = j === 0 ? [] : [random.integer(j), ...random.uniform() < 0.25 ? [random.integer(j)] : []];
    const weights = parents.map(() => (random.uniform() < 0.3 ? -1 : 1) * (0.5 + 0.4 * random.uniform()));
    for (let i = 0; i < rows; i++) {
      column[i] = random.normal();
      parents.forEach((parent, k) => column[i] += weights[k] * columns[parent][i]);
    }
  });
  return tableOf(columns.map((column, j): Column => [`v${j + 1}`, column]));
}
