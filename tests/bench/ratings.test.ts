import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { movieLensSplit, valuesOf } from "../../bench/ratings.ts";
import { createRandom } from "../../mod.ts";

/** A file as `u.data` is: user, item, rating and time between tabs, 100,000 lines in no order. */
function uData(lines = 100_000): string {
  const { integer } = createRandom(4), text: string[] = [];
  for (let line = 0; line < lines; line++) {
    text.push([1 + integer(943), 1 + integer(1682), 1 + integer(5), 874724710 + line].join("\t"));
  }
  return text.join("\n") + "\n";
}

describe("MovieLens 100k", () => {
  it("the official splits are blocks of lines in the order of the file", () => {
    const text = uData(), lines = text.trim().split("\n").map((line) => line.split("\t").map(Number));
    const users = [...new Set(lines.map(([user]) => user))].sort((a, b) => a - b);
    const items = [...new Set(lines.map(([, item]) => item))].sort((a, b) => a - b);
    for (const fold of [1, 4]) {
      const { name, shape, train, test } = movieLensSplit(text, fold), begin = 20_000 * (fold - 1);
      assert.equal(name, `MovieLens 100k, u${fold}`);
      assert.deepEqual(shape, [users.length, items.length]);
      const told = (ratings: typeof test, k: number) => [
        users[ratings.rows[k]],
        items[ratings.columns[k]],
        ratings.values[k],
      ];
      const held = lines.slice(begin, begin + 20_000),
        fitted = [...lines.slice(0, begin), ...lines.slice(begin + 20_000)];
      assert.deepEqual([test.values.length, train.values.length], [20_000, 80_000]);
      for (const k of [0, 1, 9_999, 19_999]) assert.deepEqual(told(test, k), held[k].slice(0, 3));
      for (const k of [0, 19_999, 20_000, 79_999]) assert.deepEqual(told(train, k), fitted[k].slice(0, 3));
      assert.deepEqual([...valuesOf(train)], [1, 2, 3, 4, 5]);
    }
  });

  it("refuses another file, and another fold", () => {
    assert.throws(() => movieLensSplit(uData(100), 1), /expected 100000 lines, received 100/);
    assert.throws(() => movieLensSplit(uData(), 6), /expected a fold from 1 to 5, received 6/);
  });
});
