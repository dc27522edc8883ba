/** What fits say of held-out levels. @module */

import { binLoss } from "../../kernels/contract/completion/link.ts";
import type { Matrix } from "../core/matrix.ts";
import { endsOf, type Levels } from "./levels.ts";
import { predictQuantized, type QuantizedModel } from "./quantized_prediction.ts";

/** What a fit says of each held-out level. */
export interface HeldLosses {
  /** `-log P` of each. */
  readonly losses: Float64Array;
  /** [entries, levels]. */
  readonly probabilities: Matrix;
}

/** `-log P` of held-out levels, and what is predicted of them. */
export function heldLosses(model: QuantizedModel, { rows, columns, levels }: Levels) {
  const { lower, upper } = endsOf(model.boundaries), predicted = predictQuantized(model, rows, columns);
  const loss = (x: number, k: number) => binLoss(model.link, lower[levels[k]], upper[levels[k]], x).loss;
  return { ...predicted, losses: predicted.latent.map(loss) };
}

/**
 * The mean of `-log P` of held-out levels, and the root mean square difference between them and what is expected; NaN
 * where none are held out.
 */
export function judgeHeld(
  model: QuantizedModel,
  held: Levels | undefined,
): { readonly loss: number; readonly error: number; readonly onHeld?: HeldLosses } {
  if (!held) return { loss: NaN, error: NaN };
  const { levels, weights } = held, { expected, probabilities, losses } = heldLosses(model, held);
  let loss = 0, squares = 0, total = 0;
  levels.forEach((level, k) => {
    const weight = weights ? weights[k] : 1;
    loss += weight * losses[k];
    squares += weight * (expected[k] - level) ** 2;
    total += weight;
  });
  return { loss: loss / total, error: Math.sqrt(squares / total), onHeld: { losses, probabilities } };
}

/** Whether the mean of some losses is above that of others at the same entries by so many standard errors of the difference. */
export function exceed(
  losses: ArrayLike<number>,
  others: ArrayLike<number>,
  errors: number,
  weights?: Float64Array,
): boolean {
  let sum = 0, squares = 0, total = 0;
  const difference = (k: number) => losses[k] - others[k];
  for (let k = 0; k < losses.length; k++) {
    const weight = weights ? weights[k] : 1;
    sum += weight * difference(k);
    total += weight;
  }
  const mean = sum / total;
  for (let k = 0; k < losses.length; k++) squares += ((weights ? weights[k] : 1) * (difference(k) - mean)) ** 2;
  return mean > errors * Math.sqrt(squares) / total;
}
