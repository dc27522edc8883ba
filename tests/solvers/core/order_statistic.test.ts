import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { orderStatistic } from "../../../solvers/core/order_statistic.ts";
import { createRandom } from "../../../solvers/core/random.ts";

describe("orderStatistic", () => {
  const random = createRandom(5);
  const samples: Readonly<Record<string, Float64Array>> = {
    one: Float64Array.of(3),
    two: Float64Array.of(2, 1),
    equal: new Float64Array(50).fill(7),
    ascending: Float64Array.from({ length: 60 }, (_, i) => i),
    descending: Float64Array.from({ length: 60 }, (_, i) => -i),
    "few values": Float64Array.from({ length: 200 }, () => Math.floor(4 * random.uniform())),
    normal: Float64Array.from({ length: 301 }, random.normal),
  };

  it("is what sorting gives, and parts the numbers there", () => {
    for (const [name, sample] of Object.entries(samples)) {
      const sorted = sample.slice().sort();
      for (let k = 0; k < sample.length; k++) {
        const values = sample.slice();
        assert.equal(orderStatistic(values, k), sorted[k], `${name}, ${k}`);
        assert.ok(values.subarray(0, k).every((value) => value <= sorted[k]), name);
        assert.ok(values.subarray(k).every((value) => value >= sorted[k]), name);
        assert.deepEqual(values.sort(), sorted, `${name} keeps its numbers`);
      }
    }
  });

  it("goes on from a part that is known", () => {
    const values = samples.normal.slice(), sorted = samples.normal.slice().sort();
    assert.equal(orderStatistic(values, 10), sorted[10]);
    assert.equal(orderStatistic(values, 290, 11), sorted[290]);
    assert.equal(orderStatistic(values, 11, 11), sorted[11]);
  });
});
