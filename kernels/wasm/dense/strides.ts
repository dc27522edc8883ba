import type { MatrixOperand } from "../../contract.ts";
import { strideOf } from "../launch.ts";

/** A multiple of the rows of both builds' register tiles (5 and 2), so that few tiles are cut by the end of a piece. */
export const rowUnit = 10;

/** Row and column stride of `op(matrix)`. */
export function stridesOf(matrix: MatrixOperand, transpose: boolean): [row: number, column: number] {
  return transpose ? [1, strideOf(matrix)] : [strideOf(matrix), 1];
}
