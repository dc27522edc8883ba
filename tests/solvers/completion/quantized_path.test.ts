import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  chooseQuantized,
  completeQuantized,
  completeQuantizedPath,
  DataError,
  type Observations,
  OptionError,
  type QuantizedCompletion,
  type QuantizedPathPoint,
} from "../../../mod.ts";
import { boundaries, close, problem, quantizedObjective, simulateLevels } from "./levels.ts";

/** The entries that are not left out. */
function without(observed: Observations, leftOut: (row: number, column: number) => boolean) {
  const { shape, rows, columns, values } = observed;
  const kept = Array.from(values).map((_, e) => e).filter((e) => !leftOut(rows[e], columns[e]));
  const pick = (list: ArrayLike<number>) => kept.map((e) => list[e]);
  return { shape, rows: pick(rows), columns: pick(columns), values: pick(values) };
}

describe("completeQuantizedPath", () => {
  it("follows a path from offsets alone, each point at its own optimum", async () => {
    const { observed } = problem(true), points: QuantizedPathPoint[] = [];
    const path = { boundaries, lambdaDecay: 0.6, tolerance: 1e-7 } as const;
    for await (const point of completeQuantizedPath(observed, { ...path, count: 5, holdout: 0 })) points.push(point);
    assert.ok(points[0].rank === 0 && points[1].rank > 0 && Number.isNaN(points[0].holdoutLoss), `${points[0].rank}`);
    for (const { lambda, objective, certified } of points) {
      const alone = await completeQuantized(observed, { lambda, boundaries, tolerance: 1e-7 });
      assert.ok(certified);
      close(objective, alone.objective, 2e-7, `the objective at ${lambda}`);
    }
    for (const method of ["alternating", "alm"] as const) {
      const lambdas = [8, 4], fits: QuantizedPathPoint[] = [];
      for await (const fit of completeQuantizedPath(observed, { boundaries, method, lambdas, holdout: 0 })) {
        fits.push(fit);
      }
      const alone = await completeQuantized(observed, { lambda: 4, boundaries });
      close(fits[1].objective, alone.objective, 2e-6, `the objective by ${method}`);
      assert.ok(fits[1].certified);
    }
    await assert.rejects(completeQuantizedPath(observed, { lambdas: [1, 2] }).next(), OptionError);
  });
});

describe("chooseQuantized", () => {
  it("chooses the price by held-out levels: better than offsets alone, no worse than its neighbours, at other levels", async () => {
    const { observed, hidden } = problem(true, [80, 60]), { fit, lambda, holdout } = await chooseQuantized(observed);
    assert.ok(fit.certified && holdout.lambdas[holdout.best] === lambda);
    assert.ok(holdout.losses.every((loss) => loss >= holdout.losses[holdout.best]));
    const loss = async (price: number) => {
      const other = price === lambda ? fit : await completeQuantized(observed, { lambda: price, tolerance: 1e-4 });
      const { probabilities } = other.predict(hidden.rows, hidden.columns);
      return hidden.values.reduce((sum, level, k) => sum - Math.log(probabilities.data[5 * k + level]), 0);
    };
    const own = await loss(lambda);
    assert.ok(own < 0.97 * await loss(1e4), "offsets alone");
    for (const other of [lambda / 3, 3 * lambda]) assert.ok(own < await loss(other), `${other} in place of ${lambda}`);
    const few = { shape: [2, 2] as const, rows: [0, 1], columns: [0, 1], values: [0, 1] };
    await assert.rejects(chooseQuantized(few), DataError);
    const late = await chooseQuantized(observed, { timeLimitMs: 30 });
    assert.equal(late.fit.status, "time-limit");
    // Fitted to all entries, or to those that were not held out, where the time was up before anything was tried.
    const held = new Set(Array.from(late.holdout.rows, (row, k) => row * 60 + late.holdout.columns[k]));
    const kept = late.holdout.lambdas.length > 1
      ? observed
      : without(observed, (row, column) => held.has(row * 60 + column));
    close(
      late.fit.objective,
      quantizedObjective(late.fit, kept, { lambda: late.lambda, offsetPenalty: 2 }),
      1e-12,
      "the objective of what was left unfinished",
    );
  });

  it("chooses offsets where rows and columns have some, and none where they have none, as in noise alone", async () => {
    const { hidden, ...withOffsets } = problem(true, [80, 60]), without = problem(false, [80, 60]);
    const loss = (fit: QuantizedCompletion, { rows, columns, values }: typeof hidden) => {
      const { data } = fit.predict(rows, columns).probabilities;
      return values.reduce((sum, level, k) => sum - Math.log(data[5 * k + level]), 0) / values.length;
    };
    const options = { tolerance: 1e-3 };
    for (
      const [own, levels, others] of [[true, withOffsets.observed, hidden], [
        false,
        without.observed,
        without.hidden,
      ]] as const
    ) {
      const { fit, offsets, holdout } = await chooseQuantized(levels, options);
      assert.ok(offsets === own && (fit.rowOffsets !== undefined) === own, `${own}`);
      assert.ok(holdout.losses.every((loss) => loss >= holdout.losses[holdout.best]));
      const asked = await chooseQuantized(levels, { ...options, offsets: !own });
      assert.ok(asked.offsets !== own && (asked.fit.rowOffsets !== undefined) !== own);
      assert.ok(loss(fit, others) < loss(asked.fit, others), `offsets ${own}: ${loss(fit, others)}`);
    }
    const noise = { rows: 40, columns: 30, rank: 0, boundaries, share: 0.5 };
    for (let seed = 1; seed <= 6; seed++) {
      const { offsets } = await chooseQuantized(simulateLevels({ ...noise, seed }).observed, { ...options, seed });
      assert.ok(!offsets, `noise of seed ${seed}`);
    }
  });

  it("gives up a price that is clearly worse, and chooses as the path does that is solved to its end", async () => {
    for (const seed of [1, 2]) {
      const { observed } = problem(true, [50, 40]), path: QuantizedPathPoint[] = [];
      const { holdout } = await chooseQuantized(observed, { seed, boundaries, offsets: true });
      const options = { seed, boundaries, tolerance: 1e-3, count: holdout.losses.length };
      for await (const point of completeQuantizedPath(observed, options)) path.push(point);
      const losses = path.map(({ holdoutLoss }) => holdoutLoss), last = losses.length - 1;
      assert.equal(losses.indexOf(Math.min(...losses)), holdout.best);
      assert.deepEqual(Array.from(holdout.losses.subarray(0, last)), losses.slice(0, last));
      assert.ok(holdout.losses[last] <= losses[last] * (1 + 1e-9), `${holdout.losses[last]}, ${losses[last]}`);
    }
  });
});
