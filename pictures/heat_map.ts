/** Heat maps of matrices. @module */

import { OptionError, ShapeError } from "../solvers/core/errors.ts";
import type { Matrix } from "../solvers/core/matrix.ts";
import { numberFormat } from "./axes.ts";
import { checkShading, checkSizes } from "./checks.ts";
import {
  type Colour,
  element,
  fontSize,
  heading,
  label,
  margin,
  shortened,
  svgDocument,
  textWidth,
  tooltip,
} from "./svg.ts";

/** How {@linkcode drawHeatMap} draws. */
export interface HeatMapOptions {
  /** Title above the picture, and its name for screen readers. */
  readonly title: string;
  /** Names of the rows. @default their numbers */
  readonly rows?: readonly string[];
  /** Names of the columns. @default their numbers */
  readonly columns?: readonly string[];
  /** `diverging` colours the sign, `sequential` the distance from the least value. @default "diverging" */
  readonly scale?: "diverging" | "sequential";
  /** Value of the full colour, > 0; for `sequential` above the least value. @default what the values reach */
  readonly limit?: number;
  /** About the width of the picture, >= 240: cells are made narrower to fit, down to 5. @default 960 */
  readonly width?: number;
  /** Height of a row, >= 5. @default that of square cells */
  readonly rowHeight?: number;
  /** Write the values into the cells where these are large enough. @default false */
  readonly numbers?: boolean;
}

const most = 24, mostWithNumbers = 44, least = 5, barWidth = 160, barSteps = 20;
/** Size of the numbers in cells. */
const numberSize = 10;
/** What is not known is no colour of the scale. */
const blank = { class: "muted", "fill-opacity": "0.22" };
/** Width that a name has at most: what is longer is told where it is pointed at. */
const nameWidth = 220;

/**
 * A matrix as a standalone SVG document, for light and dark: a cell for each entry, stronger in colour the larger it
 * is, its value told where it is pointed at, and a legend. Entries that are not finite are grey. O(entries).
 *
 * @param values [rows, columns].
 * @throws {ShapeError} when there is no entry, or names are more or fewer than rows or columns
 * @throws {OptionError} when `limit` is not positive, `scale` not known or `rowHeight` too small
 *
 * @example
 * ```ts
 * import { matrix } from "@minima/minima";
 * import { drawHeatMap } from "@minima/minima/pictures";
 * const picture = drawHeatMap(matrix(1, 2, Float64Array.of(0.5, -1)), { title: "Loadings", columns: ["rain", "sun"] });
 * if (!picture.includes("sun: −1")) throw new Error("an entry");
 * ```
 */
export function drawHeatMap(values: Matrix, options: HeatMapOptions): string {
  const { scale = "diverging", width = 960, numbers = false } = options;
  const [rows, columns] = values.shape;
  check(values, options);
  const finite = Array.from(values.data).filter(Number.isFinite);
  const from = scale === "diverging" ? 0 : finite.reduce((least, value) => Math.min(least, value), finite[0] ?? 0);
  const reach = finite.reduce((reach, value) => Math.max(reach, Math.abs(value - from)), 0);
  // Equal values have no reach: all of them are at the start of the scale, whatever its length.
  const limit = options.limit ?? (reach > 0 ? reach : 1);
  const colourOf = (value: number) => shade((value - from) / limit);
  const rowName = (i: number) => options.rows?.[i] ?? String(i);
  const columnName = (j: number) => options.columns?.[j] ?? String(j);

  const rowNameWidth = Math.max(...Array.from({ length: rows }, (_, i) => textWidth(rowName(i))));
  const left = margin + Math.min(rowNameWidth, nameWidth) + 6;
  const fitting = Math.min(Math.floor((width - left - margin) / columns), Math.floor(900 / rows));
  const cell = Math.max(least, Math.min(numbers ? mostWithNumbers : most, fitting));
  const rowHeight = options.rowHeight ?? cell;
  // Where cells are lower than letters, some are not named; a name that several in a row have is written once.
  const named = (count: number, name: (i: number) => string, size: number) => {
    const stride = Math.ceil(1.1 * fontSize / size), found: { at: number; text: string; whole?: string }[] = [];
    for (let i = 0, last = -stride, isNamed = false; i < count; i++) {
      const whole = name(i);
      if (i > 0 && name(i - 1) !== whole) isNamed = false;
      if (isNamed || i - last < stride) continue;
      const text = shortened(whole, nameWidth);
      found.push({ at: i, text, whole: text === whole ? undefined : whole });
      [last, isNamed] = [i, true];
    }
    return found;
  };
  const rowNames = named(rows, rowName, rowHeight), columnNames = named(columns, columnName, cell);
  const leastTitle = 240, title = heading(options.title, margin, Math.max(left + columns * cell, leastTitle) - margin);
  const top = title.height + margin + Math.max(...columnNames.map(({ text }) => textWidth(text))) + 6;
  const bottom = top + rows * rowHeight;

  const write = (value: number) => numberFormat([value])(Number(value.toPrecision(4)));
  const cells: string[] = [], written: string[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      const value = values.data[i * columns + j];
      const place = { x: left + j * cell, y: top + i * rowHeight, width: cell, height: rowHeight };
      if (!Number.isFinite(value)) {
        cells.push(element("rect", { ...blank, ...place }));
        continue;
      }
      const shown = write(Number(value.toPrecision(2)));
      if (numbers && numberSize / fontSize * textWidth(shown) <= cell - 3) {
        const colour = Math.abs(value - from) / limit > 0.5 ? "paper" : "ink";
        written.push(
          label(shown, left + (j + 0.5) * cell, top + (i + 0.5) * rowHeight, {
            class: colour,
            "text-anchor": "middle",
            "font-size": numberSize,
          }),
        );
      }
      cells.push(
        element(
          "rect",
          { ...colourOf(value), ...place },
          tooltip(`${rowName(i)}, ${columnName(j)}: ${write(value)}`),
        ),
      );
    }
  }
  const legendTop = bottom + margin, ends = scale === "diverging" ? [-limit, 0, limit] : [from, from + limit];
  const legend = legendOf(ends.map(write), left, legendTop, scale);
  return svgDocument({
    width: Math.max(left + columns * cell, legend.right, leastTitle) + margin,
    height: legendTop + 12 + 1.8 * fontSize + margin,
    title: options.title,
    description: `${rows} rows and ${columns} columns`,
  }, [
    ...title.items,
    ...rowNames.map(({ at, text, whole }) =>
      label(text, left - 6, top + (at + 0.5) * rowHeight, { "text-anchor": "end" }, whole)
    ),
    ...columnNames.map(({ at, text, whole }) =>
      label(text, 0, 0, {
        transform: `translate(${Math.round(left + (at + 0.5) * cell)} ${Math.round(top - 6)}) rotate(-90)`,
      }, whole)
    ),
    element("g", { "shape-rendering": "crispEdges" }, `\n${cells.join("\n")}\n`),
    ...written,
    element("rect", {
      class: "grid",
      fill: "none",
      stroke: "currentColor",
      x: left,
      y: top,
      width: columns * cell,
      height: rows * rowHeight,
    }),
    ...legend.items,
  ]);
}

function check(
  { data, shape: [rows, columns] }: Matrix,
  { rows: rowNames, columns: columnNames, scale, limit, width, rowHeight }: HeatMapOptions,
) {
  checkSizes({ width });
  if (!(rows > 0 && columns > 0) || data.length !== rows * columns) {
    throw new ShapeError(
      "values",
      `Cannot draw "values": expected one or more rows and columns of data, received ${rows} x ${columns} with ${data.length} elements.`,
    );
  }
  for (const [argument, names, count] of [["rows", rowNames, rows], ["columns", columnNames, columns]] as const) {
    if (names && names.length !== count) {
      throw new ShapeError(
        argument,
        `Cannot draw the heat map: there are ${count} ${argument}, but "${argument}" has ${names.length} names.`,
      );
    }
  }
  checkShading(scale, limit);
  if (rowHeight !== undefined && !(rowHeight >= least && rowHeight < Infinity)) {
    throw new OptionError("rowHeight", `Cannot use "rowHeight": expected a number >= ${least}, received ${rowHeight}.`);
  }
}

/** Share of the full colour, over the background: it fits light and dark. */
function shade(share: number): { class: Colour; "fill-opacity": string } {
  const strength = Math.min(1, Math.abs(share));
  return { class: share < 0 ? "negative" : "positive", "fill-opacity": String(Math.round(strength * 1000) / 1000) };
}

/** A bar from one end of the scale to the other, with numbers under it. */
function legendOf(numbers: readonly string[], x: number, y: number, scale: "diverging" | "sequential") {
  const step = barWidth / barSteps, left = x + textWidth(numbers[0]) / 2;
  const bar = Array.from({ length: barSteps }, (_, k) => {
    const share = (k + 0.5) / barSteps;
    const colour = shade(scale === "diverging" ? 2 * share - 1 : share);
    return element("rect", { ...colour, x: left + k * step, y, width: step, height: 12 });
  });
  const labels = numbers.map((text, at) =>
    label(text, left + barWidth * at / (numbers.length - 1), y + 12 + fontSize, {
      class: "muted",
      "text-anchor": "middle",
    })
  );
  return {
    items: [element("g", { "shape-rendering": "crispEdges" }, ...bar), ...labels],
    right: left + barWidth + textWidth(numbers.at(-1)!) / 2,
  };
}
