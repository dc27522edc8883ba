import { checkKind, checkParts } from "../core/kinds.ts";
import { counted } from "../core/shown.ts";
import { binLoss } from "../../kernels/contract/completion/link.ts";
import { ShapeError } from "../core/errors.ts";
import { type Matrix, matrix } from "../core/matrix.ts";
import type { IndicesLike } from "../core/options.ts";
import { endsOf } from "./levels.ts";
import type { Link } from "./quantized_options.ts";

/** What predictions need of a fit. */
export interface QuantizedModel {
  /** `U` [rows, rank]. */
  readonly left: Matrix;
  /** `V` [columns, rank]. */
  readonly right: Matrix;
  /** One a row; none where they were not fitted. */
  readonly rowOffsets?: Float64Array;
  /** One a column; none where they were not fitted. */
  readonly columnOffsets?: Float64Array;
  /** Between levels, rising. */
  readonly boundaries: Float64Array;
  /** Distribution of the noise, of scale 1. */
  readonly link: Link;
}

/** What a fit says of some entries. */
export interface LevelPredictions {
  /** Latent values `u_i . v_j + r_i + c_j`. */
  readonly latent: Float64Array;
  /** The most probable level of each. */
  readonly levels: Uint32Array;
  /** The expected level of each. */
  readonly expected: Float64Array;
  /** Probability of each level [entries, levels]. */
  readonly probabilities: Matrix;
}

/**
 * Predicts levels from a fit of `completeQuantized`, or from its parts as they were stored.
 *
 * @param rows Row of each entry to predict.
 * @param columns Column of each.
 * @throws {ShapeError} when they differ in number, or are beyond the matrix
 */
export function predictQuantized(fit: QuantizedModel, rows: IndicesLike, columns: IndicesLike): LevelPredictions {
  const parts = { left: "matrix", right: "matrix", boundaries: "numbers", link: "text" } as const;
  checkParts("fit", fit, parts, "predict");
  checkKind("rows", rows, "numbers", "predict");
  checkKind("columns", columns, "numbers", "predict");
  const { left, right, rowOffsets, columnOffsets, boundaries, link } = fit, rank = left.shape[1];
  if (rows.length !== columns.length) {
    throw new ShapeError(
      "columns",
      `Cannot predict: "rows" has ${counted(rows.length, "element")}, but "columns" has ${columns.length}.`,
    );
  }
  const { lower, upper } = endsOf(boundaries), count = rows.length, levelCount = lower.length;
  const latent = new Float64Array(count), levels = new Uint32Array(count), expected = new Float64Array(count);
  const probabilities = matrix(count, levelCount);
  for (let k = 0; k < count; k++) {
    const i = rows[k], j = columns[k];
    checkIndex("rows", i, left.shape[0]);
    checkIndex("columns", j, right.shape[0]);
    let x = (rowOffsets ? rowOffsets[i] : 0) + (columnOffsets ? columnOffsets[j] : 0);
    for (let p = 0; p < rank; p++) x += left.data[i * rank + p] * right.data[j * rank + p];
    latent[k] = x;
    let most = 0;
    for (let level = 0; level < levelCount; level++) {
      const probability = Math.exp(-binLoss(link, lower[level], upper[level], x).loss);
      probabilities.data[k * levelCount + level] = probability;
      expected[k] += level * probability;
      if (probability > most) {
        most = probability;
        levels[k] = level;
      }
    }
  }
  return { latent, levels, expected, probabilities };
}

function checkIndex(argument: string, index: number, count: number): void {
  if (Number.isInteger(index) && index >= 0 && index < count) return;
  throw new ShapeError(argument, `Cannot predict: "${argument}" has ${index}; expected a whole number below ${count}.`);
}
