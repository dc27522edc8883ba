/** The graph of a precision matrix as a picture. @module */

import { OptionError, ShapeError } from "../../solvers/core/errors.ts";
import type { SparseMatrix } from "../../solvers/core/matrix.ts";
import { graphEdges } from "../../solvers/graph/edges.ts";
import { graphComponents } from "../../solvers/graph/structure.ts";
import { element, label, svgDocument, textWidth, tooltip } from "../svg.ts";
import { type Box, layoutGraph } from "./layout.ts";

/** How {@linkcode toSvg} draws. */
export interface DrawingOptions {
  /** Names of the variables, one a vertex. @default their numbers */
  readonly names?: readonly string[];
  /** A group for each variable, shown by colour: at most eight different ones. @default none */
  readonly groups?: readonly string[];
}

/** Fills of groups, light enough for dark text (after Paul Tol's light scheme). */
const fills = ["#99ddff", "#ffcc88", "#bbcc33", "#ffaabb", "#dddddd", "#eedd88", "#44bb99", "#bda6e0"];
/** Of positive and of negative partial correlations: told apart by the colour-blind, seen on light and on dark. */
const positive = "#3f87c9", negative = "#d9662b";
const margin = 16, boxHeight = 22;
/** Text on boxes, which are light on dark as well. */
const ink = "#1a1a1a";
/** Lengths that an edge should have: of partial correlation 0 and 1. */
const farLength = 125, nearLength = 70;

/**
 * An SVG picture of the graph of a precision matrix: a box for each variable, a line for each edge, wider and stronger
 * with the partial correlation, dashed where it is negative. Pointing at an edge tells its partial correlation. The
 * same matrix gives the same picture.
 *
 * Components are laid out by stress majorization, O(size^2) a sweep and O(size (size^2 + edges)) for the distances:
 * seconds for a thousand variables.
 *
 * @param precision Symmetric [variables, variables].
 * @returns The text of a standalone SVG document.
 * @throws {ShapeError} when `names` or `groups` are more or fewer than the variables
 * @throws {OptionError} for more groups than there are colours
 *
 * @example
 * ```ts
 * import { fromRows, sparsePrecision } from "@minima/minima";
 * import { toSvg } from "@minima/minima/pictures";
 * const samples = fromRows([[2, 2, 1], [-2, -2, 1], [1, 1, -1], [-1, -1, -1], [3, 2, 0], [-3, -2, 0]]);
 * const { precision } = await sparsePrecision(samples, { lambda0: 0.3, lambda2: 0.1 });
 * const picture = toSvg(precision, { names: ["rain", "snow", "sun"] });
 * if (!picture.includes("rain - snow")) throw new Error("one edge");
 * ```
 */
export function toSvg(precision: SparseMatrix, { names, groups }: DrawingOptions = {}): string {
  const size = precision.shape[0];
  for (const [argument, given] of Object.entries({ names, groups })) {
    if (given && given.length !== size) {
      throw new ShapeError(
        argument,
        `Cannot draw the graph: there are ${size} variables, but "${argument}" has ${given.length}.`,
      );
    }
  }
  const kinds = [...new Set(groups)];
  if (kinds.length > fills.length) {
    throw new OptionError(
      "groups",
      `Cannot use "groups": expected at most ${fills.length} different ones, received ${kinds.length}.`,
    );
  }
  const name = (i: number) => names?.[i] ?? String(i);
  const edges = graphEdges(precision);
  const { boxes, width, height } = layoutGraph(
    Array.from({ length: size }, (_, i) => ({ width: widthOf(name(i)), height: boxHeight })),
    edges.map(({ ends, partialCorrelation }) => ({
      ends,
      length: farLength - (farLength - nearLength) * Math.min(1, Math.abs(partialCorrelation)),
    })),
    componentsOf(precision),
  );

  // Strong edges lie over weak ones.
  const lines = edges.toSorted((a, b) => Math.abs(a.partialCorrelation) - Math.abs(b.partialCorrelation))
    .map(({ ends: [i, j], partialCorrelation: value }) => {
      const strength = Math.min(1, Math.abs(value));
      return element(
        "line",
        {
          x1: boxes[i].x,
          y1: boxes[i].y,
          x2: boxes[j].x,
          y2: boxes[j].y,
          stroke: value < 0 ? negative : positive,
          "stroke-width": 1 + 9 * strength,
          "stroke-opacity": 0.45 + 0.55 * strength,
          "stroke-dasharray": value < 0 ? "6 4" : undefined,
        },
        tooltip(`${name(i)} - ${name(j)}: ${value.toFixed(3)}`),
      );
    });
  const vertices = boxes.map((box, i) =>
    rectangle(box, groups ? fills[kinds.indexOf(groups[i])] : "#f4f4f4") + boxLabel(name(i), box)
  );
  const legend = groups ? legendOf(kinds, width, height + 2 * margin) : { items: [], height: 0, width: 0 };
  return svgDocument({
    left: -margin,
    top: -margin,
    width: Math.max(width, legend.width) + 2 * margin,
    height: height + 2 * margin + legend.height,
    title: "Conditional dependence",
    description: `${size} variables and ${edges.length} edges`,
  }, [...lines, ...vertices, ...legend.items]);
}

function componentsOf(precision: SparseMatrix): number[][] {
  const { count, labels } = graphComponents(precision);
  const components: number[][] = Array.from({ length: count }, () => []);
  labels.forEach((component, i) => components[component].push(i));
  return components;
}

function legendOf(kinds: readonly string[], limit: number, top: number) {
  const items: string[] = [];
  let x = 0, y = top, widest = 0;
  for (const [index, kind] of kinds.entries()) {
    const width = widthOf(kind);
    if (x > 0 && x + width > limit) [x, y] = [0, y + boxHeight + 6];
    const box = { x: x + width / 2, y, width, height: boxHeight };
    items.push(rectangle(box, fills[index]) + boxLabel(kind, box));
    x += width + 6;
    widest = Math.max(widest, x);
  }
  return { items, height: 2 * margin + y - top + boxHeight / 2, width: widest };
}

function rectangle(box: Box, fill: string): string {
  const { width, height } = box;
  return element("rect", {
    x: box.x - width / 2,
    y: box.y - height / 2,
    width,
    height,
    rx: height / 2,
    fill,
    stroke: "#8a8a8a",
  });
}

function boxLabel(text: string, { x, y }: Box): string {
  return label(text, x, y, { "text-anchor": "middle", fill: ink });
}

function widthOf(text: string): number {
  return Math.max(boxHeight, 14 + textWidth(text));
}
