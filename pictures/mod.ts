/**
 * Pictures of what the solvers find, and graphs for other programs.
 *
 * @module
 */

export { type DrawingOptions, toSvg } from "./graph/drawing.ts";
export { toDot, toEdgeList, toGraphMl } from "./graph/export.ts";
