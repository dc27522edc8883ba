import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** Features of which neighbours have the correlation 0.8, and a response of five of them and noise of half its variance. */
export function correlatedFeatures(options: Values): TableContent {
  const { rows = 200, features = 40, seed = 1 } = options as { rows?: number; features?: number; seed?: number };
  const random = createRandom(seed), share = 0.8;
  const columns = Array.from({ length: features }, () => new Float64Array(rows)), y = new Float64Array(rows);
  for (let i = 0; i < rows; i++) {
    let previous = random.normal();
    for (const column of columns) {
      column[i] = previous;
      previous = share * previous + Math.sqrt(1 - share ** 2) * random.normal();
    }
  }
  const signs = [3, -2, 2, -1.5, 1];
  signs.forEach((value, k) => {
    const column = columns[Math.floor((k + 0.5) * features / signs.length)];
    column.forEach((x, i) => y[i] += value * x);
  });
  const deviation = Math.sqrt(y.reduce((sum, value) => sum + value ** 2, 0) / rows);
  y.forEach((_, i) => y[i] += deviation * random.normal());
  return tableOf([["y", y], ...columns.map((column, j): Column => [`x${j + 1}`, column])]);
}
