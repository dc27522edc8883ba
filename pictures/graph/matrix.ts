/** The partial correlations of a precision matrix as a heat map. @module */

import { type Matrix, matrix, type SparseMatrix } from "../../solvers/core/matrix.ts";
import { graphEdges } from "../../solvers/graph/edges.ts";
import { drawHeatMap } from "../heat_map.ts";

/**
 * A heat map of the partial correlations of a precision matrix, its diagonal left empty, as a standalone SVG document.
 * O(variables^2).
 *
 * @param precision Symmetric [variables, variables].
 * @param names Names of the variables; their numbers without it.
 * @param width About the width of the picture, >= 240; 960 without it.
 * @throws {ShapeError} when there are no variables, or more or fewer names
 */
export function drawPartialCorrelations(precision: SparseMatrix, names?: readonly string[], width?: number): string {
  const options = { title: "Partial correlations", rows: names, columns: names, width };
  return drawHeatMap(partialCorrelations(precision), options);
}

function partialCorrelations(precision: SparseMatrix): Matrix {
  const size = precision.shape[0], values = matrix(size, size);
  for (let i = 0; i < size; i++) values.data[i * size + i] = NaN;
  for (const { ends: [i, j], partialCorrelation } of graphEdges(precision)) {
    values.data[i * size + j] = values.data[j * size + i] = partialCorrelation;
  }
  return values;
}
