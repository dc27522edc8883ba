import { ShapeError } from "../core/errors.ts";
import { checkTable, type Matrix } from "../core/matrix.ts";

function checkShapes(scores: Matrix, truth: Matrix): void {
  checkTable("scores", scores, "judge scores");
  checkTable("truth", truth, "judge scores");
  const same = scores.shape[0] === truth.shape[0] && scores.shape[1] === truth.shape[1];
  if (same) return;
  throw new ShapeError(
    "truth",
    `Cannot judge scores: "scores" is ${scores.shape.join(" x ")}, but "truth" is ${truth.shape.join(" x ")}.`,
  );
}

/**
 * Mean over items of the average precision of their labels by falling score: for each positive label, the share of
 * positive ones among those ranked at its place or before. Items without a positive label have no part in it; of equal
 * scores the earlier label comes first.
 *
 * @param scores [items, labels].
 * @param truth [items, labels]: 1, -1, or NaN for labels that are not looked at.
 * @returns NaN where no label is positive
 *
 * @example
 * ```ts
 * import { averagePrecision, fromRows } from "@minima/minima";
 * const scores = fromRows([[0.9, 0.1, 0.5]]), truth = fromRows([[1, 1, -1]]);
 * if (Math.abs(averagePrecision(scores, truth) - (1 + 2 / 3) / 2) > 1e-12) throw new Error("first and third");
 * ```
 */
export function averagePrecision(scores: Matrix, truth: Matrix): number {
  checkShapes(scores, truth);
  const [items, labels] = truth.shape;
  let sum = 0, judged = 0;
  for (let i = 0; i < items; i++) {
    const places = Array.from({ length: labels }, (_, j) => i * labels + j).filter((at) =>
      !Number.isNaN(truth.data[at])
    );
    places.sort((a, b) => scores.data[b] - scores.data[a] || a - b);
    let positive = 0, precision = 0;
    places.forEach((at, place) => {
      if (truth.data[at] > 0) precision += ++positive / (place + 1);
    });
    if (positive === 0) continue;
    sum += precision / positive;
    judged++;
  }
  return sum / judged;
}

/**
 * Share of the labels whose score has the wrong sign; a score of 0 is negative.
 *
 * @param scores [items, labels].
 * @param truth [items, labels]: 1, -1, or NaN for labels that are not looked at.
 * @returns NaN where none is looked at
 *
 * @example
 * ```ts
 * import { fromRows, labelError } from "@minima/minima";
 * if (labelError(fromRows([[0.2, -3], [1, 4]]), fromRows([[1, 1], [NaN, 1]])) !== 1 / 3) throw new Error("one of three");
 * ```
 */
export function labelError(scores: Matrix, truth: Matrix): number {
  checkShapes(scores, truth);
  let wrong = 0, judged = 0;
  for (let at = 0; at < truth.data.length; at++) {
    if (Number.isNaN(truth.data[at])) continue;
    judged++;
    if (scores.data[at] > 0 !== truth.data[at] > 0) wrong++;
  }
  return wrong / judged;
}
