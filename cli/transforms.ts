/** Columns transformed before they are compared, on the command line. */

import { columnTransforms, transformColumns } from "../solvers/core/column_transforms.ts";
import { DataError } from "../solvers/core/errors.ts";
import { withNames } from "../solvers/core/names.ts";
import { type FlagTable, UsageError } from "./command.ts";
import type { NamedTable } from "./tables.ts";

/** The option. */
export const transformOption = {
  transform: {
    kind: "text",
    value: "NAME",
    about: "change the columns first: log, log-returns (rows in order of time) or normal-scores (ranks as quantiles " +
      "of the normal distribution)",
  },
} as const satisfies FlagTable;

/**
 * The table with its columns transformed.
 *
 * @throws {UsageError} for an unknown name, and for values that have no logarithm
 */
export function transformed(table: NamedTable, name: string | undefined): NamedTable {
  if (name === undefined) return table;
  const chosen = columnTransforms.find((known) => known === name);
  if (!chosen) throw new UsageError(`Option --transform needs ${columnTransforms.join(", ")}, received "${name}".`);
  try {
    return { ...table, matrix: transformColumns(table.matrix, table.columns, chosen) };
  } catch (error) {
    throw error instanceof DataError ? new UsageError(withNames(error.message)) : error;
  }
}
