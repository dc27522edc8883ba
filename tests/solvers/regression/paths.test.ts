import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  crossValidateRegression,
  matrix,
  OptionError,
  type RegressionPathPoint,
  sparseRegression,
  sparseRegressionPath,
} from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { simulate } from "./data.ts";

async function collect(path: AsyncIterable<RegressionPathPoint>): Promise<RegressionPathPoint[]> {
  const points: RegressionPathPoint[] = [];
  for await (const point of path) points.push(point);
  return points;
}

/** Independent columns of noise. */
function noise(rows: number, columns: number, seed: number) {
  const random = createRandom(seed);
  const X = matrix(rows, columns, Float64Array.from({ length: rows * columns }, random.normal));
  return { X, y: Float64Array.from({ length: rows }, random.normal) };
}

describe("a path of sparse regressions", () => {
  it("starts empty and ends where nothing is left to enter, for every method", async () => {
    const { X, y } = simulate(40, 8, 3, 0.5, 1, 1);
    for (const method of ["coordinate-descent", "local-search", "auto", "exact"] as const) {
      const points = await collect(sparseRegressionPath(X, y, { method }));
      assert.equal(points[0].support.length, 0, method);
      assert.equal(points[points.length - 1].support.length, 8, method);
      for (let k = 1; k < points.length; k++) {
        assert.ok(points[k].lambda0 < points[k - 1].lambda0);
        assert.notDeepEqual(points[k].support, points[k - 1].support, `${method}: point ${k} says nothing new`);
      }
    }
  });

  it("begins with exact at a price at which the empty model is certainly the best", async () => {
    // Neither column pays alone; together they explain everything.
    const X = matrix(
      8,
      2,
      Float64Array.from({ length: 16 }, (_, k) => (k >> 1) + 1 + (k & 1 ? 0.01 * (-1) ** (k >> 1) : 0)),
    );
    const y = Float64Array.from({ length: 8 }, (_, i) => (-1) ** i);
    const points = await collect(sparseRegressionPath(X, y, { method: "exact" }));
    assert.equal(points[0].support.length, 0);
    for (const { lambda0, objective } of points) {
      const best = await sparseRegression(X, y, { lambda0, method: "exact", gapTolerance: 1e-9 });
      assert.ok(objective <= best.objective * 1.0101, `lambda0 ${lambda0}: ${objective}, best ${best.objective}`);
    }
    assert.ok(points.some(({ support }) => support.length === 2));
  });

  it("has every point inside the interval of its model: a little more or less changes nothing", async () => {
    const { X, y } = simulate(80, 10, 4, 0.3, 1, 2);
    const points = await collect(sparseRegressionPath(X, y, { method: "exact", gapTolerance: 1e-9 }));
    for (const { lambda0, support } of points.slice(1, -1)) {
      for (const share of [0.98, 1.02]) {
        const fit = await sparseRegression(X, y, { lambda0: share * lambda0, method: "exact", gapTolerance: 1e-9 });
        assert.deepEqual(fit.support, support, `${share} x ${lambda0}`);
      }
    }
  });

  it("without a point is an error that says so", async () => {
    const { X, y } = simulate(20, 4, 1, 0, 1, 1);
    const named = (name: string) => (error: OptionError) => error instanceof OptionError && error.argument === name;
    await assert.rejects(collect(sparseRegressionPath(X, y, { lambdas: [] })), named("lambdas"));
    await assert.rejects(collect(sparseRegressionPath(X, y, { always: [0, 1], maxSupport: 1 })), named("maxSupport"));
    await assert.rejects(crossValidateRegression(X, y, { lambdas: [] }), named("lambdas"));
    assert.equal((await collect(sparseRegressionPath(X, y, { maxSupport: 0 }))).length, 1);
    assert.equal((await collect(sparseRegressionPath(X, new Float64Array(20)))).length, 1);
  });
});

describe("a grid of prices", () => {
  const { X, y } = simulate(40, 6, 2, 0.3, 0.5, 7);

  it("is visited from the largest price on, in whatever order it comes", async () => {
    const falling = await collect(sparseRegressionPath(X, y, { lambdas: [40, 10, 1, 0.1] }));
    const mixed = await collect(sparseRegressionPath(X, y, { lambdas: [0.1, 40, 1, 10] }));
    assert.deepEqual(mixed.map(({ lambda0 }) => lambda0), [40, 10, 1, 0.1]);
    assert.deepEqual(mixed.map(({ objective }) => objective), falling.map(({ objective }) => objective));
    const rule = "one-standard-error";
    const one = await crossValidateRegression(X, y, { lambdas: [40, 10, 1, 0.1], rule });
    const other = await crossValidateRegression(X, y, { lambdas: [0.1, 1, 10, 40], rule });
    assert.equal(other.fit.lambda0, one.fit.lambda0);
  });

  it("whose first point has more features than there may be is an error", async () => {
    const options = { lambdas: [1e-9], maxSupport: 1 };
    const refused = { name: "OptionError", argument: "maxSupport", message: /at least the 6 features .* received 1/ };
    await assert.rejects(collect(sparseRegressionPath(X, y, options)), refused);
    await assert.rejects(crossValidateRegression(X, y, options), refused);
  });

  it("follows the data whatever the unit of the response", async () => {
    const plain = await crossValidateRegression(X, y);
    for (const unit of [2 ** 330, 2 ** -330]) {
      const { lambdas, meanSquaredErrors, standardErrors, best } = await crossValidateRegression(
        X,
        y.map((value) => value * unit),
      );
      const pairs = [[lambdas, plain.lambdas], [meanSquaredErrors, plain.meanSquaredErrors], [
        standardErrors,
        plain.standardErrors,
      ]];
      for (const [found, expected] of pairs) {
        assert.equal(found.length, expected.length);
        found.forEach((value, k) => assert.ok(Math.abs(value / unit / unit - expected[k]) <= 1e-6 * expected[k]));
      }
      assert.equal(best, plain.best);
    }
  });
});

describe("crossValidateRegression", () => {
  it("chooses the empty model for most of 20 sets of pure noise", async () => {
    let empty = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { X, y } = noise(60, 10, seed);
      const { fit, best } = await crossValidateRegression(X, y, { seed });
      if (fit.support.length === 0) empty++;
      assert.ok(best > 0 || fit.support.length === 0);
    }
    assert.ok(empty >= 11, `${empty} of 20`);
  });

  it("chooses the two features that there are, in 9 of 10 sets", async () => {
    let right = 0;
    for (let seed = 0; seed < 10; seed++) {
      const { X, y } = noise(60, 10, 100 + seed);
      const response = y.map((value, i) => 2 * X.data[i * 10] - X.data[i * 10 + 2] + 0.3 * value);
      const { fit } = await crossValidateRegression(X, response, { seed });
      if (fit.support.join() === "0,2") right++;
    }
    assert.ok(right >= 9, `${right} of 10`);
  });

  it("fits folds at penalties scaled by their rows", async () => {
    // Six copies of the same samples, a fold each: every fold sees five sixths of the whole, exactly.
    const { X: one, y: response } = simulate(20, 4, 2, 0.3, 0.5, 3), copies = 6;
    const X = matrix(20 * copies, 4, repeat(one.data, copies));
    const y = repeat(response, copies), foldOf = Array.from(y, (_, i) => Math.floor(i / 20));
    const { lambdas, meanSquaredErrors, fit, best } = await crossValidateRegression(X, y, { lambda2: 3, foldOf });
    for (const [k, lambda0] of lambdas.entries()) {
      const whole = await sparseRegression(X, y, { lambda0, lambda2: 3 });
      const errors = y.map((value, i) => {
        let predicted = whole.intercept;
        for (const j of whole.support) predicted += whole.coefficients[j] * X.data[i * 4 + j];
        return (value - predicted) ** 2;
      });
      const mean = errors.reduce((sum, value) => sum + value, 0) / y.length;
      assert.ok(
        Math.abs(mean - meanSquaredErrors[k]) <= 1e-9 * mean,
        `${lambda0}: ${meanSquaredErrors[k]}, not ${mean}`,
      );
    }
    assert.equal(fit.lambda0, lambdas[best]);
  });

  it("keeps groups together, takes own folds, and repeats", async () => {
    const { X, y } = simulate(36, 5, 2, 0.2, 1, 4);
    const groups = Array.from(y, (_, i) => i % 4), lambdas = [5, 1];
    const grouped = await crossValidateRegression(X, y, { lambdas, groups, folds: 4 });
    const own = await crossValidateRegression(X, y, { lambdas, foldOf: groups });
    // Four groups in four folds are the groups themselves, in whatever order.
    own.meanSquaredErrors.forEach((value, k) =>
      assert.ok(Math.abs(value - grouped.meanSquaredErrors[k]) <= 1e-12 * value)
    );
    const once = await crossValidateRegression(X, y, { lambdas });
    const often = await crossValidateRegression(X, y, { lambdas, repeats: 10 });
    assert.notDeepEqual(once.meanSquaredErrors, often.meanSquaredErrors);
    const named = (name: string) => (error: OptionError) => error instanceof OptionError && error.argument === name;
    await assert.rejects(crossValidateRegression(X, y, { groups, folds: 5 }), named("folds"));
    await assert.rejects(crossValidateRegression(X, y, { groups: [1, 2] }), named("groups"));
    await assert.rejects(crossValidateRegression(X, y, { foldOf: [1, 2] }), named("foldOf"));
    await assert.rejects(crossValidateRegression(X, y, { lambda2: [] }), named("lambda2"));
    await assert.rejects(crossValidateRegression(X, y, { foldOf: new Uint32Array(36) }), named("foldOf"));
    await assert.rejects(crossValidateRegression(X, y, { foldOf: groups, repeats: 2 }), named("repeats"));
  });

  it("takes own folds as folds, and not both", async () => {
    const { X, y } = simulate(36, 5, 2, 0.2, 1, 4), foldOf = Uint32Array.from(y, (_, i) => i % 4);
    const one = await crossValidateRegression(X, y, { foldOf });
    for (const folds of [foldOf, [...foldOf]]) {
      assert.deepEqual((await crossValidateRegression(X, y, { folds })).meanSquaredErrors, one.meanSquaredErrors);
    }
    const both = (argument: string) => ({ name: "OptionError", argument, message: /received both/ });
    await assert.rejects(crossValidateRegression(X, y, { folds: foldOf, foldOf }), both("foldOf"));
    await assert.rejects(crossValidateRegression(X, y, { folds: 4, foldOf }), both("folds"));
    const refused = (argument: string) => ({ name: "OptionError", argument });
    await assert.rejects(crossValidateRegression(X, y, { folds: [1, 2] }), refused("folds"));
    await assert.rejects(crossValidateRegression(X, y, { folds: [0.5] }), refused("folds[0]"));
    await assert.rejects(crossValidateRegression(X, y, { folds: new Uint32Array(36) }), refused("folds"));
    const alone = { name: "OptionError", argument: "groups", message: /expected two at least, received 1/ };
    await assert.rejects(crossValidateRegression(X, y, { groups: new Uint32Array(36) }), alone);
  });

  it("counts no fold that is without weight, and names weights that are all in one", async () => {
    const { X, y } = simulate(40, 5, 2, 0.2, 1, 8), foldOf = Array.from(y, (_, i) => i % 5);
    const weights = foldOf.map((fold) => fold === 0 ? 0 : 1), kept = [...y.keys()].filter((i) => foldOf[i] > 0);
    const part = matrix(
      kept.length,
      5,
      Float64Array.from(kept.flatMap((i) => [...X.data.subarray(5 * i, 5 * i + 5)])),
    );
    const weighted = await crossValidateRegression(X, y, { foldOf, weights });
    const fewer = await crossValidateRegression(part, kept.map((i) => y[i]), { foldOf: kept.map((i) => foldOf[i]) });
    for (const name of ["lambdas", "meanSquaredErrors", "standardErrors"] as const) {
      assert.equal(weighted[name].length, fewer[name].length);
      weighted[name].forEach((value, k) =>
        assert.ok(Math.abs(value - fewer[name][k]) <= 1e-9 * value, `${name}: ${value}, ${fewer[name][k]}`)
      );
    }
    const single = foldOf.map((fold) => fold === 0 ? 1 : 0);
    await assert.rejects(crossValidateRegression(X, y, { foldOf, weights: single }), {
      name: "OptionError",
      argument: "weights",
      message: /outside each fold/,
    });
  });

  it("takes by one standard error the fewest features that any ridge allows", async () => {
    for (let seed = 0; seed < 5; seed++) {
      const { X, y } = noise(50, 8, 200 + seed), lambda2 = [0, 5, 50];
      const all = await crossValidateRegression(X, y, { lambda2, rule: "one-standard-error" });
      const each = [];
      for (const one of lambda2) each.push(await crossValidateRegression(X, y, { lambda2: one }));
      assert.deepEqual([...all.lambda2Errors], each.map(({ meanSquaredErrors, best }) => meanSquaredErrors[best]));
      const least = Math.min(...all.lambda2Errors), { standardErrors, best } = each[all.lambda2Errors.indexOf(least)];
      assert.ok(all.meanSquaredErrors[all.best] <= least + standardErrors[best]);
      for (const { meanSquaredErrors, lambdas } of each) {
        const at = meanSquaredErrors.findIndex((value) => value <= least + standardErrors[best]);
        // The first point is the empty model; no other ridge has fewer features.
        if (at === 0 && lambdas.length > 0) assert.equal(all.fit.support.length, 0);
      }
    }
  });

  it("says what limit has ended any of its fits", async () => {
    const { X, y } = simulate(40, 8, 4, 0.5, 1, 9);
    const nodes = await crossValidateRegression(X, y, { method: "exact", gapTolerance: 0, nodeLimit: 1 });
    assert.notEqual(nodes.status, "converged");
    const often = await crossValidateRegression(X, y, { repeats: 10_000, timeLimitMs: 30 });
    assert.equal(often.status, "time-limit");
  });

  it("chooses among ridge penalties", async () => {
    const { X, y } = simulate(40, 30, 30, 0.5, 6, 5), lambda2 = [0, 30, 3000];
    const all = await crossValidateRegression(X, y, { lambda2 });
    assert.deepEqual([...all.lambda2s], lambda2);
    assert.equal(all.lambda2Errors[lambda2.indexOf(all.lambda2)], Math.min(...all.lambda2Errors));
    for (const [k, one] of lambda2.entries()) {
      const alone = await crossValidateRegression(X, y, { lambda2: one });
      assert.equal(alone.meanSquaredErrors[alone.best], all.lambda2Errors[k]);
    }
  });

  it("has one time limit and one progress for the whole call", async () => {
    const { X, y } = simulate(200, 60, 10, 0.8, 2, 6);
    const fractions: number[] = [], began = performance.now();
    const whole = await crossValidateRegression(X, y, {
      folds: 3,
      onProgress: ({ fraction }) => void fractions.push(fraction),
    });
    const took = performance.now() - began;
    assert.equal(whole.status, "converged");
    assert.ok(whole.elapsedMs > whole.fit.elapsedMs && whole.elapsedMs <= took + 1, `${whole.elapsedMs} of ${took} ms`);
    assert.ok(
      fractions.every((value, k) => value >= 0 && value <= 1 && (k === 0 || value >= fractions[k - 1] - 1e-12)),
    );
    assert.ok(new Set(fractions).size > 20 && fractions[fractions.length - 1] > 0.7);
    // Where so many rows are held that errors are summed in steps, too.
    const many = noise(80_000, 16, 1), fractionsOfMany: number[] = [];
    await crossValidateRegression(many.X, many.y, {
      folds: 2,
      lambdas: [1e-3, 1e-6, 0],
      onProgress: ({ fraction }) => void fractionsOfMany.push(fraction),
    });
    assert.ok(fractionsOfMany.every((value, k) => k === 0 || value >= fractionsOfMany[k - 1] - 1e-12));
    const none = await crossValidateRegression(X, y, { timeLimitMs: 0 });
    assert.equal(none.status, "time-limit");
    assert.equal(none.fit.support.length, 0);
    const weights = Float64Array.from(y, (_, i) => 1 + i % 3);
    assert.equal((await crossValidateRegression(X, y, { folds: 3, lambdas: [50], weights })).status, "converged");
  });
});

function repeat(values: ArrayLike<number>, times: number): Float64Array {
  const result = new Float64Array(times * values.length);
  for (let k = 0; k < times; k++) result.set(Array.from(values), k * values.length);
  return result;
}
