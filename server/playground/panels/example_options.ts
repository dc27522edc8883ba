/** What can be set of generated tables. */

import { integer } from "../../../solvers/core/options.ts";

/** The table of options of a generated table with so many rows and columns. */
export function generatedTable(rows: number, columns: number, called: string) {
  return {
    rows: integer({ least: 8, most: 20_000, default: rows, about: "Rows of the table." }),
    [called]: integer({ least: 5, most: 500, default: columns, about: "Columns besides." }),
    seed: integer({ least: 0, most: 999_999, default: 1, about: "Of the random numbers." }),
  };
}
