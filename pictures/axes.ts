/** Axes: where values are drawn, and the round numbers beside them. */

import { format } from "d3-format";
import { scaleLinear, scaleLog } from "d3-scale";
import { DataError } from "../solvers/core/errors.ts";
import { element, fontSize, label, textWidth } from "./svg.ts";

/** How an axis is drawn. */
export interface AxisOptions {
  /** What the values are, with their unit. @default none */
  readonly label?: string;
  /** A `log` axis leaves out what is not positive. @default "linear" */
  readonly scale?: "linear" | "log";
}

/** A number on an axis. */
export interface Tick {
  readonly value: number;
  readonly text: string;
}

/** An axis whose place is not given yet. */
export interface Axis {
  readonly options: AxisOptions;
  /** Whether a value can be drawn. */
  shows(value: number): boolean;
  readonly ticks: readonly Tick[];
  /** The place of each value, for an axis from the place `from` to the place `to`. */
  between(from: number, to: number): (value: number) => number;
}

/**
 * An axis for all values that it can show.
 *
 * @param argument Names the values in errors.
 * @param count About the number of ticks.
 * @param round Whether the axis ends at round numbers, not at the extremes.
 * @throws {DataError} when it can show none of them
 */
export function createAxis(
  argument: string,
  values: Iterable<number>,
  options: AxisOptions,
  count: number,
  round: boolean,
): Axis {
  const logarithmic = options.scale === "log";
  const shows = (value: number) => Number.isFinite(value) && (!logarithmic || value > 0);
  let low = Infinity, high = -Infinity;
  for (const value of values) {
    if (!shows(value)) continue;
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low > high) {
    const needed = logarithmic ? "a positive, finite value" : "a finite value";
    throw new DataError(argument, `Cannot draw "${argument}": expected ${needed}, received none.`);
  }
  // A single value is in the middle of its axis.
  if (low === high) {
    const around = low === 0 ? 1 : Math.abs(low) / 2;
    [low, high] = logarithmic ? [low / 2, high * 2] : [low - around, high + around];
  }
  const scale = (logarithmic ? scaleLog() : scaleLinear()).domain([low, high]);
  // Rounding a log axis goes to powers of ten, which would leave most of a short one empty.
  if (round && !(logarithmic && high / low < 100)) scale.nice(count);
  const [first, last] = scale.domain();
  return {
    options,
    shows,
    ticks: ticksOf(scale.ticks(count), logarithmic, count),
    between: (from, to) => {
      const placed = (logarithmic ? scaleLog() : scaleLinear()).domain([first, last]).range([from, to]);
      return (value) => placed(value);
    },
  };
}

/** No more than `count` or so: a log scale offers 1 to 9 of every power of ten. */
function ticksOf(values: readonly number[], logarithmic: boolean, count: number): Tick[] {
  let shown = values;
  if (logarithmic && values.length > count) {
    const powers = values.filter((value) => Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-9);
    const leading = values.filter((value) => [1, 2, 5].includes(Number(value.toExponential()[0])));
    shown = powers.length > 2 ? powers : leading.length > 1 ? leading : values;
    const stride = Math.ceil(shown.length / count);
    shown = shown.filter((_, at) => at % stride === 0);
  }
  const write = numberFormat(shown);
  return shown.map((value) => ({ value, text: write(value) }));
}

/** How numbers of the sizes of these are written: plain where that is short, else as `1.5e-7`. */
export function numberFormat(values: readonly number[]): (value: number) => string {
  const most = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const least = values.reduce((least, value) => value === 0 ? least : Math.min(least, Math.abs(value)), most);
  const plain = most < 1e6 && (most === 0 || least >= 1e-4);
  // Ticks are multiples of their step but for rounding: 12 digits drop it, and the format drops trailing zeros.
  return format(plain ? ".12~r" : ".11~e");
}

/** Where a plot lies. */
export interface PlotArea {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

/** Width that the numbers and the label of an axis at the left need. */
export function leftAxisWidth({ ticks, options }: Axis): number {
  return Math.max(...ticks.map(({ text }) => textWidth(text)), 0) + 12 + (options.label ? 1.7 * fontSize : 0);
}

/** Height that the numbers and the label of an axis at the bottom need. */
export function bottomAxisHeight({ options }: Axis): number {
  return 10 + 1.2 * fontSize + (options.label ? 1.7 * fontSize : 0);
}

/** Grid lines, numbers and label of an axis at the left. */
export function leftAxis(axis: Axis, area: PlotArea): string[] {
  const at = axis.between(area.bottom, area.top), middle = (area.top + area.bottom) / 2;
  const x = area.left - leftAxisWidth(axis) + fontSize / 2 + 2;
  return [
    ...axis.ticks.map(({ value, text }) =>
      element("line", {
        class: "grid",
        stroke: "currentColor",
        x1: area.left,
        x2: area.right,
        y1: at(value),
        y2: at(value),
      }) +
      label(text, area.left - 6, at(value), { class: "muted", "text-anchor": "end" })
    ),
    ...axis.options.label === undefined ? [] : [
      label(axis.options.label, 0, 0, {
        "text-anchor": "middle",
        transform: `translate(${Math.round(x)} ${Math.round(middle)}) rotate(-90)`,
      }),
    ],
  ];
}

/** The line, ticks, numbers and label of an axis at the bottom; numbers that would touch are left out. */
export function bottomAxis(axis: Axis, area: PlotArea): string[] {
  const at = axis.between(area.left, area.right), y = area.bottom;
  let free = -Infinity;
  const ticks = axis.ticks.flatMap(({ value, text }) => {
    const x = at(value), half = textWidth(text) / 2;
    const mark = element("line", { class: "muted", stroke: "currentColor", x1: x, x2: x, y1: y, y2: y + 4 });
    if (x - half < free) return [mark];
    free = x + half + 6;
    return [mark + label(text, x, y + 6 + 0.6 * fontSize, { class: "muted", "text-anchor": "middle" })];
  });
  return [
    element("line", { class: "muted", stroke: "currentColor", x1: area.left, x2: area.right, y1: y, y2: y }),
    ...ticks,
    ...axis.options.label === undefined ? [] : [
      label(axis.options.label, (area.left + area.right) / 2, y + 10 + 2 * fontSize, { "text-anchor": "middle" }),
    ],
  ];
}
