/** Graphs as text: edge lists, GraphML, DOT. @module */

import { ShapeError } from "../../solvers/core/errors.ts";
import type { SparseMatrix } from "../../solvers/core/matrix.ts";
import { graphEdges } from "../../solvers/graph/edges.ts";
import { escapeXml } from "../svg.ts";

/**
 * A CSV table `source,target,value,partial_correlation`, one edge a line.
 *
 * @param names Names of the variables; their numbers without it.
 * @throws {ShapeError} when there are more or fewer names than variables
 *
 * @example
 * ```ts
 * import { toEdgeList } from "@minima/minima/pictures";
 * const pair = {
 *   format: "csr" as const,
 *   shape: [2, 2] as const,
 *   indptr: new Uint32Array([0, 2, 4]),
 *   indices: new Uint32Array([0, 1, 0, 1]),
 *   data: new Float64Array([2, -1, -1, 2]),
 * };
 * if (!toEdgeList(pair, ["a", "b"]).endsWith("a,b,-1,0.5\n")) throw new Error("one edge");
 * ```
 */
export function toEdgeList(precision: SparseMatrix, names?: readonly string[]): string {
  const name = namesOf(precision, names);
  const quote = (text: string) => /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  const lines = graphEdges(precision).map(({ ends: [i, j], value, partialCorrelation }) =>
    `${quote(name(i))},${quote(name(j))},${value},${partialCorrelation}\n`
  );
  return `source,target,value,partial_correlation\n${lines.join("")}`;
}

/**
 * A GraphML document: vertices with a `name`, edges with a `value` and a `partial_correlation`.
 *
 * @throws {ShapeError} when there are more or fewer names than variables
 */
export function toGraphMl(precision: SparseMatrix, names?: readonly string[]): string {
  const name = namesOf(precision, names);
  const vertices = Array.from(
    { length: precision.shape[0] },
    (_, i) => `    <node id="n${i}"><data key="name">${escapeXml(name(i))}</data></node>\n`,
  );
  const edges = graphEdges(precision).map(({ ends: [i, j], value, partialCorrelation }) =>
    `    <edge source="n${i}" target="n${j}"><data key="value">${value}</data>` +
    `<data key="partial_correlation">${partialCorrelation}</data></edge>\n`
  );
  return `<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
  <key id="name" for="node" attr.name="name" attr.type="string"/>
  <key id="value" for="edge" attr.name="value" attr.type="double"/>
  <key id="partial_correlation" for="edge" attr.name="partial_correlation" attr.type="double"/>
  <graph edgedefault="undirected">
${vertices.join("")}${edges.join("")}  </graph>
</graphml>
`;
}

/**
 * A DOT document for Graphviz; edges are labelled by partial correlation, negative ones dashed.
 *
 * @throws {ShapeError} when there are more or fewer names than variables
 */
export function toDot(precision: SparseMatrix, names?: readonly string[]): string {
  const name = namesOf(precision, names);
  const quote = (text: string) => `"${text.replace(/["\\]/g, "\\$&")}"`;
  const vertices = Array.from({ length: precision.shape[0] }, (_, i) => `  ${i} [label=${quote(name(i))}];\n`);
  const edges = graphEdges(precision).map(({ ends: [i, j], partialCorrelation }) => {
    const style = partialCorrelation < 0 ? ", style=dashed" : "";
    return `  ${i} -- ${j} [label="${partialCorrelation.toFixed(2)}"${style}];\n`;
  });
  return `graph {\n${vertices.join("")}${edges.join("")}}\n`;
}

function namesOf({ shape: [size] }: SparseMatrix, names?: readonly string[]): (i: number) => string {
  if (names && names.length !== size) {
    throw new ShapeError("names", `Cannot name the vertices: there are ${size}, but "names" has ${names.length}.`);
  }
  return (i) => names?.[i] ?? String(i);
}
