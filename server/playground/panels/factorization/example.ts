import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** Bands of the spectra, and centres and widths of the peaks of each substance. */
const bands = 48;
const substances = [
  { name: "clay", peaks: [[8, 5], [30, 4]] },
  { name: "leaf", peaks: [[18, 3], [40, 6]] },
  { name: "water", peaks: [[3, 4]] },
] as const;

/** Spectra of places that are mixtures of three substances, with a little noise; a few are pure. */
export function mixedSpectra(options: Values): TableContent {
  const { rows = 300, seed = 1 } = options as { rows?: number; seed?: number }, random = createRandom(seed);
  const pure = substances.map(({ peaks }) =>
    Float64Array.from({ length: bands }, (_, j) => {
      const height = peaks.reduce((sum, [centre, width]) => sum + Math.exp(-(((j - centre) / width) ** 2)), 0);
      return height < 0.02 ? 0 : height;
    })
  );
  const columns = Array.from({ length: bands }, () => new Float64Array(rows)), mostly: string[] = [];
  for (let i = 0; i < rows; i++) {
    const shares = pure.map((_, t) => i < 3 ? Number(t === i) : -Math.log(1 - random.uniform()));
    const sum = shares.reduce((total, share) => total + share, 0);
    columns.forEach((column, j) => {
      const value = shares.reduce((total, share, t) => total + share / sum * pure[t][j], 0);
      column[i] = Math.max(0, value + 0.01 * random.normal());
    });
    mostly.push(substances[shares.indexOf(Math.max(...shares))].name);
  }
  return tableOf([["mostly", mostly], ...columns.map((column, j): Column => [`band ${j + 1}`, column])]);
}
