import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRandom,
  DataError,
  fromRows,
  type Observations,
  observedEntries,
  OptionError,
  ShapeError,
} from "../../../mod.ts";
import { checkObservations } from "../../../solvers/core/observations.ts";
import { shuffle } from "../../../solvers/sharpness/training_data.ts";

const good: Observations = { shape: [3, 4], rows: [2, 0, 2, 0], columns: [3, 1, 0, 0], values: [5, 6, 7, 8] };
const check = (value: unknown, least?: number) =>
  checkObservations("observed", value as Observations, "complete the matrix", least);

describe("observations", () => {
  it("checkObservations sorts by row and column, keeps the precision, and leaves the caller's lists alone", () => {
    const values = new Float32Array([5, 6, 7, 8]), rows = new Uint32Array([2, 0, 2, 0]);
    const sorted = check({ ...good, rows, values, weights: [1, 2, 3, 0] });
    assert.deepEqual([...sorted.indptr], [0, 1, 1, 3]);
    assert.deepEqual([[...sorted.rows], [...sorted.columns]], [[0, 2, 2], [1, 0, 3]]);
    assert.deepEqual(sorted.values, new Float32Array([6, 7, 5]));
    assert.deepEqual([...sorted.weights!], [2, 3, 1]);
    assert.deepEqual([...sorted.order], [1, 2, 0]);
    assert.deepEqual([...rows], [2, 0, 2, 0]);
    assert.ok(check(good).values instanceof Float64Array);
    // What is beside them is the caller's.
    assert.equal(check({ ...good, names: ["a"], w: 1 }).values.length, 4);
  });

  it("checkObservations refuses what is no set of entries, and names the entry", () => {
    const wrong: [object | undefined, abstract new (...values: never[]) => Error, RegExp][] = [
      [undefined, TypeError, /"observed" must be \{ shape/],
      [{ ...good, rows: "0120" }, TypeError, /must be/],
      [{ ...good, wieghts: [1, 1, 1, 1] }, OptionError, /"observed\.wieghts" is not known; the nearest is "weights"/],
      [{ ...good, weights: 3 }, TypeError, /"weights"/],
      [{ ...good, shape: [0, 4] }, ShapeError, /shape \[0,4\]/],
      [{ ...good, shape: [3, 4, 1] }, ShapeError, /shape/],
      [{ ...good, rows: [1] }, ShapeError, /"rows" of "observed" has 1 element, but "values" has 4/],
      [{ ...good, rows: [3, 0, 2, 0] }, DataError, /entry 0 of "observed" is in row 3 of 3/],
      [{ ...good, columns: [3, 4, 0, 0] }, DataError, /entry 1 of "observed" is in column 4 of 4/],
      [{ ...good, columns: [3, -1, 0, 0] }, DataError, /entry 1/],
      [{ ...good, rows: [0.5, 0, 2, 0] }, DataError, /entry 0/],
      [{ ...good, values: [5, 6, NaN, 8] }, DataError, /entry 2 of "observed" has the value NaN; leave out/],
      [{ ...good, values: [5, Infinity, 7, 8] }, DataError, /entry 1/],
      [{ ...good, weights: [1, 1, -1, 1] }, DataError, /entry 2 of "observed" has the weight -1/],
      [{ ...good, weights: [1, NaN, 1, 1] }, DataError, /entry 1/],
      [{ ...good, weights: [0, 0, 0, 0] }, DataError, /has 0 entries of positive weight, and needs at least 1/],
      [{ ...good, rows: [], columns: [], values: [] }, DataError, /has no entries/],
      [{ ...good, columns: [3, 0, 0, 0] }, DataError, /entry 3 of "observed" is at row 0, column 0, as entry 1 is/],
    ];
    for (const [value, kind, message] of wrong) {
      assert.throws(() => check(value), (error) => error instanceof kind && message.test(error.message), `${message}`);
    }
    assert.equal(check({ ...good, rows: [], columns: [], values: [] }, 0).values.length, 0);
  });

  it("checkObservations sorts short and long lines, and finds what stands twice in them", () => {
    const random = createRandom(1), shape = [7, 500] as const;
    for (const share of [0.01, 0.07, 0.09, 0.5, 1]) {
      const places: [number, number][] = [];
      for (let i = 0; i < shape[0]; i++) {
        for (let j = 0; j < shape[1]; j++) if (random.uniform() < share) places.push([i, j]);
      }
      const order = Array.from(places.keys());
      shuffle(order, random.integer);
      const given = order.map((k) => places[k]);
      const rows = given.map(([i]) => i), columns = given.map(([, j]) => j), values = [...order];
      const sorted = check({ shape, rows, columns, values });
      assert.deepEqual([...sorted.rows], places.map(([i]) => i));
      assert.deepEqual([...sorted.columns], places.map(([, j]) => j));
      assert.deepEqual([...sorted.values], [...places.keys()]);
      assert.deepEqual(Array.from(sorted.order, (k) => order[k]), [...places.keys()]);
      const twice = random.integer(given.length), [i, j] = given[twice];
      const more = { shape, rows: [...rows, i], columns: [...columns, j], values: [...values, 0] };
      const message = `entry ${given.length} of "observed" is at row ${i}, column ${j}, as entry ${twice} is`;
      assert.throws(() => check(more), (error) => error instanceof DataError && error.message.includes(message));
    }
  });

  it("observedEntries takes what is not NaN", () => {
    const { shape, rows, columns, values } = observedEntries(fromRows([[NaN, 1, 2], [3, NaN, NaN]]));
    assert.deepEqual([shape, [...rows], [...columns], [...values]], [[2, 3], [0, 0, 1], [1, 2, 0], [1, 2, 3]]);
  });
});
