/** Reliability diagrams. @module */

import { ShapeError } from "../solvers/core/errors.ts";
import type { Matrix } from "../solvers/core/matrix.ts";
import { type Curve, drawCurves } from "./curves.ts";
import { counted } from "../solvers/core/shown.ts";

/** How {@linkcode drawReliability} draws. */
export interface ReliabilityOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** Names of the levels. @default their numbers */
  readonly levels?: readonly string[];
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
  /** Height of the picture, >= 160. @default 400 */
  readonly height?: number;
}

/** Levels with a curve of their own; more share one. */
const mostCurves = 6;

/** Predictions of a point, at least, and points of a curve, at most. */
const fewest = 40, mostPoints = 10;

/**
 * How often levels come about against the probabilities with which they were predicted, as a standalone SVG document: each
 * point stands for as many predictions of its level as the others, from the least probable to the most; a reliable
 * prediction lies on the dashed diagonal. Beyond six levels all share one curve. O(entries levels log entries).
 *
 * @param probabilities Predicted probability of each level [entries, levels].
 * @param levels The level that each entry has, from 0.
 * @throws {ShapeError} when there are no entries, or not as many levels
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * import { drawReliability } from "@minima/minima/pictures";
 * const picture = drawReliability(matrix(2, 2, Float64Array.of(0.9, 0.1, 0.2, 0.8)), [0, 1], { title: "Reliability" });
 * if (!picture.includes("observed frequency")) throw new Error("an axis");
 * ```
 */
export function drawReliability(probabilities: Matrix, levels: ArrayLike<number>, options: ReliabilityOptions): string {
  const { data, shape: [entries, count] } = probabilities, names = options.levels;
  if (entries === 0 || levels.length !== entries) {
    throw new ShapeError(
      "levels",
      `Cannot draw the reliability: "probabilities" has ${counted(entries, "row")}, but "levels" has ${
        counted(levels.length, "element")
      }.`,
    );
  }
  const all = Array.from(
    { length: count },
    (_, level) =>
      Array.from({ length: entries }, (_, k) => [data[k * count + level], Number(levels[k] === level)] as const),
  );
  const shared = count > mostCurves ? [all.flat()] : all;
  const curves = shared.map((pairs, level): Curve => ({
    name: shared.length < all.length ? "all levels" : names?.[level] ?? `level ${level}`,
    ...pointsOf(pairs),
  }));
  const largest = Math.min(1, Math.max(0.1, ...curves.flatMap(({ x, y }) => [...Array.from(x), ...Array.from(y)])));
  const diagonal: Curve = { name: "reliable", x: [0, largest], y: [0, largest], dashed: true };
  return drawCurves([...curves, diagonal], {
    title: options.title,
    x: { label: "predicted probability" },
    y: { label: "observed frequency" },
    ...options.width !== undefined && { width: options.width },
    ...options.height !== undefined && { height: options.height },
  });
}

function pointsOf(pairs: readonly (readonly [probability: number, came: number])[]) {
  const sorted = pairs.toSorted(([a], [b]) => a - b);
  const points = Math.max(1, Math.min(mostPoints, Math.floor(sorted.length / fewest)));
  const parts = Array.from(
    { length: points },
    (_, p) => sorted.slice(Math.floor(p * sorted.length / points), Math.floor((p + 1) * sorted.length / points)),
  );
  const mean = (part: typeof sorted, which: 0 | 1) => part.reduce((sum, pair) => sum + pair[which], 0) / part.length;
  return { x: parts.map((part) => mean(part, 0)), y: parts.map((part) => mean(part, 1)) };
}
