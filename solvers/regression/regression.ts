import { OptionError } from "../core/errors.ts";
import type { Matrix, SparseMatrix, VectorLike } from "../core/matrix.ts";
import { resolveOptions } from "../core/resolve_options.ts";
import type { SparseRegression } from "./answer.ts";
import { type SparseRegressionOptions, sparseRegressionOptions } from "./options.ts";
import { fitOnce } from "./session.ts";

/**
 * Best-subset regression: minimises `||y - b0 - X b||^2 / 2 + lambda0 ||b||_0 + lambda2 ||b||^2` over `|b_j| <= bigM` and
 * `lower_j <= b_j <= upper_j`, with `X` scaled to columns of mean square 1 unless `standardize` is false, and without `b0`
 * if `intercept` is. With `size` instead of `lambda0` it is the best subset of at most so many features. The coefficients
 * are the least-squares solution on their support, whatever the method.
 *
 * `coordinate-descent` finds a coordinate-wise minimum; `local-search` one that no feature more, less or in another's place
 * improves, all others fitted again; `exact` a solution with a certified gap by branch and bound. `auto` (the default)
 * searches from several starts, up to some hundred features also backward from all of them, and up to 60 features then
 * tries a certificate under a budget of nodes: its status is `converged` where the gap is proved, or where none was tried,
 * and `node-limit` where the budget has ended. One descent costs O(features x support) a sweep beside the Gram rows of the
 * features it touches, O(samples x features) each, a look at all moves O(support^2 features); the certificate may take
 * exponentially many nodes.
 *
 * @param X Samples as rows [samples, features], dense or sparse.
 * @param y One response a sample.
 * @throws {ShapeError} when `X` is empty or `y` has another number of samples
 * @throws {DataError} for NaN, infinities, and magnitudes beyond 1e100 or, unless 0, below 1e-100
 * @throws {OptionError} for an option out of its range, and unless exactly one of `lambda0` and `size` is given
 *
 * @example
 * ```ts
 * import { fromRows, sparseRegression } from "@minima/minima";
 * const X = fromRows([[1, 0, 1], [0, 1, 1], [1, 1, 0], [2, 0, 1]]);
 * const fit = await sparseRegression(X, [3, 1, 3, 5], { lambda0: 0.1 });
 * if (fit.support.join() !== "0" || Math.abs(fit.coefficients[0] - 2) > 1e-9) throw new Error("y = 1 + 2 x0");
 * ```
 */
export async function sparseRegression(
  X: Matrix | SparseMatrix,
  y: VectorLike,
  options: SparseRegressionOptions,
): Promise<SparseRegression> {
  const resolved = resolveOptions(sparseRegressionOptions, options, "sparse regression");
  const { lambda0, size, initial } = resolved;
  if (lambda0 === undefined && size === undefined) {
    throw new OptionError(
      "lambda0",
      'The option "lambda0" of sparse regression is missing: expected a price from 0 to 1e100, or "size" instead.',
    );
  }
  if (lambda0 !== undefined && size !== undefined) {
    throw new OptionError("size", `Cannot use "size": expected it or "lambda0", received both.`);
  }
  return await fitOnce(X, y, resolved, { lambda0, size }, initial);
}
