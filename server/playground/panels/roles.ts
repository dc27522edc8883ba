/** Choices of fields that panels share. */

import type { Field } from "../panel.ts";

/** Columns of numbers; those of words, which become categories, are taken on request. */
export function numbersAlone(fields: readonly Field[]): string[] {
  return fields.filter(({ kind }) => kind === "numbers").map(({ name }) => name);
}
