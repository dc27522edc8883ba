/** The graph of a precision matrix as a picture. @module */

import { OptionError, ShapeError } from "../../solvers/core/errors.ts";
import type { SparseMatrix } from "../../solvers/core/matrix.ts";
import { type GraphEdge, graphEdges } from "../../solvers/graph/edges.ts";
import {
  type Attributes,
  element,
  heading,
  label,
  lineHeight,
  margin,
  svgDocument,
  textWidth,
  tooltip,
} from "../svg.ts";
import { type Box, layoutGraph } from "./layout.ts";

/** How {@linkcode toSvg} draws. */
export interface DrawingOptions {
  /** Names of the variables, one a vertex. @default their numbers */
  readonly names?: readonly string[];
  /** A group for each variable, shown by colour: at most eight different ones. @default none */
  readonly groups?: readonly string[];
  /** Title above the picture, and its name for screen readers. @default "Conditional dependence" */
  readonly title?: string;
  /** Most edges that are drawn, >= 0: the strongest, with a note of how many were left out. @default 200 */
  readonly edges?: number;
}

/** Fills of groups, light enough for dark text (after Paul Tol's light scheme). */
const fills = ["#99ddff", "#ffcc88", "#bbcc33", "#ffaabb", "#dddddd", "#eedd88", "#44bb99", "#bda6e0"];
/** Of positive and of negative partial correlations: told apart by the colour-blind, seen on light and on dark. */
const positive = "#3f87c9", negative = "#d9662b";
const boxHeight = 22;
/** More variables without an edge than this are counted, not drawn. */
const mostIsolated = 80;
/** Text on boxes, which are light on dark as well. */
const ink = "#1a1a1a";
/** Lengths that an edge should have: of partial correlation 0 and 1. */
const farLength = 125, nearLength = 70;

/**
 * An SVG picture of the graph of a precision matrix: a box for each variable, a line for each edge, wider and stronger
 * with the partial correlation, dashed where it is negative, and a legend. Pointing at an edge tells its partial
 * correlation. Where there are more edges than can be read, the strongest are drawn, and the picture says how many were
 * left out. The same matrix gives the same picture.
 *
 * Components are laid out by stress majorization, O(size^2) a sweep and O(size (size^2 + edges)) for the distances:
 * seconds for a thousand variables.
 *
 * @param precision Symmetric [variables, variables].
 * @returns The text of a standalone SVG document.
 * @throws {ShapeError} when `names` or `groups` are more or fewer than the variables
 * @throws {OptionError} for more groups than there are colours, or a number of edges that is none
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
export function toSvg(precision: SparseMatrix, options: DrawingOptions = {}): string {
  const size = precision.shape[0], { names, groups, title = "Conditional dependence", edges: most = 200 } = options;
  check(size, options);
  const kinds = [...new Set(groups)], name = (i: number) => names?.[i] ?? String(i);
  const all = graphEdges(precision).sort((a, b) => strengthOf(b) - strengthOf(a)), edges = all.slice(0, most);
  const components = componentsOf(size, edges);
  const isolated = components.filter(({ length }) => length === 1).length;
  const shown = isolated > mostIsolated ? components.filter(({ length }) => length > 1) : components;
  const vertices = shown.flat().sort((a, b) => a - b),
    places = new Map(vertices.map((vertex, place) => [vertex, place]));
  const layout = layoutGraph(
    vertices.map((i) => ({ width: widthOf(name(i)), height: boxHeight })),
    edges.map((edge) => ({
      ends: [places.get(edge.ends[0])!, places.get(edge.ends[1])!],
      length: farLength - (farLength - nearLength) * strengthOf(edge),
    })),
    shown.map((component) => component.map((vertex) => places.get(vertex)!)),
  );
  const { boxes } = layout;

  // Strong edges lie over weak ones.
  const lines = edges.toReversed().map((edge) => {
    const [from, to] = edge.ends.map((end) => boxes[places.get(end)!]), value = edge.partialCorrelation;
    const told = tooltip(`${name(edge.ends[0])} - ${name(edge.ends[1])}: ${value.toFixed(3)}`);
    return edgeLine({ x1: from.x, y1: from.y, x2: to.x, y2: to.y }, value, told);
  });
  const drawn = boxes.map((box, place) =>
    rectangle(box, groups ? fills[kinds.indexOf(groups[vertices[place]])] : "#f4f4f4") +
    boxLabel(name(vertices[place]), box)
  );
  const width = Math.max(layout.width, 320);
  const above = heading(title, 0, width);
  const legend = legendOf(edges, kinds, width, layout.height + 1.5 * margin);
  const count = (number: number) => number.toLocaleString("en-US");
  const notes = [
    ...all.length > edges.length ? [`the ${count(edges.length)} strongest of ${count(all.length)} edges`] : [],
    ...shown.length < components.length ? [`${count(isolated)} variables without an edge are not drawn`] : [],
  ];
  return svgDocument({
    left: -margin,
    top: -above.height - margin,
    width: Math.max(width, legend.width, ...notes.map(textWidth)) + 2 * margin,
    height: above.height + 0.5 * margin + legend.bottom + (notes.length + 0.3) * lineHeight + 1.5 * margin,
    title,
    description: `${size} variables and ${all.length} edges`,
  }, [
    element("g", { transform: `translate(0 ${-Math.round(above.height + 0.5 * margin)})` }, ...above.items),
    ...lines,
    ...drawn,
    ...legend.items,
    ...notes.map((note, i) => label(note, 0, legend.bottom + (i + 0.8) * lineHeight, { class: "muted" })),
  ]);
}

function check(size: number, { names, groups, edges }: DrawingOptions): void {
  for (const [argument, given] of Object.entries({ names, groups })) {
    if (given && given.length !== size) {
      throw new ShapeError(
        argument,
        `Cannot draw the graph: there are ${size} variables, but "${argument}" has ${given.length}.`,
      );
    }
  }
  const kinds = new Set(groups).size;
  if (kinds > fills.length) {
    throw new OptionError(
      "groups",
      `Cannot use "groups": expected at most ${fills.length} different ones, received ${kinds}.`,
    );
  }
  if (edges !== undefined && !(Number.isInteger(edges) && edges >= 0)) {
    throw new OptionError("edges", `Cannot use "edges": expected a whole number >= 0, received ${edges}.`);
  }
}

function strengthOf({ partialCorrelation }: GraphEdge): number {
  return Math.min(1, Math.abs(partialCorrelation));
}

function edgeLine(place: Attributes, value: number, ...inside: string[]): string {
  const strength = Math.min(1, Math.abs(value));
  return element(
    "line",
    {
      ...place,
      stroke: value < 0 ? negative : positive,
      "stroke-width": 1 + 9 * strength,
      "stroke-opacity": 0.45 + 0.55 * strength,
      "stroke-dasharray": value < 0 ? "6 4" : undefined,
    },
    ...inside,
  );
}

/** Vertices that the edges connect, the lower first. */
function componentsOf(size: number, edges: readonly GraphEdge[]): number[][] {
  const neighbours: number[][] = Array.from({ length: size }, () => []);
  for (const { ends: [i, j] } of edges) {
    neighbours[i].push(j);
    neighbours[j].push(i);
  }
  const seen = new Set<number>(), components: number[][] = [];
  for (let first = 0; first < size; first++) {
    if (seen.has(first)) continue;
    const component = [first];
    seen.add(first);
    for (const vertex of component) {
      for (const next of neighbours[vertex]) if (seen.size < seen.add(next).size) component.push(next);
    }
    components.push(component.sort((a, b) => a - b));
  }
  return components;
}

/** What lines and fills mean, in rows from `top` down. */
function legendOf(edges: readonly GraphEdge[], kinds: readonly string[], limit: number, top: number) {
  const items: string[] = [];
  let x = 0, y = top + boxHeight / 2, widest = 0;
  const put = (width: number, draw: (left: number, middle: number) => string) => {
    if (x > 0 && x + width > limit) [x, y] = [0, y + boxHeight + 6];
    items.push(draw(x, y));
    x += width + 14;
    widest = Math.max(widest, x - 14);
  };
  // The strongest of each sign, by which the others can be judged.
  for (const sign of [1, -1]) {
    const strongest = edges.find(({ partialCorrelation }) => sign * partialCorrelation > 0);
    if (!strongest) continue;
    const value = strongest.partialCorrelation;
    const text = `${sign > 0 ? "positive" : "negative"} partial correlation, to ${value.toFixed(2)}`;
    put(
      40 + textWidth(text),
      (left, middle) =>
        edgeLine({ class: "legend", x1: left, y1: middle, x2: left + 32, y2: middle }, value) +
        label(text, left + 40, middle),
    );
  }
  if (kinds.length > 0 && x > 0) [x, y] = [0, y + boxHeight + 6];
  for (const [index, kind] of kinds.entries()) {
    const width = widthOf(kind);
    put(width, (left, middle) => {
      const box = { x: left + width / 2, y: middle, width, height: boxHeight };
      return rectangle(box, fills[index]) + boxLabel(kind, box);
    });
  }
  return { items, width: widest, bottom: items.length > 0 ? y + boxHeight / 2 : top };
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
