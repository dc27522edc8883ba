/** The frame of a picture with two axes: title, legend, and where what is drawn goes. @module */

import { type Axis, bottomAxisHeight, leftAxisWidth } from "./axes.ts";
import { type LegendEntry, legendOf } from "./legend.ts";
import { heading, margin } from "./svg.ts";

/** What a frame is made of. */
export interface PlotParts {
  readonly title: string;
  /** Told in the legend, where there are several. */
  readonly entries: readonly LegendEntry[];
  readonly x: Axis;
  readonly y: Axis;
  readonly width: number;
  readonly height: number;
}

/** Title and legend as elements, the area between the axes, and the place of a number along each. */
export function plotOf({ title, entries, x, y, width, height }: PlotParts) {
  const head = heading(title, margin, width - 2 * margin);
  const legend = legendOf(entries.length > 1 ? entries : [], margin, head.height + 8, width - 2 * margin);
  const area = {
    left: Math.round(margin / 2 + leftAxisWidth(y)),
    right: width - 2 * margin,
    top: Math.round(head.height + legend.height + (legend.height > 0 ? 18 : 10)),
    bottom: Math.round(height - margin / 2 - bottomAxisHeight(x)),
  };
  const atX = x.between(area.left, area.right), atY = y.between(area.bottom, area.top);
  return { items: [...head.items, ...legend.items], area, atX, atY };
}
