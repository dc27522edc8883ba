import { binLoss } from "../../kernels/contract/completion/link.ts";
import type { Matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import type { IndicesLike } from "../core/options.ts";
import type { Penalties } from "./factored_likelihood.ts";
import { foldLevels, newLevels } from "./fold_levels.ts";
import { endsOf } from "./levels.ts";
import { type LevelPredictions, predictQuantized, type QuantizedModel } from "./quantized_prediction.ts";

/** New rows of a quantized completion. */
export interface FoldedLevels {
  /** Factors of the new rows [new rows, rank]. */
  readonly left: Matrix;
  /** One a row; none where the fit has none. */
  readonly rowOffsets?: Float64Array;
  /** Latent values, levels, expected levels and probabilities of entries of the new rows. */
  predict(rows: IndicesLike, columns: IndicesLike): LevelPredictions;
}

/**
 * New rows at the optimum of the objective while the factors of the columns stay: the loss of each row, and `lambda / 2`
 * times the squares of its factor, which the trace norm is for balanced factors. A row of the fit comes out as it was.
 */
export function foldQuantized(model: QuantizedModel, penalties: Penalties, newRows: Observations): FoldedLevels {
  const { right, columnOffsets, boundaries, link } = model, { lower, upper } = endsOf(boundaries);
  const [columns, rank] = right.shape, data = newLevels(newRows, lower.length, columns);
  const folded = foldLevels({
    right,
    base: columnOffsets ?? new Float64Array(columns),
    prices: new Float64Array(rank).fill(penalties.lambda),
    ...(penalties.offsets && { offsetPrice: penalties.offsetPenalty }),
    loss: (level, latent) => binLoss(link, lower[level], upper[level], latent),
  }, data);
  const own: QuantizedModel = { ...model, left: folded.left, rowOffsets: folded.rowOffsets };
  return { ...folded, predict: (rows, columns) => predictQuantized(own, rows, columns) };
}
