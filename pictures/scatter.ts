/** Points. @module */

import { type AxisOptions, bottomAxis, createAxis, leftAxis, type PlotArea } from "./axes.ts";
import { checkLengths, checkSizes } from "./checks.ts";
import { plotOf } from "./plot.ts";
import { element, fontSize, label, margin, seriesColour, svgDocument, textWidth, tooltip } from "./svg.ts";

/** Points of one colour. */
export interface Points {
  /** Their name in the legend. */
  readonly name: string;
  /** Where they are. */
  readonly x: ArrayLike<number>;
  /** As many as `x`; a point that cannot be drawn is left out. */
  readonly y: ArrayLike<number>;
  /** What each is called, told where it is pointed at. @default their numbers */
  readonly names?: readonly string[];
  /** Write the names beside the points, as far as there is room. @default false */
  readonly labelled?: boolean;
  /** A closed line through them, in their order. @default false */
  readonly outlined?: boolean;
}

/** How {@linkcode drawScatter} draws. */
export interface ScatterOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** The horizontal axis. @default linear, without a label */
  readonly x?: AxisOptions;
  /** The vertical axis. @default linear, without a label */
  readonly y?: AxisOptions;
  /** A dashed line where `x` and `y` are equal. @default false */
  readonly diagonal?: boolean;
  /** Places in a plane: no axes, and a unit is as long along both. @default false */
  readonly plane?: boolean;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
  /** Height of the picture, >= 160. @default 400 */
  readonly height?: number;
}

/**
 * A scatter plot as a standalone SVG document, for light and dark: axes, points, their names where they do not collide,
 * and a legend for more than one colour. O(points), and O(names^2) for names beside them.
 *
 * @throws {ShapeError} when there are no points, or lengths differ
 * @throws {OptionError} when the picture is too small
 * @throws {DataError} when an axis has no value that it can show
 *
 * @example
 * ```ts
 * import { drawScatter } from "@minima/minima/pictures";
 * const points = { name: "cells", x: [1, 2, 3], y: [1.1, 1.9, 3.2], names: ["a", "b", "c"] };
 * const picture = drawScatter([points], { title: "Measured and predicted", diagonal: true });
 * if (!picture.includes("b: 2, 1.9")) throw new Error("a point");
 * ```
 */
export function drawScatter(series: readonly Points[], options: ScatterOptions): string {
  const { width = 640, height = 400, diagonal = false, plane = false } = options;
  checkLengths("series", series, {});
  for (const [index, { x, y, names }] of series.entries()) {
    const argument = `series[${index}]`;
    checkLengths(`${argument}.x`, x, { [`${argument}.y`]: y, [`${argument}.names`]: names });
  }
  checkSizes({ width, height });
  const xs = series.flatMap(({ x }) => Array.from(x)), ys = series.flatMap(({ y }) => Array.from(y));
  const all = [...xs, ...ys];
  const x = createAxis("x", diagonal ? all : xs, options.x ?? {}, Math.max(3, Math.floor(width / 90)), true);
  const y = createAxis("y", diagonal ? all : ys, options.y ?? {}, Math.max(3, Math.floor(height / 60)), true);

  const entries = series.map(({ name }, index) => ({ name, colour: seriesColour(index), mark: "dot" as const }));
  const frame = plotOf({ title: options.title, entries, x, y, width, height }), { items, area: plot } = frame;
  const named = series.flatMap(({ labelled, names = [] }) => labelled ? names : []);
  const { atX, atY } = plane
    ? alike(xs, ys, plot, margin + Math.min(width / 8, Math.max(0, ...named.map(textWidth))))
    : frame;

  const radius = xs.length > 500 ? 2 : 3.5, dots: string[] = [], wanted: { text: string; x: number; y: number }[] = [];
  for (const [index, points] of series.entries()) {
    for (let i = 0; i < points.x.length; i++) {
      const [px, py] = [points.x[i], points.y[i]];
      if (!x.shows(px) || !y.shows(py)) continue;
      const name = points.names?.[i] ?? String(i), place = { x: atX(px), y: atY(py) };
      const told = `${name}: ${Number(px.toPrecision(4))}, ${Number(py.toPrecision(4))}`;
      dots.push(
        element(
          "circle",
          { class: seriesColour(index), "fill-opacity": "0.65", cx: place.x, cy: place.y, r: radius },
          tooltip(told),
        ),
      );
      if (points.labelled) wanted.push({ text: name, ...place });
    }
  }
  const ends = diagonal ? all.filter((value) => x.shows(value) && y.shows(value)) : [];
  const [low, high] = [Math.min(...ends), Math.max(...ends)];
  const line = ends.length === 0 ? [] : [element("line", {
    class: "muted",
    stroke: "currentColor",
    "stroke-dasharray": "4 4",
    x1: atX(low),
    y1: atY(low),
    x2: atX(high),
    y2: atY(high),
  })];
  const outlines = series.filter(({ outlined }) => outlined).map((points) =>
    element("polygon", {
      class: "muted",
      fill: "none",
      stroke: "currentColor",
      points: Array.from(points.x, (px, i) => `${atX(px).toFixed(1)},${atY(points.y[i]).toFixed(1)}`).join(" "),
    })
  );
  const description = `${dots.length} points${
    series.length > 1 ? ` of ${entries.map(({ name }) => name).join(", ")}` : ""
  }`;
  return svgDocument({ width, height, title: options.title, description }, [
    ...items,
    ...plane ? [] : [...leftAxis(y, plot), ...bottomAxis(x, plot)],
    ...outlines,
    ...line,
    ...dots,
    ...namesBeside(
      wanted,
      plot.right + (plane ? 2 : 1) * margin,
      radius,
      plane ? { x: width / 2, y: (plot.top + plot.bottom) / 2 } : undefined,
    ),
  ]);
}

/** Places in the middle of an area, a unit as long along both axes; names beside them may take `beside`. */
function alike(xs: readonly number[], ys: readonly number[], area: PlotArea, beside: number) {
  const span = (values: readonly number[]) => {
    const shown = values.filter(Number.isFinite), low = Math.min(...shown), high = Math.max(...shown);
    return { middle: (low + high) / 2, length: high - low };
  };
  const across = span(xs), down = span(ys), left = margin / 2, right = area.right + 1.5 * margin;
  const room = [right - left - 2 * beside, area.bottom - area.top - 3 * fontSize];
  const unit = Math.min(room[0] / (across.length || 1), room[1] / (down.length || 1));
  return {
    atX: (value: number) => (left + right) / 2 + (value - across.middle) * unit,
    atY: (value: number) => (area.top + area.bottom) / 2 - (value - down.middle) * unit,
  };
}

/**
 * The names that have room beside their points: right, left, above or below, whichever is free; with a middle, away from
 * it.
 */
function namesBeside(
  wanted: readonly { readonly text: string; readonly x: number; readonly y: number }[],
  right: number,
  radius: number,
  middle: { readonly x: number; readonly y: number } | undefined,
): string[] {
  const taken: { left: number; right: number; top: number; bottom: number }[] = wanted.map(({ x, y }) => ({
    left: x - radius,
    right: x + radius,
    top: y - radius,
    bottom: y + radius,
  }));
  return wanted.flatMap(({ text, x, y }) => {
    const width = textWidth(text), half = 0.6 * fontSize, away = radius + 3;
    const after = [x + away, y], before = [x - away - width, y];
    const above = [x - width / 2, y - away - half], below = [x - width / 2, y + away + half];
    const places = middle === undefined
      ? [after, before, above, below]
      : Math.abs(x - middle.x) < 1
      ? [y > middle.y ? below : above]
      : [x < middle.x ? before : after, below, above];
    for (const [left, level] of places) {
      const box = { left, right: left + width, top: level - half, bottom: level + half };
      const isFree = box.left >= 0 && box.right <= right &&
        taken.every((other) =>
          box.right <= other.left || other.right <= box.left || box.bottom <= other.top || other.bottom <= box.top
        );
      if (!isFree) continue;
      taken.push(box);
      return [label(text, left, level, { class: "muted" })];
    }
    return [];
  });
}
