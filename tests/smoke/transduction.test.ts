import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { averagePrecision, labelError, matrix, transduce } from "../../mod.ts";
import { checkPromises, integers } from "./support.ts";

// Features and labels follow from two whole numbers an item; a third is missing.
const items = 60, factors = integers(items, 2, 4, 3), loadings = integers(8, 2, 3, 4), weights = integers(3, 2, 3, 5);
const product = (other: typeof loadings) => (_: unknown, at: number) => {
  const count = other.shape[0], i = Math.floor(at / count), j = at % count;
  return factors.data[2 * i] * other.data[2 * j] + factors.data[2 * i + 1] * other.data[2 * j + 1];
};
const features = matrix(
  items,
  8,
  Float64Array.from({ length: 8 * items }, product(loadings)).map((value, at) => at % 3 ? value : NaN),
);
const truth = Float64Array.from({ length: 3 * items }, product(weights)).map((value) => value > 0 ? 1 : -1);
const known = (at: number) => Math.floor(at / 3) % 3 > 0;
const labels = matrix(items, 3, truth.map((value, at) => known(at) ? value : NaN));
const hidden = matrix(items, 3, truth.map((value, at) => known(at) ? NaN : value));

describe("transduction, in short", () => {
  for (const method of ["equality", "margin", "soft"] as const) {
    it(`transduce by ${method} finds most labels, by averagePrecision and labelError`, async () => {
      const { scores } = await transduce({ features, labels }, { method });
      assert.ok(labelError(scores, hidden) < 0.25, `${labelError(scores, hidden)}`);
      assert.ok(averagePrecision(scores, hidden) > 0.8, `${averagePrecision(scores, hidden)}`);
    });
  }

  it("keeps what every solver promises", () =>
    checkPromises((solve) => transduce({ features, labels }, solve), ({ scores }) => scores));
});
