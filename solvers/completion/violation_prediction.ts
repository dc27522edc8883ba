import type { Matrix } from "../core/matrix.ts";
import type { Observations } from "../core/observations.ts";
import type { IndicesLike } from "../core/options.ts";
import { foldLevels, newLevels } from "./fold_levels.ts";
import { endsOf } from "./levels.ts";
import { type LowRankModel, predictEntries } from "./prediction.ts";
import { violationOf } from "./violation.ts";

/** What a completion by violations says of some entries. */
export interface ViolationPredictions {
  /** Values, in the units of the boundaries. */
  readonly values: Float64Array;
  /** The level that each lies in. */
  readonly levels: Uint32Array;
}

/** Values, and the levels that they lie in. */
export function levelsOf(values: Float64Array, boundaries: Float64Array): ViolationPredictions {
  const levels = Uint32Array.from(values, (value) => {
    let level = 0;
    while (level < boundaries.length && value > boundaries[level]) level++;
    return level;
  });
  return { values, levels };
}

/** Least spread of a coordinate, as a share of the largest, that new rows may have. */
const leastSpread = 1e-12;

/** New rows of a completion by violations. */
export interface FoldedViolations {
  /** Factors of the new rows [new rows, rank]. */
  readonly left: Matrix;
  /** What each row adds to the mean; where the matrix has offsets. */
  readonly rowOffsets?: Float64Array;
  /** Entries of the new rows. */
  predict(rows: IndicesLike, columns: IndicesLike): ViolationPredictions;
}

/**
 * New rows: half the squares of their violations, and a ridge as it follows from the fit: coordinates as large as those of
 * its rows, violations as large as its own.
 */
export function foldViolations(
  model: LowRankModel & { readonly boundaries: Float64Array; readonly violation: number },
  newRows: Observations,
): FoldedViolations {
  const { left, right, offsets, boundaries, violation } = model, [height, rank] = left.shape;
  const { lower, upper } = endsOf(boundaries), columns = right.shape[0];
  const data = newLevels(newRows, boundaries.length + 1, columns);
  const spread = (k: number) => {
    let sum = 0;
    for (let at = k; at < left.data.length; at += rank) sum += left.data[at] ** 2;
    return sum / height;
  };
  const spreads = Float64Array.from({ length: rank }, (_, k) => spread(k)), most = Math.max(0, ...spreads);
  const ofOffsets = offsets ? offsets.rows.reduce((sum, value) => sum + value * value, 0) / height : 0;
  const size = Math.max(Math.abs(boundaries[0]), Math.abs(boundaries.at(-1)!), Number.MIN_VALUE);
  const variance = Math.max(violation, 1e-4 * size) ** 2;
  const { left: rows, rowOffsets } = foldLevels({
    right,
    base: Float64Array.from({ length: columns }, (_, j) => offsets ? offsets.mean + offsets.columns[j] : 0),
    prices: spreads.map((value) => value > leastSpread * most ? variance / value : Infinity),
    ...(ofOffsets > 0 && { offsetPrice: variance / ofOffsets }),
    loss(level, latent) {
      const gradient = violationOf(lower[level], upper[level], latent);
      return { loss: gradient * gradient / 2, gradient, hessian: gradient === 0 ? 0 : 1 };
    },
  }, data);
  const own = offsets && { ...offsets, rows: rowOffsets ?? new Float64Array(data.shape[0]) };
  const folded: LowRankModel = { left: rows, right, ...(own && { offsets: own }) };
  return {
    left: rows,
    ...(own && { rowOffsets: own.rows }),
    predict: (rows, columns) => levelsOf(predictEntries(folded, rows, columns), boundaries),
  };
}
