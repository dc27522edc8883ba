import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { FormatError, parseTriples } from "../../mod.ts";

describe("parseTriples", () => {
  it("reads ratings as MovieLens and LIBMF write them", () => {
    for (
      const source of [
        "196\t242\t3\t881250949\n22\t377\t1.5\t878887116\n",
        "userId,movieId,rating,timestamp\n196,242,3.0,1260759144\n22,377,1.5,1260759179\n",
        "196::242::3::978300760\n22::377::1.5::978302109\n",
        "196 242 3\n22 377 1.5\n",
        "196;242;3\r\n22;377;1,5\r\n",
      ]
    ) {
      const { shape, rows, columns, values, rowNames, columnNames } = parseTriples(
        source,
        source.includes(";") ? { decimal: "," } : {},
      );
      assert.deepEqual([shape, [...rows], [...columns], [...values]], [[2, 2], [1, 0], [0, 1], [3, 1.5]]);
      assert.deepEqual([...rowNames], [["22", 0], ["196", 1]]);
      assert.deepEqual([...columnNames], [["242", 0], ["377", 1]]);
    }
  });

  it("keeps the places of another file, and puts new names after them", () => {
    const train = parseTriples('ann,"up, up",5\nbob,ice,3\n');
    assert.deepEqual([...train.columnNames.keys()], ["ice", "up, up"]);
    const test = parseTriples("bob,ice,4\ncy,air,1\n", {}, train);
    assert.deepEqual([test.shape, [...test.rows], [...test.columns]], [[3, 3], [1, 2], [0, 2]]);
    assert.deepEqual([...train.rowNames.keys()], ["ann", "bob"]);
  });

  const wrong: [string, string, RegExp][] = [
    ["a line without a value", "1 2 3\n4 5\n", /line 2 has 2 cells; a row, a column and a value/],
    ["a value that is a word", "1,2,3\n4,5,good\n", /line 2 has "good" for a value/],
    ["a first value that is missing", "1,2,NaN\n4,5,3\n", /line 1 has "NaN" for a value/],
    ["a value beyond the range", "1,2,1e999\n", /line 1 has "1e999" for a value/],
    ["a row without a name", "1,2,3\n,5,3\n", /line 2 does not say which row/],
    ["nothing", "", /has no lines/],
  ];
  for (const [what, source, message] of wrong) {
    it(`names the line of ${what}`, () => assert.throws(() => parseTriples(source), { name: "FormatError", message }));
  }

  it("takes commas for decimal commas where values are not to be read otherwise, and may be told", () => {
    const read = (text: string, options = {}) => Array.from(parseTriples(text, options).values);
    assert.deepEqual(read("who;what;rating\r\nAnn;Up;4,5\r\nBob;Up;3\r\n"), [4.5, 3]);
    assert.deepEqual(read('Ann,Up,"4,5"\nBob,Up,"3,5"\n'), [4.5, 3.5]);
    // Thousands, or thousandths: who knows.
    assert.throws(() => read("Ann;Up;4,500\nBob;Up;3,000\n"), FormatError);
    assert.deepEqual(read("Ann;Up;4,500\nBob;Up;3,000\n", { decimal: "," }), [4.5, 3]);
    assert.throws(() => read("Ann;Up;4,5\nBob;Up;3.5\n"), /line 1 has "4,5"/);
  });
});
