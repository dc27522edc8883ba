import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  chooseQuantized,
  completeQuantized,
  DataError,
  foldIn,
  fromRows,
  matrix,
  observedEntries,
  OptionError,
  predictQuantized,
  type QuantizedOptions,
  ShapeError,
} from "../../../mod.ts";
import { boundaries, close, problem, quantizedObjective, simulateLevels } from "./levels.ts";

const methods = ["proximal-gradient", "alternating", "alm"] as const;
const place = { backend: "wasm" } as const;

describe("completeQuantized", () => {
  for (const offsets of [false, true]) {
    const { observed } = problem(offsets, [80, 60]), what = offsets ? "with offsets" : "without offsets";
    it(`reaches one certified optimum by every method, ${what}`, async () => {
      const options = { lambda: 4, boundaries, offsets, tolerance: 1e-8, ...place };
      const convex = await completeQuantized(observed, {
        ...options,
        method: "proximal-gradient",
        maxIterations: 20_000,
      });
      assert.ok(convex.certified && convex.proved && convex.gap <= 1e-8, `${convex.status} at ${convex.gap}`);
      for (const method of ["alternating", "alm"] as const) {
        const fit = await completeQuantized(observed, {
          ...options,
          method,
          tolerance: 1e-8,
          maxIterations: 20_000,
          rank: 20,
        });
        assert.ok(fit.certified && fit.proved, `${method}: ${fit.status} at ${fit.gap}`);
        close(fit.objective, convex.objective, 1e-8, method);
        close(
          fit.objective,
          quantizedObjective(fit, observed, { lambda: 4, offsetPenalty: 2 }),
          1e-12,
          "the objective",
        );
      }
      close(convex.objective, quantizedObjective(convex, observed, { lambda: 4, offsetPenalty: 2 }), 1e-12, "convex");
    });

    it(`bounds the optimum from early answers too, ${what}`, async () => {
      const options = { lambda: 3, boundaries, offsets, ...place },
        { objective: optimum } = await completeQuantized(
          observed,
          { ...options, method: "proximal-gradient", tolerance: 1e-8 },
        );
      for (const method of methods) {
        for (const maxIterations of [1, 3, 10, 30]) {
          const fit = await completeQuantized(observed, { ...options, method, maxIterations });
          const sound = fit.lowerBound <= optimum && optimum <= fit.objective * (1 + 1e-12);
          assert.ok(sound, `${method}, ${maxIterations}: ${fit.lowerBound} <= ${optimum} <= ${fit.objective}`);
          assert.equal(fit.certified, fit.gap <= 1e-6);
          if (maxIterations === 1) assert.ok(!fit.certified);
        }
      }
    });
  }

  it("falls with every sweep of the alternating method", async () => {
    const { trace } = await completeQuantized(problem(true).observed, {
      lambda: 4,
      boundaries,
      method: "alternating",
      rank: 20,
    });
    trace.forEach((value, k) => k > 0 && assert.ok(value <= trace[k - 1] * (1 + 1e-12), `sweep ${k}: ${value}`));
  });

  it("is refused a certificate at too small a rank, and grows to it where it may", async () => {
    const { observed } = problem(false, [80, 60]);
    for (const method of ["alternating", "alm"] as const) {
      const options = { lambda: 4, boundaries, offsets: false, method, ...place };
      const narrow = await completeQuantized(observed, { ...options, rankLimit: 3, maxIterations: 400 });
      assert.ok(!narrow.certified && narrow.gap > 0.02 && narrow.status === "iteration-limit", `gap ${narrow.gap}`);
      const grown = await completeQuantized(observed, { ...options, rank: 3 });
      assert.ok(grown.certified && grown.objective < narrow.objective && grown.rank > 3, `rank ${grown.rank}`);
    }
  });

  it("freezes where the penalty of the augmented Lagrangian grows", async () => {
    const options = { lambda: 4, boundaries, offsets: false, method: "alm", rank: 30, maxIterations: 400 } as const;
    const fixed = await completeQuantized(problem(false, [80, 60]).observed, { ...options, penalty: 0.25 });
    const growing = await completeQuantized(problem(false, [80, 60]).observed, {
      ...options,
      penalty: 0.25,
      penaltyGrowth: 1.05,
    });
    assert.ok(fixed.certified && fixed.gap <= 1e-6 && growing.gap > 5e-5, `gaps ${fixed.gap} and ${growing.gap}`);
  });

  it("says that the zero matrix has rank 0, by every method", async () => {
    const entries = {
      shape: [3, 3] as const,
      rows: [0, 0, 1, 1, 2],
      columns: [0, 1, 0, 1, 0],
      values: [0, 1, 0, 1, 0],
    };
    for (const method of ["proximal-gradient", "alternating", "alm"] as const) {
      const fit = await completeQuantized(entries, { lambda: 100, boundaries: [0], method });
      assert.deepEqual([fit.rank, fit.certified, fit.left.shape[1]], [0, true, 0], method);
      assert.ok(fit.predict([2], [2]).latent.every(Number.isFinite));
    }
  });

  it("gives the closed form of one entry", async () => {
    const one = { shape: [1, 1] as const, rows: [0], columns: [0], values: [1] };
    for (const method of methods) {
      for (const lambda of [0.6, 0.5, 0.3, 0.01]) {
        const options = { lambda, boundaries: [0], offsets: false, method, tolerance: 1e-8 };
        const fit = await completeQuantized(one, options), [x] = fit.predict([0], [0]).latent;
        const wanted = lambda >= 0.5 ? 0 : Math.log((1 - lambda) / lambda);
        assert.ok(Math.abs(x - wanted) <= 1e-3 * (1 + wanted), `${method}, lambda ${lambda}: ${x}, not ${wanted}`);
      }
    }
  });

  it("does not depend on the order of rows and columns, nor on which of the two is which", async () => {
    const { observed } = problem(true), options = { lambda: 4, boundaries, tolerance: 1e-8 };
    const fit = await completeQuantized(observed, options), [rows, columns] = observed.shape;
    const turned = {
      shape: [columns, rows] as const,
      rows: observed.columns,
      columns: observed.rows,
      values: observed.values,
    };
    const mixed = {
      ...observed,
      rows: observed.rows.map((i) => (7 * i + 3) % rows),
      columns: observed.columns.map((j) => (11 * j + 5) % columns),
    };
    for (const other of [turned, mixed]) {
      close((await completeQuantized(other, options)).objective, fit.objective, 1e-7, "the objective");
    }
    // Levels the other way round.
    const mirrored = { ...observed, values: observed.values.map((level) => 4 - level) };
    const flipped = await completeQuantized(mirrored, { ...options, boundaries: boundaries.map((b) => -b).reverse() });
    close(flipped.objective, fit.objective, 1e-7, "the mirrored objective");
  });

  it("counts an entry of weight 2 twice, one of weight 0 not at all", async () => {
    const { observed } = problem(true), options = { boundaries, tolerance: 1e-8 }, ones = observed.values.map(() => 1);
    const plain = await completeQuantized(observed, { ...options, lambda: 4, offsetPenalty: 0.2 });
    const double = await completeQuantized(
      { ...observed, weights: ones.map(() => 2) },
      { ...options, lambda: 8, offsetPenalty: 0.4 },
    );
    close(double.objective, 2 * plain.objective, 1e-7, "twice the objective");
    const blank = { ...observed, weights: ones.map((_, k) => k % 5 === 0 ? 0 : 1) };
    const kept = <T>(list: readonly T[]) => list.filter((_, k) => k % 5 !== 0);
    const fewer = {
      ...observed,
      rows: kept(observed.rows),
      columns: kept(observed.columns),
      values: kept(observed.values),
    };
    const [one, other] = await Promise.all(
      [blank, fewer].map((data) => completeQuantized(data, { ...options, lambda: 3 })),
    );
    assert.equal(one.objective, other.objective);
    for (const method of methods) {
      const mixed = { ...observed, weights: ones.map((_, k) => 0.1 + k % 7) };
      const fit = await completeQuantized(mixed, { ...options, lambda: 6, method, tolerance: 1e-6, rank: 20 });
      assert.ok(fit.certified, `${method}: ${fit.gap}`);
      close(fit.objective, quantizedObjective(fit, mixed, { lambda: 6, offsetPenalty: 2 }), 1e-12, "the objective");
    }
  });

  it("fits the boundary of two levels beside offsets in as many sweeps as it takes with one that is given", async () => {
    const { observed } = simulateLevels({
      rows: 200,
      columns: 100,
      rank: 2,
      boundaries: [0.8],
      share: 0.2,
      offsets: 1,
      seed: 4,
    });
    const options = { lambda: 4, offsetPenalty: 0.1, backend: "wasm" } as const;
    const given = await completeQuantized(observed, { ...options, boundaryRule: "marginal" });
    const fitted = await completeQuantized(observed, options);
    assert.ok(
      fitted.certified && fitted.iterations <= 1.5 * given.iterations,
      `${fitted.iterations}, ${given.iterations}`,
    );
    assert.ok(fitted.objective < given.objective);
    // A shift that boundary and offsets have together gains nothing any more.
    for (const offsets of [fitted.rowOffsets!, fitted.columnOffsets!]) {
      assert.ok(Math.abs(offsets.reduce((sum, value) => sum + value, 0)) < 0.02 * offsets.length);
    }
  });

  it("fits boundaries to the data: the likelihood has no derivative along them, and is better than by frequencies", async () => {
    const { observed } = problem(true), lambda = 6;
    const marginal = await completeQuantized(observed, { lambda, boundaryRule: "marginal" });
    const fitted = await completeQuantized(observed, { lambda });
    assert.ok(fitted.certified && marginal.certified);
    assert.ok(fitted.objective < 0.995 * marginal.objective, `${fitted.objective} against ${marginal.objective}`);
    const at = (move: (b: number, k: number) => number) =>
      quantizedObjective({ ...fitted, boundaries: fitted.boundaries.map(move) }, observed, {
        lambda,
        offsetPenalty: 2,
      });
    for (let moved = 0; moved < 4; moved++) {
      const slope = (at((b, k) => k === moved ? b + 1e-4 : b) - at((b, k) => k === moved ? b - 1e-4 : b)) / 2e-4;
      assert.ok(Math.abs(slope) < 1, `boundary ${moved}: ${slope}`);
    }
  });

  it("keeps rows of a single level finite, and says of empty lines what they are predicted by", async () => {
    const table = fromRows([[2, 2, 2, NaN], [0, 0, 0, NaN], [0, 1, 2, NaN], [NaN, NaN, NaN, NaN], [2, 1, 0, NaN]]);
    const fit = await completeQuantized(observedEntries(table), { lambda: 0.3, offsetPenalty: 0.01 });
    assert.ok(fit.certified && [...fit.rowOffsets!, ...fit.columnOffsets!].every(Number.isFinite));
    assert.ok(fit.rowOffsets![0] > 1 && fit.rowOffsets![1] < -1);
    assert.equal(fit.remarks.length, 2);
    assert.match(fit.remarks.join(), /row 3 has no entry.*offsets of the columns.*column 3 has no entry/);
    const { latent, expected } = fit.predict([3, 0], [0, 3]);
    close(latent[0], fit.columnOffsets![0], 1e-12, "the empty row");
    close(latent[1], fit.rowOffsets![0], 1e-12, "the empty column");
    assert.ok(expected[1] > 1.3);
  });

  it("does not depend on lines without entries, of which there are 1,000,000 each way", async () => {
    const { observed } = problem(true, [12, 10]), options = { lambda: 1, boundaries, ...place };
    const far = (list: ArrayLike<number>) => Uint32Array.from(list, (line) => 83_000 * line + 5);
    const large = { ...observed, shape: [1_000_000, 1_000_000] as const };
    const wide = { ...large, rows: far(observed.rows), columns: far(observed.columns) };
    const [one, other] = [await completeQuantized(observed, options), await completeQuantized(wide, options)];
    assert.ok(other.certified && other.rowOffsets!.length === 1_000_000);
    close(other.objective, one.objective, 1e-12, "the objective");
    const [here, there] = [one.predict(observed.rows, observed.columns), other.predict(wide.rows, wide.columns)];
    here.latent.forEach((x, k) => close(there.latent[k], x, 1e-9, `entry ${k}`));
    assert.equal(other.predict([1], [1]).latent[0], 0);
  });

  it("predicts held-out levels better than offsets alone", async () => {
    const { observed, hidden } = problem(true, [80, 60]);
    const accuracy = async (options: QuantizedOptions) => {
      const { expected } = (await completeQuantized(observed, options)).predict(hidden.rows, hidden.columns);
      return Math.sqrt(expected.reduce((sum, value, k) => sum + (value - hidden.values[k]) ** 2, 0) / expected.length);
    };
    for (const link of ["logit", "probit"] as const) {
      const full = await accuracy({ lambda: 4, link }), offsets = await accuracy({ lambda: 1e4, link });
      assert.ok(full < 0.95 * offsets, `${link}: ${full} against ${offsets}`);
    }
  });

  it("folds in rows at the optimum of their part of the objective, those of the fit as they were", async () => {
    for (const link of ["logit", "probit"] as const) {
      for (const offsets of [false, true]) {
        const { observed } = problem(true),
          options = { lambda: 4, boundaries, offsets, link, tolerance: 1e-8, ...place };
        const fit = await completeQuantized(observed, options), folded = await foldIn(fit, observed);
        const { rows, columns } = observed, wanted = fit.predict(rows, columns), found = folded.predict(rows, columns);
        const off = Math.max(...found.latent.map((x, k) => Math.abs(x - wanted.latent[k])));
        assert.ok(off <= 2e-3, `${link}: ${off}`);
        // No other factor of a new row is better: a row of which the fit knows nothing.
        if (link === "probit") continue;
        const row = { shape: [2, 30] as const, rows: [0, 0, 0, 0], columns: [0, 4, 5, 9], values: [4, 4, 0, 1] };
        const own = await foldIn(fit, row), rank = fit.rank, columnOffsets = fit.columnOffsets;
        const part = (left: Float64Array, offset: number) =>
          quantizedObjective(
            {
              left: matrix(1, rank, left),
              right: matrix(30, rank, new Float64Array(fit.right.data)),
              ...offsets && { rowOffsets: Float64Array.of(offset), columnOffsets },
              boundaries: fit.boundaries,
            },
            { ...row, shape: [1, 30] },
            { lambda: 4, offsetPenalty: 2 },
          );
        const left = Float64Array.from(own.left.data.subarray(0, rank)), offset = own.rowOffsets?.[0] ?? 0;
        const least = part(left, offset);
        for (let k = 0; k <= rank; k++) {
          for (const by of [1e-3, -1e-3]) {
            const there = part(left.map((u, at) => at === k ? u + by : u), offset + (k === rank && offsets ? by : 0));
            assert.ok(there >= least - 1e-12, `coordinate ${k}: ${there} below ${least}`);
          }
        }
        assert.ok([...own.predict([1], [3]).latent].every((x) => x === (columnOffsets?.[3] ?? 0)));
      }
    }
    const fit = await completeQuantized(problem(true).observed, { lambda: 9, boundaries });
    await assert.rejects(foldIn(fit, { shape: [1, 29], rows: [], columns: [], values: [] }), ShapeError);
    await assert.rejects(foldIn(fit, { shape: [1, 30], rows: [0], columns: [0], values: [7] }), DataError);
    const stored = JSON.parse(JSON.stringify(fit));
    await assert.rejects(foldIn(stored, { shape: [1, 30], rows: [], columns: [], values: [] }), /as they gave it/);
  });

  it("by auto comes to the objective of proximal gradient on five tiny cases, boundaries given, or fitted by factors", async () => {
    const tiny: readonly [readonly [number, number], readonly number[], QuantizedOptions][] = [
      [[5, 4], [0], { lambda: 0.8 }],
      [[6, 3], [-1, 1], { lambda: 0.5, link: "probit" }],
      [[4, 7], [-1.2, 0, 1.2], { lambda: 1, offsets: false }],
      [[8, 8], [-1, 0.5], { lambda: 0.6, offsetPenalty: 0.3 }],
      [[3, 9], [-0.5, 0.5], { lambda: 2 }],
    ];
    for (const [seed, [[rows, columns], boundaries, given]] of tiny.entries()) {
      const { observed } = simulateLevels({ rows, columns, rank: 1, boundaries, share: 0.8, seed: 40 + seed });
      const options = { ...given, tolerance: 1e-8, maxIterations: 20_000, ...place }, lines = Math.min(rows, columns);
      // As it is; by factors, which a limit of the rank asks for; and with boundaries of its own.
      for (const own of [{ boundaries }, { boundaries, rankLimit: lines }, {}]) {
        const fit = await completeQuantized(observed, { ...options, ...own });
        const under = { ...options, boundaries: fit.boundaries, method: "proximal-gradient" } as const;
        const convex = await completeQuantized(observed, under);
        assert.ok(fit.certified && convex.certified, `case ${seed}: ${fit.gap}, ${convex.gap}`);
        close(fit.objective, convex.objective, 1e-8, `the objective of case ${seed}`);
      }
    }
  });

  it("says why it is not certified: boundaries in other units than the noise, or too few iterations", async () => {
    const { observed } = problem(false), far = boundaries.map((value) => 1e8 * value);
    for (const [own, reason] of [[far, /units of the noise/], [boundaries, /more iterations/]] as const) {
      const fit = await completeQuantized(observed, { lambda: 1e-3, boundaries: own, maxIterations: 20 });
      assert.ok(!fit.certified);
      assert.match(fit.remarks[0], reason);
    }
    const fit = await completeQuantized(observed, { lambda: 4, boundaries });
    assert.deepEqual([fit.certified, fit.remarks], [true, []]);
  });

  it("says where weights leave the price of the trace norm without effect", async () => {
    const { observed } = problem(false, [12, 9]), weights = observed.values.map(() => 1e8);
    const fit = await completeQuantized({ ...observed, weights }, { lambda: 1, boundaries, maxIterations: 20 });
    assert.match(fit.remarks[0], /`lambda` is 1\.0e-8 of the largest weight/);
  });

  it("has the same answer where weights, lambda and offsetPenalty are 1e8 or 1e-8 times as large", async () => {
    const { observed } = problem(true, [24, 18]);
    for (const method of ["auto", ...methods] as const) {
      const options = { boundaries, method, tolerance: 1e-7, ...place };
      const plain = await completeQuantized(observed, { lambda: 1, offsetPenalty: 2, ...options });
      for (const scale of [1e8, 1e-8]) {
        const weighted = { ...observed, weights: observed.values.map(() => scale) };
        const fit = await completeQuantized(weighted, { lambda: scale, offsetPenalty: 2 * scale, ...options });
        assert.ok(fit.certified && Math.abs(fit.objective / scale - plain.objective) < 1e-6 * plain.objective, method);
        assert.ok(
          Math.abs(fit.iterations - plain.iterations) <= 0.2 * plain.iterations,
          `${method}, ${fit.iterations}`,
        );
      }
    }
  });

  it("by auto takes the steps of factors where lambda is small, a third of those on the whole matrix", async () => {
    const { observed } = problem(false, [30, 20]), options = { lambda: 0.05, boundaries, ...place };
    const fit = await completeQuantized(observed, options);
    const whole = await completeQuantized(observed, { ...options, method: "proximal-gradient" });
    assert.ok(fit.certified && whole.certified && fit.objective < whole.objective * (1 + 2e-6));
    assert.ok(fit.iterations < 0.34 * whole.iterations, `${fit.iterations}, ${whole.iterations}`);
  });

  it("has probabilities that sum to 1, at any latent value", () => {
    for (const link of ["logit", "probit"] as const) {
      for (const x of [-700, -40, -5, 0, 0.3, 8, 700]) {
        const model = { left: matrix(1, 1, new Float64Array([x])), right: matrix(1, 1, new Float64Array([1])), link };
        const { probabilities, expected } = predictQuantized(
          { ...model, boundaries: Float64Array.from([-3, -0.1, 0.1, 2]) },
          [0],
          [0],
        );
        const sum = Array.from(probabilities.data).reduce((total, value) => total + value, 0);
        assert.ok(Math.abs(sum - 1) <= 1e-12 && Number.isFinite(expected[0]), `${link} at ${x}: ${sum}`);
      }
    }
  });

  it("fits probit levels to a certified optimum by every method", async () => {
    const { observed } = problem(true), objectives: number[] = [];
    for (const method of methods) {
      const fit = await completeQuantized(observed, { lambda: 6, boundaries, link: "probit", method, rank: 20 });
      assert.ok(fit.certified, `${method}: ${fit.gap}`);
      objectives.push(fit.objective);
    }
    objectives.forEach((objective) => close(objective, objectives[0], 2e-6, "the objective"));
  });

  it("has an answer with a bound where the time is up before it has begun", async () => {
    const { observed } = simulateLevels({ rows: 60, columns: 40, rank: 2, boundaries: [-1, 1], share: 0.4, seed: 7 });
    for (const method of ["proximal-gradient", "alternating", "alm"] as const) {
      const fit = await completeQuantized(observed, { lambda: 2, boundaries: [-1, 1], method, timeLimitMs: 0 });
      assert.deepEqual([fit.status, fit.rank, fit.iterations], ["time-limit", 0, 0], method);
      assert.ok(fit.gap > 0 && fit.lowerBound >= 0);
    }
  });

  it("stops at its time limit with a bound", async () => {
    const { observed } = simulateLevels({ rows: 600, columns: 300, rank: 4, boundaries, share: 0.4, seed: 2 });
    for (const method of methods) {
      const fit = await completeQuantized(observed, { lambda: 4, boundaries, method, timeLimitMs: 60 });
      assert.equal(fit.status, "time-limit");
      assert.ok(fit.lowerBound > 0 && fit.lowerBound < fit.objective && !fit.certified);
    }
  });

  const table = fromRows([[0, 1, NaN], [2, NaN, 1]]), levels = observedEntries(table);
  const refused: readonly [
    string,
    () => Promise<unknown>,
    typeof DataError | typeof OptionError | typeof ShapeError,
    RegExp,
  ][] = [
    [
      "a level that is no whole number",
      () => completeQuantized({ ...levels, values: [0, 1.5, 2, 1] }, { lambda: 1 }),
      DataError,
      /level 1\.5 at row 0, column 1/,
    ],
    [
      "a negative level",
      () => completeQuantized({ ...levels, values: [0, -1, 2, 1] }, { lambda: 1 }),
      DataError,
      /level -1/,
    ],
    [
      "a level beyond the boundaries",
      () => completeQuantized(levels, { lambda: 1, boundaries: [0] }),
      DataError,
      /from 0 to 1/,
    ],
    [
      "NaN among the levels",
      () => completeQuantized({ ...levels, values: [0, NaN, 2, 1] }, { lambda: 1 }),
      DataError,
      /NaN/,
    ],
    [
      "a single level",
      () => completeQuantized({ ...levels, values: [0, 0, 0, 0] }, { lambda: 1 }),
      DataError,
      /level 0 alone, and a single level tells nothing/,
    ],
    [
      "a single level that is not the first",
      () => chooseQuantized({ ...levels, values: [1, 1, 1, 1] }),
      DataError,
      /level 1 alone, and a single level tells nothing/,
    ],
    [
      "more rows than memory has room for",
      () => completeQuantized({ ...levels, shape: [1e9, 1e9] }, { lambda: 1 }),
      ShapeError,
      /both from 1 to 67108864/,
    ],
    [
      "a level that never occurs",
      () => completeQuantized({ ...levels, values: [0, 3, 3, 1] }, { lambda: 1 }),
      DataError,
      /level 2 of 4 never/,
    ],
    [
      "an entry that stands there twice",
      () => completeQuantized({ ...levels, columns: [0, 0, 0, 2] }, { lambda: 1 }),
      DataError,
      /row 0, column 0/,
    ],
    [
      "no entries",
      () => completeQuantized({ shape: [2, 2], rows: [], columns: [], values: [] }, { lambda: 1 }),
      DataError,
      /no entries/,
    ],
    [
      "boundaries that do not rise",
      () => completeQuantized(levels, { lambda: 1, boundaries: [1, 1] }),
      OptionError,
      /rise/,
    ],
    [
      "a count beside other boundaries",
      () => completeQuantized(levels, { lambda: 1, boundaries: [1, 2], levelCount: 5 }),
      OptionError,
      /levelCount.*expected 3/,
    ],
    ["no lambda", () => completeQuantized(levels, {} as QuantizedOptions), OptionError, /lambda.*missing/],
    [
      "lists that differ in length",
      () => completeQuantized({ ...levels, rows: [0] }, { lambda: 1 }),
      ShapeError,
      /rows/,
    ],
  ];
  for (const [what, call, type, message] of refused) {
    it(`refuses ${what}`, () => assert.rejects(call, (error) => error instanceof type && message.test(error.message)));
  }
});
