import { integer, number } from "../../../../solvers/core/options.ts";
import { createRandom } from "../../../../solvers/core/random.ts";
import { type Column, type TableContent, tableOf } from "../../contents/table.ts";
import type { Values } from "../../panel.ts";

/** What can be set of the example. */
export const digitsOptions = {
  rows: integer({ least: 40, most: 5000, default: 1200, about: "Images." }),
  blur: number({ least: 0, most: 3, default: 0.2, about: "Standard deviation of the noise of a pixel; ink is 1." }),
  mislabelled: number({ least: 0, most: 0.9, unit: "share", default: 0.1, about: "Labels that are drawn at random." }),
  seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
};

/** Rows of 5 pixels from the top, as a hexadecimal number of two digits each. */
const glyphs = [
  "0e11131519110e",
  "040c040404040e",
  "0e11010204081f",
  "1f02040201110e",
  "02060a121f0202",
  "1f101e0101110e",
  "0608101e11110e",
  "1f010204080808",
  "0e11110e11110e",
  "0e11110f01020c",
];

/** Side of an image. */
const side = 8;

/** Digits of 5 x 7 pixels somewhere in 8 x 8, of uneven ink, with noise, and labels of which some are wrong. */
export function smallDigits(options: Values): TableContent {
  const { rows = 1200, blur = 0.2, mislabelled = 0.1, seed = 1 } = options as Record<string, number | undefined>;
  const random = createRandom(seed), labels = new Float64Array(rows);
  const pixels = Array.from({ length: side * side }, () => new Float64Array(rows));
  for (let i = 0; i < rows; i++) {
    const digit = random.integer(10), right = 1 + random.integer(2), down = random.integer(2);
    const ink = 0.6 + 0.6 * random.uniform();
    pixels.forEach((column) => column[i] = blur * random.normal());
    for (let v = 0; v < 7; v++) {
      const bits = parseInt(glyphs[digit].slice(2 * v, 2 * v + 2), 16);
      for (let u = 0; u < 5; u++) if (bits >> (4 - u) & 1) pixels[(v + down) * side + u + right][i] += ink;
    }
    labels[i] = random.uniform() < mislabelled ? random.integer(10) : digit;
  }
  return tableOf([["label", labels], ...pixels.map((column, k): Column => [`pixel ${k + 1}`, column])]);
}
