import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { archetypalNmf, createRandom, type Matrix, matrix } from "../../../mod.ts";

/** `min ||h - v X||^2` over `v` on the simplex and `h >= 0` on a support, by many plain gradient steps: never too low. */
function distanceOf({ data, shape: [rows, columns] }: Matrix, support: ReadonlySet<number>): number {
  let length = 0;
  for (const value of data) length += value * value;
  let v = new Float64Array(rows).fill(1 / rows), least = Infinity;
  for (let step = 0; step < 1000; step++) {
    const residual = new Float64Array(columns);
    for (let j = 0; j < columns; j++) {
      if (support.has(j)) continue;
      for (let i = 0; i < rows; i++) residual[j] += v[i] * data[i * columns + j];
    }
    least = Math.min(least, residual.reduce((sum, value) => sum + value * value, 0));
    const next = v.map((value, i) => {
      let slope = 0;
      for (let j = 0; j < columns; j++) slope += data[i * columns + j] * residual[j];
      return value - slope / length;
    });
    v = projected(next);
  }
  return least;
}

function projected(x: Float64Array<ArrayBuffer>): Float64Array<ArrayBuffer> {
  const sorted = x.slice().sort().reverse();
  let sum = 0, theta = 0;
  sorted.forEach((value, i) => {
    sum += value;
    if (value > (sum - 1) / (i + 1)) theta = (sum - 1) / (i + 1);
  });
  return x.map((value) => Math.max(0, value - theta));
}

/** The least distance of `rank` archetypes with a budget from the hull: by all supports of each. */
function leastDistance(X: Matrix, rank: number, nonzeros: number): number {
  const columns = X.shape[1], byCount = new Float64Array(columns + 1).fill(Infinity);
  for (let mask = 0; mask < 2 ** columns; mask++) {
    const support = new Set(Array.from({ length: columns }, (_, j) => j).filter((j) => mask >> j & 1));
    byCount[support.size] = Math.min(byCount[support.size], distanceOf(X, support));
  }
  let best = new Float64Array(nonzeros + 1);
  for (let t = 0; t < rank; t++) {
    best = Float64Array.from(best, (_, left) => {
      let least = Infinity;
      for (let count = 0; count <= Math.min(left, columns); count++) {
        least = Math.min(least, byCount[count] + best[left - count]);
      }
      return least;
    });
  }
  return best[nonzeros];
}

const samples = (seed: number, rows: number, columns: number, scale = 1) => {
  const { uniform } = createRandom(seed);
  return matrix(rows, columns, Float64Array.from({ length: rows * columns }, () => scale * (0.2 + uniform())));
};

describe("the bound on archetypes of few entries", () => {
  it("is below what enumeration finds, and above nothing", async () => {
    let positive = 0, share = 0;
    for (let seed = 0; seed < 12; seed++) {
      const X = samples(seed, 6, 4), rank = 2, nonzeros = seed % 6;
      const { archetypal, archetypalBound } = await archetypalNmf(X, {
        rank,
        nonzeros,
        archetypalBound: true,
        lambda: 5,
      });
      const least = leastDistance(X, rank, nonzeros);
      assert.ok(archetypalBound! <= least * (1 + 1e-9), `${seed}: the bound ${archetypalBound} is above ${least}`);
      assert.ok(archetypalBound! <= archetypal * (1 + 1e-9));
      if (archetypalBound! > 0) positive++;
      share = Math.max(share, archetypalBound! / least);
      // Without an entry the bound is the distance of the hull from zero.
      if (nonzeros === 0) assert.ok(archetypalBound! > 0.999 * least, `${archetypalBound} of ${least}`);
    }
    assert.ok(positive >= 4 && share > 0.999, `${positive} of 12 are above 0, at most ${share} of the least`);
  });

  it("falls with the budget to nothing, and has the units of the squares, in f32 too", async () => {
    const bounds: number[] = [];
    for (const nonzeros of [0, 4, 8, 16, 60]) {
      const options = { rank: 2, nonzeros, archetypalBound: true, maxIterations: 3 } as const;
      const one = await archetypalNmf(samples(3, 40, 30), options);
      const large = await archetypalNmf(samples(3, 40, 30, 2 ** 27), options);
      assert.ok(Math.abs(large.archetypalBound! / 2 ** 54 - one.archetypalBound!) <= 1e-9 * one.archetypalBound!);
      const single = await archetypalNmf(
        matrix(40, 30, Float32Array.from(samples(3, 40, 30).data)),
        options,
      );
      assert.ok(Math.abs(single.archetypalBound! - one.archetypalBound!) <= 1e-3 * one.archetypalBound!);
      bounds.push(one.archetypalBound!);
    }
    assert.deepEqual(bounds, bounds.toSorted((a, b) => b - a));
    assert.ok(bounds[2] > 0);
    assert.equal(bounds.at(-1), 0);
    const without = await archetypalNmf(samples(3, 40, 30), { rank: 2, nonzeros: 4 });
    assert.equal(without.archetypalBound, undefined);
  });

  it("is valid when the time is up", async () => {
    const X = samples(5, 300, 200), options = { rank: 3, nonzeros: 30, archetypalBound: true } as const;
    const early = await archetypalNmf(X, { ...options, timeLimitMs: 0 }), whole = await archetypalNmf(X, options);
    assert.ok(early.archetypalBound! >= 0 && early.archetypalBound! <= whole.archetypalBound! * (1 + 1e-3));
    assert.ok(whole.archetypalBound! > 0 && whole.archetypalBound! <= whole.archetypal);
  });
});
