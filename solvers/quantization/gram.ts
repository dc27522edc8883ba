import { DataError, ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix } from "../core/matrix.ts";

/** Columns and rows of a tile: two tiles, one read across, fit the first-level cache. */
const tile = 32;

/**
 * Checks that `gram` can be `X X^T`: square, finite, symmetric, with no negative diagonal and no entry beyond
 * `sqrt(gram_ii gram_jj)`. An indefinite matrix that passes is found out later, by its factor or its objective.
 *
 * Rounding is forgiven: 1e-4 of `sqrt(gram_ii gram_jj)` in f32, 1e-8 in f64.
 */
export function checkGram(gram: Matrix, columns: number, action: string): void {
  checkMatrix("gram", gram, action);
  const [rows, width] = gram.shape;
  if (rows !== columns || width !== columns) {
    throw new ShapeError(
      "gram",
      `Cannot ${action}: "gram" is ${rows} x ${width}, but "weights" has ${columns} columns.`,
    );
  }
  const { data } = gram;
  const tolerance = data instanceof Float32Array ? 1e-4 : 1e-8;
  const roots = new Float64Array(columns);
  let largest = 0;
  for (let j = 0; j < columns; j++) {
    const diagonal = data[j * columns + j];
    if (diagonal < 0) {
      throw new DataError(
        "gram",
        `Cannot ${action}: "gram" must be positive semidefinite, but is ${diagonal} at row ${j}, column ${j}.`,
      );
    }
    roots[j] = Math.sqrt(diagonal);
    largest = Math.max(largest, roots[j]);
  }
  let worst = 0, worstRow = 0, worstColumn = 0;
  for (let i0 = 0; i0 < columns; i0 += tile) {
    for (let j0 = 0; j0 <= i0; j0 += tile) {
      for (let i = i0; i < Math.min(i0 + tile, columns); i++) {
        for (let j = j0; j < Math.min(j0 + tile, i); j++) {
          const below = data[i * columns + j], above = data[j * columns + i];
          const bound = roots[i] * roots[j] + tolerance * tolerance * largest * largest;
          const difference = Math.abs(below - above);
          if (difference > worst * bound) [worst, worstRow, worstColumn] = [difference / bound, i, j];
          if (Math.abs(below) > bound * (1 + tolerance)) {
            throw new DataError(
              "gram",
              `Cannot ${action}: "gram" must be positive semidefinite, but ${below} at row ${i}, column ${j} is beyond ` +
                `the geometric mean of the diagonal, ${roots[i] * roots[j]}.`,
            );
          }
        }
      }
    }
  }
  if (worst > tolerance) {
    const [i, j] = [worstRow, worstColumn];
    throw new DataError(
      "gram",
      `Cannot ${action}: "gram" must be symmetric, but is ${data[i * columns + j]} at row ${i}, column ${j} and ` +
        `${data[j * columns + i]} at row ${j}, column ${i}.`,
    );
  }
}
