/** Line charts. @module */

import { area, line } from "d3-shape";
import { OptionError } from "../solvers/core/errors.ts";
import { type AxisOptions, bottomAxis, createAxis, leftAxis } from "./axes.ts";
import { checkLengths, checkSizes } from "./checks.ts";
import { plotOf } from "./plot.ts";
import { element, seriesColour, svgDocument, tooltip } from "./svg.ts";

/** A curve of a chart. */
export interface Curve {
  /** Its name in the legend. */
  readonly name: string;
  /** Where its points are, in the order in which they are joined. */
  readonly x: ArrayLike<number>;
  /** Values, as many as `x`; the curve has a gap where one cannot be drawn. */
  readonly y: ArrayLike<number>;
  /** Half the height of a band about the curve, as many as `x`: standard errors, say. @default no band */
  readonly deviations?: ArrayLike<number>;
  /** The point that is marked, from 0 on. @default none */
  readonly marked?: number;
  /** Number of its colour, for curves that belong together. @default its place among the curves */
  readonly colour?: number;
  /** A dashed line without points, for what others are compared with. @default false */
  readonly dashed?: boolean;
}

/** How {@linkcode drawCurves} draws. */
export interface CurvesOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** The horizontal axis. @default linear, without a label */
  readonly x?: AxisOptions;
  /** The vertical axis. @default linear, without a label */
  readonly y?: AxisOptions;
  /** Width of the picture, >= 240. @default 640 */
  readonly width?: number;
  /** Height of the picture, >= 160. @default 400 */
  readonly height?: number;
}

/**
 * A line chart as a standalone SVG document, for light and dark: axes, bands, marked points, and a legend for more than
 * one curve. The same curves give the same picture. O(points).
 *
 * @throws {ShapeError} when there are no curves, or lengths differ
 * @throws {OptionError} when a marked point is not there, or the picture too small
 * @throws {DataError} when an axis has no value that it can show
 *
 * @example
 * ```ts
 * import { drawCurves } from "@minima/minima/pictures";
 * const curve = { name: "error", x: [1, 10, 100], y: [3, 1, 2], deviations: [0.5, 0.2, 0.4], marked: 1 };
 * const picture = drawCurves([curve], { title: "Cross-validation", x: { label: "penalty", scale: "log" } });
 * if (!picture.includes("penalty")) throw new Error("the label of an axis");
 * ```
 */
export function drawCurves(curves: readonly Curve[], options: CurvesOptions): string {
  const { width = 640, height = 400 } = options;
  check(curves);
  checkSizes({ width, height });
  const xs = curves.flatMap(({ x }) => Array.from(x));
  const ys = curves.flatMap(({ y, deviations }) =>
    Array.from(y).flatMap((value, i) => deviations ? [value - deviations[i], value, value + deviations[i]] : [value])
  );
  const x = createAxis("x", xs, options.x ?? {}, Math.max(3, Math.floor(width / 90)), false);
  const y = createAxis("y", ys, options.y ?? {}, Math.max(3, Math.floor(height / 60)), true);

  const entries = curves.map(({ name, dashed, colour }, index) => ({
    name,
    colour: seriesColour(colour ?? index),
    dashed,
  }));
  const { items, area: plot, atX, atY } = plotOf({ title: options.title, entries, x, y, width, height });

  const bands: string[] = [], lines: string[] = [], marks: string[] = [];
  for (const [index, curve] of curves.entries()) {
    const colour = { class: seriesColour(curve.colour ?? index) };
    const points = Array.from(
      curve.x,
      (value, i) => ({ x: value, y: curve.y[i], deviation: curve.deviations?.[i] ?? 0 }),
    );
    const drawable = (point: { x: number; y: number }) => x.shows(point.x) && y.shows(point.y);
    if (curve.deviations) {
      // A lower end that a log axis cannot show is off its foot.
      const low = (value: number) => y.shows(value) ? Math.min(atY(value), plot.bottom) : plot.bottom;
      const band = area<typeof points[number]>()
        .defined((point) => drawable(point) && y.shows(point.y + point.deviation))
        .x((point) => atX(point.x)).y0((point) => low(point.y - point.deviation))
        .y1((point) => atY(point.y + point.deviation)).digits(1);
      bands.push(element("path", { ...colour, "fill-opacity": "0.18", d: band(points) ?? "" }));
    }
    const path = line<typeof points[number]>().defined(drawable).x((point) => atX(point.x)).y((point) => atY(point.y))
      .digits(1);
    lines.push(
      element(
        "path",
        {
          ...colour,
          fill: "none",
          stroke: "currentColor",
          "stroke-width": 2,
          "stroke-linejoin": "round",
          "stroke-dasharray": curve.dashed ? "5 4" : undefined,
          d: path(points) ?? "",
        },
        tooltip(curve.name),
      ),
    );
    for (const [i, point] of points.entries()) {
      if (!drawable(point)) continue;
      const marked = i === curve.marked;
      if (!marked && (curve.dashed || points.length > 40)) continue;
      const text = `${curve.name}: ${Number(point.y.toPrecision(4))} at ${Number(point.x.toPrecision(4))}` +
        (curve.deviations ? `, +- ${Number(point.deviation.toPrecision(2))}` : "");
      const dot = element(
        "circle",
        { ...colour, cx: atX(point.x), cy: atY(point.y), r: marked ? 6 : 2.5 },
        tooltip(text),
      );
      if (marked) {
        marks.push(
          element("line", {
            ...colour,
            stroke: "currentColor",
            "stroke-dasharray": "3 3",
            x1: atX(point.x),
            x2: atX(point.x),
            y1: plot.top,
            y2: plot.bottom,
          }) + dot,
        );
      } else lines.push(dot);
    }
  }
  const names = curves.map(({ name }) => name).join(", ");
  return svgDocument({ width, height, title: options.title, description: `Curves of ${names}` }, [
    ...items,
    ...leftAxis(y, plot),
    ...bottomAxis(x, plot),
    ...bands,
    ...lines,
    ...marks,
  ]);
}

function check(curves: readonly Curve[]): void {
  checkLengths("curves", curves, {});
  for (const [index, { x, y, deviations, marked }] of curves.entries()) {
    const argument = `curves[${index}]`;
    checkLengths(`${argument}.x`, x, { [`${argument}.y`]: y, [`${argument}.deviations`]: deviations });
    if (marked !== undefined && !(Number.isInteger(marked) && marked >= 0 && marked < x.length)) {
      throw new OptionError(
        `${argument}.marked`,
        `Cannot use "${argument}.marked": expected an integer from 0 to ${x.length - 1}, received ${marked}.`,
      );
    }
  }
}
