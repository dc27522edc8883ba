import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  type CompletedMatrix,
  completedMatrix,
  completeMatrix,
  type CompleteMatrixOptions,
  completeMatrixPath,
  createRandom,
  DataError,
  foldIn,
  memoryUsage,
  type Observations,
  OptionError,
  ShapeError,
  updateCompletion,
} from "../../../mod.ts";
import { lowRank, objectiveOf, relativeError, singularValuesOf } from "./problems.ts";

const exact: CompleteMatrixOptions = { holdout: 0, backend: "wasm" };

/** Every entry of the answer. */
const all = (fit: CompletedMatrix) => completedMatrix(fit).data;

describe("completeMatrix", () => {
  it("recovers by srf what soft-impute does not, and says the rank", async () => {
    for (const seed of [1, 2, 3]) {
      // 50 x 50, half observed, rank 8: .59 degrees of freedom an entry.
      const { whole, observed } = lowRank(50, 50, 8, 0.5, seed);
      const fit = await completeMatrix(observed, exact);
      assert.ok(relativeError(fit, whole) < 1e-3, `${seed}: ${relativeError(fit, whole)}`);
      assert.deepEqual([fit.rank, fit.status], [8, "converged"]);
      if (seed > 1) continue;
      const convex = await completeMatrix(observed, { ...exact, method: "soft-impute", lambda: 0.1, tolerance: 1e-3 });
      assert.ok(relativeError(convex, whole) > 0.02, `the nuclear norm fails: ${relativeError(convex, whole)}`);
    }
  });

  it("recovers with the defaults, and stops above the noise where there is noise", async () => {
    const clean = lowRank(40, 60, 2, 0.5, 4), fit = await completeMatrix(clean.observed);
    assert.ok(relativeError(fit, clean.whole) < 1e-2, `${relativeError(fit, clean.whole)}`);
    const noisy = lowRank(60, 40, 2, 0.5, 5, 0.5), held = await completeMatrix(noisy.observed);
    const run = await completeMatrix(noisy.observed, exact);
    const [chosen, toZero] = [held, run].map((fit) => relativeError(fit, noisy.whole));
    assert.ok(chosen < 0.2 && toZero > 1.5 * chosen, `${chosen} with held-out entries, ${toZero} without`);
    const { errors, best, error, baseline, levels } = held.holdout!;
    assert.ok(error === Math.min(...errors) && error === errors[best] && error < baseline);
    assert.ok(levels.every((level, k) => k === 0 || level < levels[k - 1]));
    // The root mean square of noise .5 at entries that were not fitted.
    assert.ok(error > 0.45 && error < 0.8, `${error}`);
  });

  it("says the same of its answer as plain sums, for both methods, with weights and offsets", async () => {
    for (const method of ["srf", "soft-impute"] as const) {
      for (const offsets of [false, true]) {
        const { observed } = lowRank(30, 20, 2, 0.6, 6, 0.3), random = createRandom(1);
        const weights = observed.values.map(() => random.integer(4) / 2), weighted = { ...observed, weights };
        const fit = await completeMatrix(weighted, { method, offsets, seed: 3 });
        const truth = objectiveOf(fit, weighted);
        assert.ok(Math.abs(fit.objective - truth) <= 1e-9 * truth, `${method}: ${fit.objective}, in truth ${truth}`);
        const predicted = fit.predict(observed.rows, observed.columns);
        let squares = 0, total = 0;
        observed.values.forEach((value, e) => {
          squares += weights[e] * (value - predicted[e]) ** 2;
          total += weights[e];
        });
        assert.ok(Math.abs(fit.residual - Math.sqrt(squares / total)) <= 1e-12);
        assert.equal(fit.offsets !== undefined, offsets);
      }
    }
  });

  it("finds the optimum of soft-impute: the gradient has spectral norm lambda and lies along the answer", async () => {
    for (const weighted of [false, true]) {
      const { observed } = lowRank(25, 18, 3, 0.6, 7, 0.2), [height, width] = observed.shape, random = createRandom(2);
      const weights = observed.values.map(() => weighted ? 1 + random.integer(3) : 1), lambda = 4;
      const asked = { ...exact, method: "soft-impute", lambda, tolerance: 1e-9 } as const;
      const fit = await completeMatrix({ ...observed, weights }, asked);
      assert.equal(fit.status, "converged");
      const gradient = new Float64Array(height * width), predicted = fit.predict(observed.rows, observed.columns);
      let along = 0;
      observed.values.forEach((value, e) => {
        const slope = weights[e] * (value - predicted[e]);
        gradient[observed.rows[e] * width + observed.columns[e]] = slope;
        along += slope * predicted[e];
      });
      const norm = singularValuesOf(gradient, height, width)[0];
      assert.ok(Math.abs(norm - lambda) <= 1e-5 * lambda, `the norm is ${norm}`);
      const nuclear = fit.singularValues.reduce((sum, value) => sum + value);
      assert.ok(Math.abs(along - lambda * nuclear) <= 1e-6 * lambda * nuclear);
    }
  });

  it("takes few steps where few entries are observed, to the optimum of soft-impute and to the answer of srf", async () => {
    const few = lowRank(60, 50, 3, 0.1, 1, 0.1), convex = { ...exact, method: "soft-impute", lambda: 0.3 } as const;
    const fit = await completeMatrix(few.observed, { ...convex, tolerance: 1e-6 });
    assert.ok(fit.status === "converged" && fit.iterations < 3000, `${fit.iterations} steps`);
    // What 19,264 steps without momentum came to.
    assert.ok(fit.objective <= 35.403733, `${fit.objective}`);
    const { whole, observed } = lowRank(50, 50, 4, 0.3, 3);
    const recovered = await completeMatrix(observed, exact);
    assert.ok(recovered.iterations < 700 && relativeError(recovered, whole) < 1e-3, `${recovered.iterations} steps`);
  });

  it("does not depend on the order of entries, rows and columns, nor on signs, and scales with the values", async () => {
    const { observed } = lowRank(24, 31, 3, 0.5, 8), [height, width] = observed.shape;
    const options = { ...exact, maxIterations: 150, tolerance: 0 };
    const base = all(await completeMatrix(observed, options)), size = Math.hypot(...base);
    const same = async (
      what: string,
      other: Observations,
      from: (i: number, j: number) => [number, number, number],
    ) => {
      const fit = await completeMatrix(other, options), data = all(fit);
      for (let i = 0; i < height; i++) {
        for (let j = 0; j < width; j++) {
          const [k, l, factor] = from(i, j);
          const off = Math.abs(data[k * other.shape[1] + l] / factor - base[i * width + j]);
          assert.ok(off <= 1e-10 * size, `${what} at (${i}, ${j}): ${off}`);
        }
      }
    };
    const { rows, columns, values } = observed, flip = (k: number) => k % 3 === 0 ? -1 : 1;
    const backwards = {
      ...observed,
      rows: rows.toReversed(),
      columns: columns.toReversed(),
      values: values.toReversed(),
    };
    await same("another order of entries", backwards, (i, j) => [i, j, 1]);
    const moved = { ...observed, rows: rows.map((i) => height - 1 - i), columns: columns.map((j) => (j + 5) % width) };
    await same("permuted rows and columns", moved, (i, j) => [height - 1 - i, (j + 5) % width, 1]);
    const signed = { ...observed, values: values.map((value, e) => value * flip(rows[e])) };
    await same("signs of rows", signed, (i, j) => [i, j, flip(i)]);
    for (const factor of [1e-8, 1e8]) {
      const scaled = { ...observed, values: values.map((value) => value * factor) };
      await same(`values times ${factor}`, scaled, (i, j) => [i, j, factor]);
    }
    const transposed = { shape: [width, height] as const, rows: columns, columns: rows, values };
    await same("the transpose", transposed, (i, j) => [j, i, 1]);
  });

  it("answers on rows and columns without entries, all entries, one entry, zeros and single rows", async () => {
    const offsets = await completeMatrix(
      { shape: [3, 4], rows: [0, 0, 2, 2], columns: [0, 1, 0, 1], values: [1, 3, 1, 3] },
      { offsets: true, holdout: 0 },
    );
    const [empty] = offsets.predict([1], [0]), [nowhere] = offsets.predict([1], [3]);
    assert.ok(empty < 2 && Math.abs(nowhere - 2) < 1e-9, `${empty}, ${nowhere}`);
    assert.ok(
      offsets.remarks.some((remark) => remark === "No entries: row 1 has none, and is predicted by the offsets alone."),
    );
    assert.ok(offsets.remarks.some((remark) => /columns 2, 3 have none, and are/.test(remark)));
    const full = lowRank(12, 9, 9, 1, 3), fit = await completeMatrix(full.observed, exact);
    assert.ok(relativeError(fit, full.whole) < 1e-4 && /nothing is missing/.test(fit.remarks.join()));
    for (const values of [[5], [0]]) {
      const single = await completeMatrix({ shape: [4, 4], rows: [1], columns: [2], values });
      assert.ok(Math.abs(single.predict([1], [2])[0] - values[0]) < 1e-2, single.status);
      assert.equal(single.predict([0], [0])[0], values[0]);
      const declined = await completeMatrix({ shape: [4, 4], rows: [1], columns: [2], values }, { offsets: false });
      assert.equal(declined.predict([0], [0])[0], 0);
      assert.match(declined.remarks.join(), /are predicted by zero/);
      assert.match(single.remarks.join(), /Too few entries to hold some out \(1\)/);
    }
    const row = await completeMatrix({ shape: [1, 5], rows: [0, 0], columns: [0, 3], values: [2, 4] }, exact);
    assert.ok(Math.abs(row.predict([0], [3])[0] - 4) < 1e-2);
    // Noise alone: nothing of low rank is better than nothing, or hardly anything.
    const noise = lowRank(30, 30, 1, 0.5, 9), { normal } = createRandom(10);
    const alone = await completeMatrix({ ...noise.observed, values: noise.observed.values.map(normal) });
    assert.ok(alone.holdout!.error <= alone.holdout!.baseline);
  });

  it("holds a matrix whole, by its largest singular values, and by its entries alone, with the same answer", async () => {
    // 400 columns are too many to be decomposed whole; more of it observed, it is held whole.
    for (const [share, rank] of [[0.03, 1], [0.1, 2]]) {
      const { whole, observed } = lowRank(500, 400, rank, share, 11);
      const fit = await completeMatrix(observed, { ...exact, rankLimit: 2 * rank });
      assert.ok(relativeError(fit, whole) < 0.03, `${share}: ${relativeError(fit, whole)}`);
      assert.ok(fit.rank >= rank && fit.rank <= 2 * rank);
    }
  });

  it("follows a path, of which completeMatrix takes the best width", async () => {
    const { observed } = lowRank(40, 30, 2, 0.5, 12, 0.3);
    for (const method of ["srf", "soft-impute"] as const) {
      const errors: number[] = [];
      let last = Infinity;
      for await (const point of completeMatrixPath(observed, { method, offsets: false, seed: 4 })) {
        const level = point.width ?? point.lambda!;
        assert.ok(level < last);
        last = level;
        errors.push(point.holdoutError);
      }
      const { holdout } = await completeMatrix(observed, { method, offsets: false, seed: 4 });
      assert.ok(Math.abs(Math.min(...errors) - holdout!.error) <= 1e-9 * holdout!.error, method);
    }
  });

  it("folds in new rows as if they had been there, and goes on from an answer when entries arrive", async () => {
    const { whole, observed } = lowRank(60, 30, 2, 0.6, 13), { rows, columns, values } = observed;
    const keep = (holds: (row: number) => boolean) => {
      const kept = rows.map((row, e) => [row, e] as const).filter(([row]) => holds(row)).map(([, e]) => e);
      return {
        rows: kept.map((e) => rows[e]),
        columns: kept.map((e) => columns[e]),
        values: kept.map((e) => values[e]),
      };
    };
    const before = await completeMatrix({ shape: [50, 30], ...keep((row) => row < 50) }, exact);
    const later = keep((row) => row >= 50);
    const folded = await foldIn(before, { shape: [11, 30], ...later, rows: later.rows.map((row) => row - 50) });
    for (let i = 0; i < 10; i++) {
      const predicted = folded.predict(Array(30).fill(i), Array.from({ length: 30 }, (_, j) => j));
      predicted.forEach((value, j) => assert.ok(Math.abs(value - whole[(50 + i) * 30 + j]) < 1e-2, `${i}, ${j}`));
    }
    // A row of which nothing is known: as the offsets of a row without entries.
    const { mean, columns: other } = before.unobserved!.offsets;
    assert.equal(folded.predict([10], [0])[0], mean + other[0]);
    await assert.rejects(foldIn(before, { shape: [1, 29], rows: [], columns: [], values: [] }), ShapeError);
    const after = await updateCompletion(before, observed, { backend: "wasm" });
    assert.ok(relativeError(after, whole) < 1e-2, `${relativeError(after, whole)}`);
    assert.ok(after.iterations < before.iterations);
    await assert.rejects(
      updateCompletion(after, { ...observed, shape: [60, 31] }).then(() =>
        updateCompletion(after, { shape: [59, 30], rows: [0], columns: [0], values: [1] })
      ),
      ShapeError,
    );
  });

  it("predicts sevens among sevens: rows and columns without entries by offsets, whatever the hold-out chose", async () => {
    const sevens = { shape: [3, 3] as const, rows: [0, 0, 1, 1], columns: [0, 1, 0, 1], values: [7, 7, 7, 7] };
    for (
      const options of [{}, { offsets: true }, { holdout: 0 }, {
        holdout: 0,
        method: "soft-impute",
        lambda: 1e-3,
      }] as const
    ) {
      const fit = await completeMatrix(sevens, options), filled = all(fit);
      filled.forEach((value, at) =>
        assert.ok(Math.abs(value - 7) < 1e-3, `${at}: ${value}, ${JSON.stringify(options)}`)
      );
      assert.match(fit.remarks.join(), /row 2 has none, and is predicted by the offsets alone/);
      const [there] = (await foldIn(fit, { shape: [1, 3], rows: [0], columns: [0], values: [7] })).predict([0], [2]);
      assert.ok(Math.abs(there - 7) < 1e-3, `folded in: ${there}`);
      const next = await updateCompletion(fit, sevens, { backend: "wasm" });
      assert.ok(Math.abs(next.predict([2], [2])[0] - 7) < 1e-3);
    }
  });

  it("answers in units of 1e-200 and 1e-310 as in units of 1", async () => {
    const { observed } = lowRank(12, 10, 2, 0.7, 16), { values, ...places } = observed;
    for (const method of ["srf", "soft-impute"] as const) {
      const options = { ...exact, method, ...method === "soft-impute" && { lambda: 1 } },
        usual = await completeMatrix(observed, options);
      for (const unit of [1e-200, 1e-310, 1e95]) {
        const given = { ...places, values: values.map((value) => unit * value) };
        const fit = await completeMatrix(given, { ...options, ...method === "soft-impute" && { lambda: unit } });
        assert.deepEqual([fit.rank, fit.status], [usual.rank, "converged"], `${method}, ${unit}`);
        const digits = unit < 1e-300 ? 1e-6 : 1e-9;
        all(fit).forEach((value, at) =>
          assert.ok(Math.abs(value / unit - all(usual)[at]) < digits * 10, `${unit}: ${value}`)
        );
      }
    }
  });

  it("takes no longer for lines without entries, and is not sooner still for them: 1,000,000 x 1,000,000", async () => {
    // (1 2 3)^T (1 2), without its last entry, far apart.
    const small = { shape: [3, 2] as const, rows: [0, 0, 1, 1, 2], columns: [0, 1, 0, 1, 0], values: [1, 2, 2, 4, 3] };
    const rows = [7, 500_000, 999_999], columns = [3, 999_998];
    const large = {
      shape: [1_000_000, 1_000_000] as const,
      rows: small.rows.map((i) => rows[i]),
      columns: small.columns.map((j) => columns[j]),
      values: small.values,
    };
    for (const method of ["srf", "soft-impute"] as const) {
      const options: CompleteMatrixOptions = { ...exact, method, ...(method === "srf" ? {} : { lambda: 0.1 }) };
      const [one, other] = [await completeMatrix(small, options), await completeMatrix(large, options)];
      assert.deepEqual([other.iterations, other.status, other.rank], [one.iterations, one.status, one.rank]);
      assert.equal(other.objective, one.objective);
      assert.deepEqual(other.predict([7, 999_999], [3, 999_998]), one.predict([0, 2], [0, 1]));
      assert.deepEqual([other.shape, other.left.shape[0]], [[1_000_000, 1_000_000], 1_000_000]);
      assert.ok(Math.abs(other.predict([8], [4])[0] - 2.4) < 1e-12, "the mean");
      const next = await updateCompletion(other, large, options);
      assert.ok(Math.abs(next.predict([999_999], [3])[0] - other.predict([999_999], [3])[0]) < 0.01);
    }
  });

  it("refuses what it cannot use, and names it", async () => {
    const { observed } = lowRank(6, 5, 1, 0.8, 14);
    const wrong: [Observations, CompleteMatrixOptions, typeof DataError | typeof OptionError, RegExp][] = [
      [{ ...observed, values: observed.values.map((_, e) => e === 2 ? NaN : 1) }, {}, DataError, /entry 2 .* NaN/],
      [{ shape: [2, 2], rows: [0, 0], columns: [1, 1], values: [1, 2] }, {}, DataError, /as entry 0 is/],
      [{ shape: [2, 2], rows: [], columns: [], values: [] }, {}, DataError, /has no entries/],
      [{ ...observed, values: observed.values.map(() => 1e200) }, {}, DataError, /1e\+200/],
      [observed, { lambda: 1 }, OptionError, /"lambda": it is the price of method "soft-impute"/],
      [observed, { method: "soft-impute", leastWidth: 0.1 }, OptionError, /"leastWidth"/],
      [observed, { method: "soft-impute", holdout: 0 }, OptionError, /"lambda" is missing/],
      [observed, { method: "soft-impute", lambda: 0 }, OptionError, /"lambda": expected a number > 0/],
      [observed, { holdout: 0.6 }, OptionError, /"holdout"/],
      [observed, { widthDecay: 1 }, OptionError, /"widthDecay"/],
      [
        observed,
        { rank: 3 } as CompleteMatrixOptions,
        OptionError,
        /no such option; the nearest is "rankLimit"|known are/,
      ],
    ];
    for (const [given, options, kind, message] of wrong) {
      const told = (error: Error) => error instanceof kind && message.test(error.message);
      await assert.rejects(completeMatrix(given, options), (error: Error) => told(error) || assert.fail(error.message));
    }
    const fit = await completeMatrix(observed);
    assert.throws(() => fit.predict([0], [5]), /"columns" holds 5, but the matrix has 5/);
    assert.throws(() => fit.predict([0], [1, 2]), ShapeError);
  });

  it("keeps its limits, gives up where it is told to, and leaves no memory", async () => {
    const { observed } = lowRank(300, 200, 4, 0.2, 15);
    await completeMatrix(observed, { ...exact, maxIterations: 2 });
    const { used } = memoryUsage();
    const limited = await completeMatrix(observed, { ...exact, maxIterations: 5 });
    assert.deepEqual([limited.status, limited.iterations], ["iteration-limit", 5]);
    const late = await completeMatrix(observed, { backend: "wasm", timeLimitMs: 50 });
    assert.equal(late.status, "time-limit");
    assert.ok(late.elapsedMs < 5_000 && Number.isFinite(late.objective));
    // Before anything is begun: the mean and the offsets.
    const once = await completeMatrix(observed, { backend: "wasm", timeLimitMs: 0 });
    assert.deepEqual([once.status, once.rank, once.iterations], ["time-limit", 0, 0]);
    assert.ok(once.offsets && once.predict([0], [0]).every(Number.isFinite));
    for await (const point of completeMatrixPath(observed, { backend: "wasm", timeLimitMs: 0 })) {
      assert.deepEqual([point.status, point.rank], ["time-limit", 0]);
    }
    const updated = await updateCompletion(limited, observed, { backend: "wasm", timeLimitMs: 0 });
    assert.deepEqual([updated.status, updated.rank], ["time-limit", limited.rank]);
    const controller = new AbortController(), reason = new Error("enough");
    const stopped = completeMatrix(observed, {
      ...exact,
      signal: controller.signal,
      onProgress: () => controller.abort(reason),
    });
    await assert.rejects(stopped, (error) => error === reason);
    for await (const _ of completeMatrixPath(observed, { backend: "wasm" })) break;
    assert.equal(memoryUsage().used, used);
  });
});
