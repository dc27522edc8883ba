/** Bars: values by name, and counts. @module */

import {
  type AxisOptions,
  bottomAxis,
  bottomAxisHeight,
  createAxis,
  leftAxis,
  leftAxisWidth,
  numberFormat,
} from "./axes.ts";
import { checkLengths, checkSizes } from "./checks.ts";
import { element, fontSize, heading, label, margin, shortened, svgDocument, textWidth, tooltip } from "./svg.ts";

/** How {@linkcode drawBars} draws. */
export interface BarsOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** Names of the bars. @default their numbers */
  readonly names?: readonly string[];
  /** Half the length of a whisker at the end of each bar: standard errors, say. @default none */
  readonly deviations?: ArrayLike<number>;
  /** What the values are, with their unit. @default none */
  readonly label?: string;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
}

/** How {@linkcode drawColumns} draws. */
export interface ColumnsOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** Names of the columns. @default their numbers */
  readonly names?: readonly string[];
  /** What is counted. @default none */
  readonly x?: Pick<AxisOptions, "label">;
  /** The vertical axis. @default without a label */
  readonly y?: Pick<AxisOptions, "label">;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
  /** Height of the picture, >= 160. @default 320 */
  readonly height?: number;
}

const barHeight = 14, rowHeight = 20;

/**
 * Values as horizontal bars from zero, one a row with its name, as a standalone SVG document for light and dark. Bars
 * differ in colour by sign; each ends with its value. Values that are not finite have a row without a bar. O(values).
 *
 * @throws {ShapeError} when there are no values, or names or deviations are more or fewer
 * @throws {OptionError} when the picture is too narrow
 * @throws {DataError} when no value is finite
 *
 * @example
 * ```ts
 * import { drawBars } from "@minima/minima/pictures";
 * const picture = drawBars([1.5, -2], { title: "Coefficients", names: ["age", "dose"], label: "effect" });
 * if (!picture.includes("dose: −2")) throw new Error("a value");
 * ```
 */
export function drawBars(values: ArrayLike<number>, options: BarsOptions): string {
  const { names, deviations, width = 640 } = options;
  checkLengths("values", values, { names, deviations });
  checkSizes({ width });
  const all = Array.from(values), spread = all.map((_, i) => finiteOr(deviations?.[i], 0));
  const write = (value: number) => numberFormat([value])(Number(value.toPrecision(3)));
  const ends = all.flatMap((value, i) => [value - spread[i], value + spread[i]]);
  // Values are read off the bars; the axis shows their scale.
  const room = Math.max(...all.map((value) => textWidth(write(value)))) + 6;
  const nameOf = (i: number) => names?.[i] ?? String(i);
  const nameWidth = Math.min(Math.max(...all.map((_, i) => textWidth(nameOf(i)))), 0.4 * width);
  const axis = createAxis("values", [0, ...ends], { label: options.label }, Math.max(2, Math.floor(width / 140)), true);
  const title = heading(options.title, margin, width - 2 * margin),
    top = title.height + 4,
    bottom = top + all.length * rowHeight;
  const left = margin + nameWidth + 8, right = width - margin;
  const negative = all.some((value) => value < 0) ? room : 0, positive = all.some((value) => value >= 0) ? room : 0;
  const plot = { left: left + negative, right: Math.max(right - positive, left + negative + 60), top, bottom };
  const at = axis.between(plot.left, plot.right), zero = at(0);

  const rows = all.map((value, i) => {
    const y = top + (i + 0.5) * rowHeight, name = nameOf(i), short = shortened(name, nameWidth);
    const text = label(short, left - 8, y, { "text-anchor": "end" }, short === name ? undefined : name);
    if (!Number.isFinite(value)) return text;
    const sign = value < 0 ? "negative" : "positive", end = at(value);
    const tip = value < 0 ? Math.min(end, at(value - spread[i])) - 5 : Math.max(end, at(value + spread[i])) + 5;
    const whisker = spread[i] === 0 ? "" : element("line", {
      class: "ink",
      stroke: "currentColor",
      x1: at(value - spread[i]),
      x2: at(value + spread[i]),
      y1: y,
      y2: y,
    });
    const told = `${name}: ${write(value)}${spread[i] === 0 ? "" : `, +- ${write(spread[i])}`}`;
    return text +
      element(
        "rect",
        {
          class: sign,
          x: Math.min(zero, end),
          y: y - barHeight / 2,
          width: Math.max(Math.abs(end - zero), 1),
          height: barHeight,
        },
        tooltip(told),
      ) + whisker +
      label(write(value), tip, y, { class: "muted", "text-anchor": value < 0 ? "end" : "start" });
  });
  const most = all.reduce((most, value, i) => Math.abs(value) > Math.abs(all[most]) ? i : most, 0);
  return svgDocument({
    width: Math.max(width, plot.right + positive + margin),
    height: bottom + bottomAxisHeight(axis) + margin / 2,
    title: options.title,
    description: `${all.length} bars; the longest is ${nameOf(most)}, ${write(all[most])}`,
  }, [
    ...title.items,
    ...bottomAxis(axis, plot),
    element("line", { class: "muted", stroke: "currentColor", x1: zero, x2: zero, y1: top, y2: bottom }),
    ...rows,
  ]);
}

/**
 * Counts or other values >= 0 as columns from zero, as a standalone SVG document for light and dark. Names that would
 * touch are left out; every column tells its name and value where it is pointed at. O(values).
 *
 * @throws {ShapeError} when there are no values, or names are more or fewer
 * @throws {OptionError} when the picture is too small
 *
 * @example
 * ```ts
 * import { drawColumns } from "@minima/minima/pictures";
 * const picture = drawColumns([3, 0, 5], { title: "Codes", x: { label: "code" } });
 * if (!picture.includes("2: 5")) throw new Error("a count");
 * ```
 */
export function drawColumns(values: ArrayLike<number>, options: ColumnsOptions): string {
  const { names, width = 640, height = 320 } = options;
  checkLengths("values", values, { names });
  checkSizes({ width, height });
  const all = Array.from(values);
  const title = heading(options.title, margin, width - 2 * margin);
  const y = createAxis("values", [0, ...all], options.y ?? {}, Math.max(3, Math.floor(height / 60)), true);
  const nameOf = (i: number) => names?.[i] ?? String(i);
  const plot = {
    left: Math.round(margin / 2 + leftAxisWidth(y)),
    right: width - margin,
    top: Math.round(title.height + 10),
    bottom: Math.round(
      height - margin / 2 - 10 - 1.2 * fontSize - (options.x?.label === undefined ? 0 : 1.7 * fontSize),
    ),
  };
  const at = y.between(plot.bottom, plot.top), step = (plot.right - plot.left) / all.length;
  const columns = all.map((value, i) => {
    if (!Number.isFinite(value)) return "";
    const place = { x: plot.left + (i + 0.1) * step, y: Math.min(at(value), at(0)), width: 0.8 * step };
    return element(
      "rect",
      { class: "positive", ...place, height: Math.abs(at(0) - at(value)) },
      tooltip(`${nameOf(i)}: ${numberFormat([value])(value)}`),
    );
  });
  let free = -Infinity;
  const texts = all.map((_, i) => {
    const x = plot.left + (i + 0.5) * step, half = textWidth(nameOf(i)) / 2;
    if (x - half < free) return "";
    free = x + half + 6;
    return label(nameOf(i), x, plot.bottom + 6 + 0.6 * fontSize, { class: "muted", "text-anchor": "middle" });
  });
  const most = all.reduce((most, value, i) => value > all[most] ? i : most, 0);
  return svgDocument({
    width,
    height,
    title: options.title,
    description: `${all.length} columns; the highest is ${nameOf(most)}, ${numberFormat([all[most]])(all[most])}`,
  }, [
    ...title.items,
    ...leftAxis(y, plot),
    ...columns,
    element("line", {
      class: "muted",
      stroke: "currentColor",
      x1: plot.left,
      x2: plot.right,
      y1: plot.bottom,
      y2: plot.bottom,
    }),
    ...texts,
    ...options.x?.label === undefined ? [] : [
      label(options.x.label, (plot.left + plot.right) / 2, plot.bottom + 10 + 2 * fontSize, {
        "text-anchor": "middle",
      }),
    ],
  ]);
}

function finiteOr(value: number | undefined, otherwise: number): number {
  return value !== undefined && Number.isFinite(value) ? value : otherwise;
}
