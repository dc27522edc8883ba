/** Layers whose inputs have moved from those in the original model, as they do when the layers before are quantised. */

import { type Matrix, matrix, type OriginalOptions } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import type { MadeLayer } from "./layers.ts";

/** A layer, its inputs in both models [tokens, inputs], and what is known of them. */
export interface MovedLayer extends MadeLayer {
  /** Inputs in the original model. */
  readonly before: Matrix;
  /** Inputs in the quantised one, of which `gram` is. */
  readonly after: Matrix;
  readonly original: Required<OriginalOptions>;
}

/** Shape and nature of a {@linkcode makeMovedLayer}. */
export interface MovedRecipe {
  readonly rows: number;
  readonly columns: number;
  readonly seed: number;
  /** @default 8 a column */
  readonly tokens?: number;
  /** How far inputs move, as a share of their size. @default 0.2 */
  readonly distance?: number;
  /** @default 1 */
  readonly share?: number;
  /** @default "f64" */
  readonly dtype?: "f32" | "f64";
}

/** Correlated inputs with a few large channels; they move by a mixture of themselves, a shift of each, and noise. */
export function makeMovedLayer(recipe: MovedRecipe): MovedLayer {
  const { rows, columns, seed, tokens = 8 * columns, distance = 0.2, share = 1, dtype = "f64" } = recipe;
  const random = createRandom(seed), { normal } = random;
  const mixing = Float64Array.from({ length: columns * columns }, normal);
  const moving = Float64Array.from({ length: columns * columns }, normal);
  const channel = Float64Array.from({ length: columns }, () => Math.exp(0.5 * normal()));
  channel[random.integer(columns)] *= 8;
  const shift = Float64Array.from({ length: columns }, normal);
  const before = matrix(tokens, columns), after = matrix(tokens, columns), latent = new Float64Array(columns);
  for (let t = 0, at = 0; t < tokens; t++) {
    for (let k = 0; k < columns; k++) latent[k] = normal() / Math.sqrt(k + 1);
    for (let j = 0; j < columns; j++, at++) {
      let sum = 0, moved = shift[j] + normal();
      for (let k = 0; k < columns; k++) {
        sum += latent[k] * mixing[k * columns + j];
        moved += latent[k] * moving[k * columns + j] / 2;
      }
      before.data[at] = sum * channel[j];
      after.data[at] = (sum + distance * moved) * channel[j];
    }
  }
  const weights = Float64Array.from({ length: rows * columns }, normal);
  return {
    weights: matrix(rows, columns, dtype === "f32" ? Float32Array.from(weights) : weights),
    gram: products(after, after),
    before,
    after,
    original: { cross: products(before, after), gram: products(before, before), share },
  };
}

/** `A^T B` of two matrices with as many rows. */
export function products(a: Matrix, b: Matrix): Matrix {
  const [rows, columns] = a.shape, width = b.shape[1], result = matrix(columns, width);
  for (let t = 0; t < rows; t++) {
    for (let j = 0; j < columns; j++) {
      for (let k = 0; k < width; k++) result.data[j * width + k] += a.data[t * columns + j] * b.data[t * width + k];
    }
  }
  return result;
}

/** `||w X_a - what X~||^2` of each row, and `||w X_a||^2`, from the inputs themselves. */
export function movedLosses(layer: MovedLayer, quantised: Matrix): { losses: number[]; norms: number[] } {
  const { weights, before, after, original: { share } } = layer, [rows, columns] = weights.shape;
  const [tokens] = after.shape, losses = new Array<number>(rows).fill(0), norms = new Array<number>(rows).fill(0);
  for (let t = 0; t < tokens; t++) {
    for (let i = 0; i < rows; i++) {
      let target = 0, output = 0;
      for (let j = 0; j < columns; j++) {
        const x = after.data[t * columns + j];
        target += weights.data[i * columns + j] * (x + share * (before.data[t * columns + j] - x));
        output += quantised.data[i * columns + j] * x;
      }
      losses[i] += (target - output) ** 2;
      norms[i] += target ** 2;
    }
  }
  return { losses, norms };
}
