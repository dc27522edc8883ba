import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { withNames } from "../../../solvers/core/names.ts";

describe("withNames", () => {
  const names = { row: ["Ann", "Bob", "Cid"], column: ["a", "b", "c"] };
  for (
    const [sentence, own, read] of [
      ["The rows 0, 2 have no entry: predicted by them.", names, "The rows Ann, Cid have no entry: predicted by them."],
      ["Columns 1 and 2 are zero.", names, "Columns b and c are zero."],
      ["Columns 0, 2 are zero.", { column: ["column 1", "b", "column 3"] }, "Columns 1, 3 are zero."],
      ["The rows 0, 1, 2 and 4 more have no entry.", {}, "The rows 1, 2, 3 and 4 more have no entry."],
      ['"X" has -4 at row 1, column 0; expected 3 rows.', {}, '"X" has -4 at row 2, column 1; expected 3 rows.'],
      [
        "Nothing is observed of item 9: predicted by the means.",
        names,
        "Nothing is observed of item 10: predicted by the means.",
      ],
      ["There are 7 features: no task can have 9.", names, "There are 7 features: no task can have 9."],
    ] as const
  ) it(`reads "${sentence}"`, () => assert.equal(withNames(sentence, own), read));
});
