/** Made-up layers whose inputs have a decaying spectrum and a few outlying channels, as language models' have. */

import { type Matrix, matrix } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";

/** A layer to quantise. */
export interface MadeLayer {
  readonly weights: Matrix;
  readonly gram: Matrix;
}

/** Shape and nature of a {@linkcode makeLayer}. */
export interface LayerRecipe {
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
  /** Exponent of the spectrum's decay. @default 1 */
  readonly decay?: number;
  /** Channels ten times as large. @default 2 */
  readonly outlying?: number;
  /** @default "f64" */
  readonly dtype?: "f32" | "f64";
}

/** Heavy-tailed weights, and the Gram matrix of eight times as many inputs as columns. */
export function makeLayer({ rows, columns, seed, decay = 1, outlying = 2, dtype = "f64" }: LayerRecipe): MadeLayer {
  const random = createRandom(seed);
  const tokens = 8 * columns;
  const mixing = Float64Array.from({ length: columns * columns }, random.normal);
  const channel = Float64Array.from({ length: columns }, () => Math.exp(0.5 * random.normal()));
  for (let k = 0; k < Math.min(outlying, columns - 1); k++) channel[random.integer(columns)] *= 10;
  const gram = new Float64Array(columns * columns), latent = new Float64Array(columns), x = new Float64Array(columns);
  for (let t = 0; t < tokens; t++) {
    for (let k = 0; k < columns; k++) latent[k] = random.normal() * (k + 1) ** (-decay / 2);
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += latent[k] * mixing[k * columns + j];
      x[j] = sum * channel[j];
    }
    for (let i = 0; i < columns; i++) for (let j = 0; j < columns; j++) gram[i * columns + j] += x[i] * x[j];
  }
  const studentT = () =>
    random.normal() /
    Math.sqrt((random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2 + random.normal() ** 2) / 4);
  const weights = Float64Array.from({ length: rows * columns }, studentT);
  const data = dtype === "f32" ? Float32Array.from(weights) : weights;
  return { weights: matrix(rows, columns, data), gram: matrix(columns, columns, gram) };
}

/** `||(W - What) X||^2` by plain sums. */
export function lossOf({ weights, gram }: MadeLayer, quantised: Matrix): number {
  return rowLosses({ weights, gram }, quantised).reduce((sum, loss) => sum + loss, 0);
}

/** The loss of each row. */
export function rowLosses({ weights, gram }: MadeLayer, quantised: Matrix): number[] {
  const [rows, columns] = weights.shape;
  return Array.from({ length: rows }, (_, i) => {
    const error = Float64Array.from(
      { length: columns },
      (_, j) => weights.data[i * columns + j] - quantised.data[i * columns + j],
    );
    let loss = 0;
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < columns; k++) loss += error[j] * gram.data[j * columns + k] * error[k];
    }
    return loss;
  });
}
