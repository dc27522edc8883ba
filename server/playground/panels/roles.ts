/** Choices of fields that panels share. */

import type { Field, Role } from "../panel.ts";

/** Columns of numbers; those of words, which become categories, are taken on request. */
export function numbersAlone(fields: readonly Field[]): string[] {
  return fields.filter(({ kind }) => kind === "numbers").map(({ name }) => name);
}

/** The column that is predicted: one of numbers, by its name where it has a usual one. */
export const targetRole: Role = {
  title: "Target",
  kinds: ["numbers"],
  choose: (fields) =>
    fields.filter(({ name }) => /^(?:y|target|response|outcome)$/i.test(name)).slice(0, 1).map(({ name }) => name),
};
