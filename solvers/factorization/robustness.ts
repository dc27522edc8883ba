import { ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix } from "../core/matrix.ts";

const action = "compare the archetypes";

/** How far two sets of archetypes are from one another. */
export interface Robustness {
  /** Sum over the rows of the first of their squared distances to the nearest row of the second. */
  readonly weak: number;
  /** The same with the two exchanged: each row of the second has a row of the first near it. */
  readonly strong: number;
}

/**
 * The robustness measures of Behdin & Mazumder (2024) of archetypes `H2` that were found for the true ones `H1`: with
 * `L(A, B) = sum_i min_j ||A_i - B_j||^2`, weak is `L(H1, H2)`, strong `L(H2, H1)`. O(rank^2 features).
 *
 * @param H1 True archetypes as rows [rank, features].
 * @param H2 Archetypes that were found [rank, features]; their number may differ.
 * @throws {ShapeError} when the two have other numbers of features, or no rows
 *
 * @example
 * ```ts
 * import { fromRows, robustness } from "@minima/minima";
 * const { weak, strong } = robustness(fromRows([[0, 0], [1, 0]]), fromRows([[0, 0], [0, 0.5]]));
 * if (weak !== 1 || strong !== 0.25) throw new Error("the second row is far from what was found");
 * ```
 */
export function robustness(H1: Matrix, H2: Matrix): Robustness {
  checkMatrix("H1", H1, action);
  checkMatrix("H2", H2, action);
  if (H1.shape[1] !== H2.shape[1] || H1.shape[0] === 0 || H2.shape[0] === 0) {
    throw new ShapeError(
      "H2",
      `Cannot ${action}: "H1" is ${H1.shape.join(" x ")}, but "H2" is ${H2.shape.join(" x ")}.`,
    );
  }
  return { weak: distance(H1, H2), strong: distance(H2, H1) };
}

/** `sum_i min_j ||A_i - B_j||^2`. */
function distance({ data: a, shape: [rows, columns] }: Matrix, { data: b, shape: [others] }: Matrix): number {
  let sum = 0;
  for (let i = 0; i < rows; i++) {
    let least = Infinity;
    for (let j = 0; j < others; j++) {
      let square = 0;
      for (let s = 0; s < columns; s++) square += (a[i * columns + s] - b[j * columns + s]) ** 2;
      least = Math.min(least, square);
    }
    sum += least;
  }
  return sum;
}
