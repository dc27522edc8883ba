/** Tables in requests in which some numbers are missing: `null` in JSON, NaN elsewhere. */

import { type Matrix, matrix } from "../solvers/core/mod.ts";
import { type ArraySchema, matrixArgument } from "./arrays.ts";
import { refuse } from "./schema.ts";

/** JSON Schema of rows with blanks. */
export const rowsJson = {
  type: "array",
  description: "A table, row by row, with `null` for what is missing.",
  minItems: 1,
  items: { type: "array", minItems: 1, items: { type: ["number", "null"] } },
};

/** A table that must be there: rows with `null`, or a matrix whose numbers may be NaN. */
export function tableArgument(description: string): ArraySchema<Matrix, true> {
  const whole = matrixArgument(description);
  return {
    ...whole,
    json: { description, anyOf: [rowsJson, { $ref: "#/components/schemas/Matrix" }] },
    read: (value, name) => Array.isArray(value) ? readRows(value, name) : whole.read(value, name),
  };
}

/** Rows of numbers as a matrix, NaN for `null`. @throws {Problem} 422 naming what is wrong */
export function readRows(rows: readonly unknown[], name: string): Matrix {
  const width = Array.isArray(rows[0]) ? rows[0].length : 0, table = matrix(rows.length, width);
  rows.forEach((row, i) => {
    if (!Array.isArray(row) || row.length !== width) throw refuse(`${name}[${i}]`, `an array of ${width} numbers`, row);
    row.forEach((value, j) => {
      if (value !== null && typeof value !== "number") throw refuse(`${name}[${i}][${j}]`, "a number or null", value);
      table.data[i * width + j] = value ?? NaN;
    });
  });
  return table;
}
