/** Factors of the caller's to start from. @module */

import { DataError, ShapeError } from "../core/errors.ts";
import { checkMatrix, dtypeOf, type Matrix } from "../core/matrix.ts";
import type { Samples } from "./data.ts";
import type { FactorStart } from "./options.ts";

/** Largest magnitudes, in those of the data: products of four factors and long sums of them are far from overflow. */
const mostTimesData = { f32: 1e6, f64: 1e50 };

/** Options as a table knows them, and the factors that `initial` may be instead of a name. */
export function splitStart<Named>(
  options: Omit<Named, "initial"> & { readonly initial?: unknown },
): { readonly named: Named; readonly start?: FactorStart } {
  const initial: unknown = options?.initial;
  if (typeof initial !== "object" || initial === null) return { named: options as Named };
  return { named: { ...options, initial: undefined } as Named, start: initial as FactorStart };
}

/**
 * Checks factors to start from: their shapes, that they are not negative, and that they are not so much larger than the
 * data that squares would overflow.
 *
 * @param scale A power of two of about the largest magnitude of the data.
 * @throws {ShapeError} for other shapes
 * @throws {DataError} for NaN, infinities, negative numbers and magnitudes that are too large
 */
export function checkStart(
  { H, W }: FactorStart,
  { data, shape: [rows, columns] }: Samples,
  rank: number,
  scale: number,
  action: string,
): void {
  const most = mostTimesData[dtypeOf(data)];
  checkFactor("initial.H", H, rank, columns, most * scale, action);
  if (W) checkFactor("initial.W", W, rows, rank, most, action);
}

function checkFactor(label: string, value: Matrix, rows: number, columns: number, most: number, action: string): void {
  checkMatrix(label, value, action);
  if (value.shape[0] !== rows || value.shape[1] !== columns) {
    throw new ShapeError(
      label,
      `Cannot ${action}: expected "${label}" of ${rows} x ${columns}, received ${value.shape.join(" x ")}.`,
    );
  }
  const wrong = value.data.findIndex((entry) => entry < 0 || entry > most);
  if (wrong < 0) return;
  const place = `row ${Math.floor(wrong / columns)}, column ${wrong % columns}`, entry = value.data[wrong];
  const expected = entry < 0 ? "numbers >= 0" : `numbers up to ${Number(most.toPrecision(2))}`;
  throw new DataError(label, `Cannot ${action}: expected ${expected} in "${label}", received ${entry} at ${place}.`);
}
