import { DataError, ShapeError } from "../core/errors.ts";
import { checkMatrix, type Matrix, type Vector } from "../core/matrix.ts";
import type { OriginalOptions } from "./options.ts";
import { counted } from "../core/shown.ts";

/** Numbers below it hold fewer digits the smaller they are. */
const leastNormal = 2 ** -1022;

/** Columns and rows of a tile: two tiles, one read across, fit the first-level cache. */
const tile = 32;

/**
 * Checks that `gram` can be `X X^T`: square, finite, symmetric, with no negative diagonal and no entry beyond
 * `sqrt(gram_ii gram_jj)`. An indefinite matrix that passes is found out later, by its factor or its objective.
 *
 * Rounding is forgiven: 1e-4 of `sqrt(gram_ii gram_jj)` in f32, 1e-8 in f64.
 */
export function checkGram(gram: Matrix, columns: number, action: string, name = "gram"): void {
  checkMatrix(name, gram, action);
  const [rows, width] = gram.shape;
  if (rows !== columns || width !== columns) {
    throw new ShapeError(
      name,
      `Cannot ${action}: "${name}" is ${rows} x ${width}, but "weights" has ${counted(columns, "column")}.`,
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
        name,
        `Cannot ${action}: "${name}" must be positive semidefinite, but is ${diagonal} at row ${j}, column ${j}.`,
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
              name,
              `Cannot ${action}: "${name}" must be positive semidefinite, but ${below} at row ${i}, column ${j} is beyond ` +
                `the geometric mean of the diagonal, ${roots[i] * roots[j]}.`,
            );
          }
        }
      }
    }
  }
  if (largest > 0 && largest ** 2 < leastNormal) {
    throw new DataError(
      name,
      `Cannot ${action}: "${name}" must be 0 or have an entry of at least ${leastNormal}, but its largest is ${
        largest ** 2
      }: such small numbers have lost their digits.`,
    );
  }
  if (worst > tolerance) {
    const [i, j] = [worstRow, worstColumn];
    throw new DataError(
      name,
      `Cannot ${action}: "${name}" must be symmetric, but is ${data[i * columns + j]} at row ${i}, column ${j} and ` +
        `${data[j * columns + i]} at row ${j}, column ${i}.`,
    );
  }
}

/** What rounding may make matrices differ by that belong together, also where f64 holds what was summed in f32. */
export function misfitForgiven(matrices: readonly Vector[]): number {
  return matrices.some((data) => data instanceof Float32Array) ? 1e-4 : 1e-5;
}

/**
 * Checks that `X X~^T` and `X X^T` fit `X~ X~^T`: shapes, and for any two inputs the bounds that Cauchy and Schwarz put on
 * `X X~^T` and on `(X - X~) X~^T`. Other misfits are found out later, by the solve or by the objective.
 */
export function checkOriginal(
  { data: sigma, shape: [columns] }: Matrix,
  original: OriginalOptions,
  action: string,
): void {
  const { cross, gram } = original;
  checkGram(gram, columns, action, "original.gram");
  checkMatrix("original.cross", cross, action);
  const [rows, width] = cross.shape;
  if (rows !== columns || width !== columns) {
    throw new ShapeError(
      "original.cross",
      `Cannot ${action}: "original.cross" is ${rows} x ${width}, but "weights" has ${counted(columns, "column")}.`,
    );
  }
  const tolerance = misfitForgiven([sigma, cross.data, gram.data]),
    diagonalOf = (data: Vector, j: number) => data[j * (columns + 1)];
  const roots = Float64Array.from({ length: columns }, (_, k) => Math.sqrt(diagonalOf(sigma, k)));
  const largest = roots.reduce((most, root) => Math.max(most, root), 0);
  for (let j = 0; j < columns; j++) {
    const own = diagonalOf(gram.data, j), both = own + diagonalOf(sigma, j);
    const apart = both - 2 * diagonalOf(cross.data, j), root = Math.sqrt(own);
    const rootApart = Math.sqrt(Math.max(0, apart) + tolerance * both);
    if (apart < -tolerance * both) {
      throw new DataError(
        "original.cross",
        `Cannot ${action}: "original.cross" does not fit "original.gram" and "gram": ||x - x~||^2 of input ${j} would be ` +
          `${apart}.`,
      );
    }
    for (let k = 0; k < columns; k++) {
      const product = cross.data[j * columns + k], difference = product - sigma[j * columns + k];
      // A tiny input beside a large one has the rounding of the large one.
      const rounded = roots[k] + tolerance * tolerance * largest;
      if (Math.abs(product) <= root * rounded * (1 + tolerance) && Math.abs(difference) <= rootApart * rounded) {
        continue;
      }
      throw new DataError(
        "original.cross",
        `Cannot ${action}: "original.cross" does not fit "original.gram" and "gram": ${product} at row ${j}, column ${k} is ` +
          `beyond what inputs of norms ${root} and ${roots[k]}, of which ${j} moved by ${
            Math.sqrt(Math.max(0, apart))
          }, ` +
          `can give.`,
      );
    }
  }
}
