/** Grids that are given, and not fitted. */

import { DataError, ShapeError } from "../core/errors.ts";
import { likeVector, type Matrix, matrix } from "../core/matrix.ts";
import type { Grid } from "./grid.ts";
import type { Problem } from "./problem.ts";

/** A problem on a given grid. */
export interface FixedProblem {
  /** The same with whole zero points, and with weights that are moved as far as they were. */
  readonly problem: Problem;
  /** The zero points that were given, in the precision of the weights. */
  readonly zeros: Matrix;
}

/**
 * States a problem on the grid of its options. Codes are chosen on whole zero points, while those of a format with minimums,
 * `scale code - minimum`, are not: with `z = n + f`,
 *
 *     w - scale (code - z) = (w + scale f) - scale (code - n)
 *
 * so that the errors are the same where the weights are moved by `scale f` instead.
 *
 * @throws {ShapeError} where it has not a scale and a zero point for every row and group
 * @throws {DataError} for a scale that is not positive, and a zero point that is not finite
 */
export function onFixedGrid(problem: Problem, given: Grid): FixedProblem {
  const { weights, rows, columns, groups, groupIndex, maximumCode, options } = problem;
  const copied = (part: "scales" | "zeros", fits: (value: number) => boolean, needed: string) => {
    const { shape, data } = given[part];
    if (shape[0] !== rows || shape[1] !== groups || data.length !== rows * groups) {
      throw new ShapeError(
        "fixedGrid",
        `Cannot quantize the layer: "fixedGrid.${part}" is ${shape[0]} x ${shape[1]}, and must be ${rows} x ${groups}.`,
      );
    }
    const copy = likeVector(weights.data, rows * groups);
    copy.set(data);
    const bad = copy.findIndex((value) => !fits(value));
    if (bad < 0) return matrix(rows, groups, copy);
    const problem = `"fixedGrid.${part}" must be ${needed}, and holds ${data[bad]}`;
    throw new DataError("fixedGrid", `Cannot quantize the layer: ${problem}.`);
  };
  const scales = copied("scales", (scale) => scale > 0 && scale < Infinity, "positive and finite");
  const zeros = copied("zeros", Number.isFinite, "finite");
  const whole = matrix(rows, groups, zeros.data.map((zero) => Math.min(Math.max(Math.round(zero), 0), maximumCode)));
  if (whole.data.every((zero, at) => zero === zeros.data[at])) {
    return { zeros, problem: { ...problem, options: { ...options, fixedGrid: { scales, zeros } } } };
  }
  const moved = matrix(rows, columns, likeVector(weights.data, rows * columns));
  for (let i = 0, at = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++, at++) {
      const group = i * groups + (groupIndex ? groupIndex[j] : 0);
      moved.data[at] = weights.data[at] + scales.data[group] * (zeros.data[group] - whole.data[group]);
    }
  }
  return {
    zeros,
    problem: { ...problem, weights: moved, options: { ...options, fixedGrid: { scales, zeros: whole } } },
  };
}
