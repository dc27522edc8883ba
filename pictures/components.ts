/** Factorisations as pictures. @module */

import { OptionError, ShapeError } from "../solvers/core/errors.ts";
import { checkMatrix, type Matrix, matrix } from "../solvers/core/matrix.ts";
import { drawCurves } from "./curves.ts";
import { drawHeatMap } from "./heat_map.ts";
import { drawImages } from "./images.ts";
import { drawScatter } from "./scatter.ts";

/** How {@linkcode drawComponents} draws. */
export interface ComponentsOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** What the components are called. @default their numbers */
  readonly names?: readonly string[];
  /** What the columns are called. @default their numbers */
  readonly columns?: readonly string[];
  /** Rows and columns of the image that each component is. @default none: curves */
  readonly shape?: readonly [rows: number, columns: number];
  /** Label of the axis of columns. @default "column" */
  readonly label?: string;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
}

/** Up to so many columns components are a table of colours, where they are no images; more are curves. */
const fewColumns = 24, mostCurves = 12;

/**
 * Components or archetypes of a factorisation: images where a shape is given, else curves over the columns, or a heat map
 * where there are few columns or many components. O(elements).
 *
 * @param components One a row [rank, features].
 * @throws {ShapeError} when names, columns or pixels are more or fewer
 * @throws {OptionError} when the picture is too small
 *
 * @example
 * ```ts
 * import { fromRows } from "@minima/minima";
 * import { drawComponents } from "@minima/minima/pictures";
 * const parts = fromRows([[0, 1, 0, 1], [1, 1, 0, 0]]);
 * const picture = drawComponents(parts, { title: "Parts", shape: [2, 2], names: ["bar", "beam"] });
 * if (!picture.includes("beam")) throw new Error("a name");
 * ```
 */
export function drawComponents(components: Matrix, options: ComponentsOptions): string {
  checkMatrix("components", components, "draw the components");
  const [rank, features] = components.shape, { title, shape, width, label = "column" } = options;
  const names = options.names ?? Array.from({ length: rank }, (_, t) => String(t + 1));
  if (shape) return drawImages(components, { title, shape, names, width });
  const columns = options.columns ?? Array.from({ length: features }, (_, j) => String(j + 1));
  if (features <= fewColumns || rank > mostCurves) {
    return drawHeatMap(components, { title, rows: names, columns, scale: "sequential", width });
  }
  const x = Float64Array.from({ length: features }, (_, j) => j + 1);
  return drawCurves(
    names.map((name, t) => ({ name, x, y: components.data.subarray(t * features, (t + 1) * features) })),
    { title, x: { label }, y: { label: "value" }, width },
  );
}

/** How {@linkcode drawSimplex} draws. */
export interface SimplexOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** What the corners are called. @default their numbers */
  readonly names?: readonly string[];
  /** The group of each sample, which colours it. @default none */
  readonly groups?: readonly string[];
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
}

/**
 * Where samples are among their archetypes: each weight pulls toward a corner of a regular polygon, so that with three
 * archetypes every sample has its own place in the triangle; with more, different weights may fall on one place.
 * O(samples rank).
 *
 * @param weights Rows on the simplex [samples, rank]; rank 2 or more.
 * @throws {ShapeError} for fewer than two archetypes, and when names or groups are more or fewer
 * @throws {OptionError} when the picture is too small
 *
 * @example
 * ```ts
 * import { fromRows } from "@minima/minima";
 * import { drawSimplex } from "@minima/minima/pictures";
 * const weights = fromRows([[1, 0, 0], [0, 0.5, 0.5]]);
 * const picture = drawSimplex(weights, { title: "Mixtures", names: ["soil", "tree", "water"] });
 * if (!picture.includes("water")) throw new Error("a corner");
 * ```
 */
export function drawSimplex(weights: Matrix, options: SimplexOptions): string {
  checkMatrix("weights", weights, "draw the simplex");
  const [samples, rank] = weights.shape, { title, groups, width } = options;
  const names = options.names ?? Array.from({ length: rank }, (_, t) => String(t + 1));
  if (rank < 2) throw new ShapeError("weights", `Cannot draw the simplex: "weights" is ${samples} x ${rank}.`);
  for (const [name, given, count] of [["names", names, rank], ["groups", groups, samples]] as const) {
    if (given && given.length !== count) {
      throw new ShapeError(name, `Cannot draw the simplex: expected ${count} of "${name}", received ${given.length}.`);
    }
  }
  const corner = (t: number) => {
    const angle = Math.PI / 2 - 2 * Math.PI * t / rank;
    const exact = rank === 2 ? [t, 0] : [Math.cos(angle), Math.sin(angle)];
    return exact.map((value) => Math.round(value * 1e6) / 1e6 + 0);
  };
  const corners = names.map((_, t) => corner(t));
  const place = (i: number) => {
    const at = [0, 0];
    for (let t = 0; t < rank; t++) {
      for (const axis of [0, 1]) at[axis] += weights.data[i * rank + t] * corners[t][axis];
    }
    // Places are told where they are pointed at: without the rounding of sums.
    return at.map((value) => Math.round(value * 1e6) / 1e6 + 0);
  };
  const series = new Map<string, { x: number[]; y: number[]; names: string[] }>();
  for (let i = 0; i < samples; i++) {
    const name = groups?.[i] ?? "samples", own = series.get(name) ?? { x: [], y: [], names: [] };
    const [x, y] = place(i);
    own.x.push(x);
    own.y.push(y);
    own.names.push(`sample ${i + 1}`);
    series.set(name, own);
  }
  return drawScatter([
    ...[...series].map(([name, points]) => ({ name, ...points })),
    {
      name: "archetypes",
      x: corners.map(([x]) => x),
      y: corners.map(([, y]) => y),
      names,
      labelled: true,
      outlined: true,
    },
  ], { title, width, plane: true, height: Math.round((width ?? 640) * 0.8) });
}

/** Height of an archetype in a picture of its use: that of its name, however many samples there are. */
const useHeight = 20;

/** How {@linkcode drawUse} draws. */
export interface UseOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** What the archetypes are called. @default their numbers */
  readonly names?: readonly string[];
  /** The group of each sample: samples of a group follow one another. @default none */
  readonly groups?: readonly string[];
  /** Most bars: more samples are means of neighbours. @default 200 */
  readonly most?: number;
}

/**
 * How much samples use of each archetype, as a heat map: one row an archetype, samples from left to right by their groups,
 * and within by their largest weight; many samples are means of neighbours. O(samples (rank + log samples)).
 *
 * @param weights [samples, rank].
 * @throws {ShapeError} when names or groups are more or fewer
 * @throws {OptionError} for `most` below 1
 *
 * @example
 * ```ts
 * import { fromRows } from "@minima/minima";
 * import { drawUse } from "@minima/minima/pictures";
 * const picture = drawUse(fromRows([[1, 0], [0.2, 0.8]]), { title: "Use", names: ["day", "night"] });
 * if (!picture.includes("night")) throw new Error("a row");
 * ```
 */
export function drawUse(weights: Matrix, options: UseOptions): string {
  checkMatrix("weights", weights, "draw the use of archetypes");
  const [samples, rank] = weights.shape, { title, groups, most = 200 } = options;
  if (!(Number.isSafeInteger(most) && most >= 1)) {
    throw new OptionError("most", `Cannot use "most": expected a whole number >= 1, received ${most}.`);
  }
  const names = options.names ?? Array.from({ length: rank }, (_, t) => String(t + 1));
  if (names.length !== rank || groups && groups.length !== samples) {
    const [name, count] = names.length !== rank ? ["names", rank] as const : ["groups", samples] as const;
    throw new ShapeError(name, `Cannot draw the use of archetypes: expected ${count} of "${name}".`);
  }
  const largest = Array.from({ length: samples }, (_, i) => {
    let best = 0;
    for (let t = 1; t < rank; t++) if (weights.data[i * rank + t] > weights.data[i * rank + best]) best = t;
    return best;
  });
  const order = Array.from({ length: samples }, (_, i) => i).sort((i, j) =>
    groups && groups[i] !== groups[j]
      ? groups[i] < groups[j] ? -1 : 1
      : largest[i] - largest[j] || weights.data[j * rank + largest[j]] - weights.data[i * rank + largest[i]] || i - j
  );
  const bars = Math.min(most, samples), use = matrix(rank, bars), columns: string[] = [];
  for (let bar = 0; bar < bars; bar++) {
    const begin = Math.floor(bar * samples / bars), end = Math.floor((bar + 1) * samples / bars);
    for (let k = begin; k < end; k++) {
      for (let t = 0; t < rank; t++) use.data[t * bars + bar] += weights.data[order[k] * rank + t] / (end - begin);
    }
    columns.push(groups ? groups[order[begin]] : String(order[begin] + 1));
  }
  return drawHeatMap(use, { title, rows: names, columns, scale: "sequential", rowHeight: useHeight });
}
