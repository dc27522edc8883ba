/** Legends: names with their colours. */

import { type Colour, element, label, lineHeight, textWidth } from "./svg.ts";

/** An entry of a legend. */
export interface LegendEntry {
  readonly name: string;
  readonly colour: Colour;
  readonly dashed?: boolean;
  /** How it is drawn. @default "line" */
  readonly mark?: "line" | "dot";
}

/** Entries in rows from `top` down, none wider than `limit` if it is not wider alone. */
export function legendOf(
  entries: readonly LegendEntry[],
  left: number,
  top: number,
  limit: number,
): { items: string[]; height: number; width: number } {
  let x = 0, row = 0, widest = 0;
  const items = entries.map(({ name, colour, dashed, mark = "line" }) => {
    const width = 24 + textWidth(name);
    if (x > 0 && x + width > limit) [x, row] = [0, row + 1];
    const from = left + x, y = top + (row + 0.5) * lineHeight;
    widest = Math.max(widest, x + width);
    x += width + 12;
    const shape = mark === "dot" ? element("circle", { class: colour, cx: from + 9, cy: y, r: 4 }) : element("line", {
      class: colour,
      stroke: "currentColor",
      "stroke-width": 2,
      "stroke-dasharray": dashed ? "5 4" : undefined,
      x1: from,
      x2: from + 18,
      y1: y,
      y2: y,
    });
    return shape + label(name, from + 24, y);
  });
  return { items, height: entries.length > 0 ? (row + 1) * lineHeight : 0, width: widest };
}
