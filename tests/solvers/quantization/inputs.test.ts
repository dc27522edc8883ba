import assert from "node:assert/strict";
import { describe, it } from "node:test";
import fastCheck from "fast-check";
import {
  accumulateGram,
  DataError,
  dequantize,
  fromRows,
  type Matrix,
  matrix,
  memoryUsage,
  OptionError,
  type ProgressEvent,
  quantizeLayer,
  type QuantizeOptions,
  ShapeError,
} from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { lossOf, makeLayer } from "../../support/layers.ts";

const { weights, gram } = makeLayer({ rows: 4, columns: 8, seed: 1 });

/** The Gram matrix with one entry changed. */
function withEntry(row: number, column: number, value: number): Matrix {
  const data = gram.data.slice();
  data[row * 8 + column] = value;
  return matrix(8, 8, data);
}

describe("quantizeLayer refuses", () => {
  const refusals: readonly [string, Matrix, Matrix, typeof ShapeError | typeof DataError, RegExp][] = [
    ["an empty layer", matrix(0, 8), gram, ShapeError, /"weights" is 0 x 8/],
    ["a layer without columns", matrix(3, 0), matrix(0, 0), ShapeError, /"weights" is 3 x 0/],
    [
      "a Gram matrix of another size",
      weights,
      matrix(7, 7),
      ShapeError,
      /"gram" is 7 x 7, but "weights" has 8 columns/,
    ],
    ["a Gram matrix that is not square", weights, matrix(8, 7), ShapeError, /"gram" is 8 x 7/],
    ["weights that are not finite", matrix(1, 8, new Float64Array(8).fill(NaN, 3)), gram, DataError, /row 0, column 3/],
    ["a Gram matrix that is not finite", weights, withEntry(2, 3, Infinity), DataError, /Infinity at row 2, column 3/],
    ["a Gram matrix that is not symmetric", weights, withEntry(5, 1, 0), DataError, /symmetric.*row 5, column 1/],
    ["a negative diagonal", weights, withEntry(6, 6, -1), DataError, /semidefinite, but is -1 at row 6, column 6/],
    [
      "an entry beyond the diagonal's mean",
      matrix(1, 2),
      fromRows([[1, 2], [2, 1]]),
      DataError,
      /semidefinite, but 2 at row 1, column 0/,
    ],
    [
      "an indefinite matrix whose entries look right",
      matrix(1, 3, new Float64Array([0.3, 0.5, 1])),
      fromRows([[1, 0.9, -0.9], [0.9, 1, 0.9], [-0.9, 0.9, 1]]),
      DataError,
      /"gram" must be positive semidefinite/,
    ],
  ];
  for (const [what, someWeights, someGram, kind, message] of refusals) {
    it(`${what}, naming it`, async () => {
      await assert.rejects(quantizeLayer(someWeights, someGram), (error: Error) => {
        assert.ok(error instanceof kind && error instanceof RangeError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }

  it("another kind of value with a TypeError", async () => {
    await assert.rejects(quantizeLayer([[1]] as unknown as Matrix, gram), TypeError);
    await assert.rejects(quantizeLayer(weights, undefined as unknown as Matrix), /"gram" must be/);
  });

  const options: readonly [Record<string, unknown>, RegExp][] = [
    [{ bits: 5 }, /"bits": expected 2, 3, 4 or 8, received 5/],
    [{ method: "awq" }, /"method": expected "auto", "quantease", "gptq" or "rtn", received "awq"/],
    [{ iterations: 0 }, /"iterations": expected a whole number from 1 to 1000000, received 0/],
    [{ maxIterations: 0.5 }, /"maxIterations"/],
    [{ relaxEvery: -1 }, /"relaxEvery"/],
    [{ initial: "zeros" }, /"initial": expected "weights", "rtn" or "gptq"/],
    [{ groupSize: 0 }, /"groupSize"/],
    [{ grid: "clip" }, /"grid": expected "range" or "search", received "clip"/],
    [{ symmetric: 1 }, /"symmetric": expected true or false, received 1/],
    [{ activationOrder: "yes" }, /"activationOrder"/],
    [{ damping: -0.1 }, /"damping": expected a number from 0 to 1000, received -0.1/],
    [{ damping: NaN }, /"damping"/],
    [{ seed: -1 }, /"seed"/],
    [{ timeLimitMs: -1 }, /"timeLimitMs"/],
    [{ outliers: 0.01 }, /"outliers": expected \{ fraction, structured\? \}, received 0.01/],
    [{ outliers: { fraction: 0.6 } }, /"outliers.fraction": expected a number from 0 to 0.5, received 0.6/],
    [{ method: "gptq", outliers: { fraction: 0.01 } }, /"outliers" with method "gptq"/],
  ];
  for (const [given, message] of options) {
    it(`the options ${JSON.stringify(given)}`, async () => {
      await assert.rejects(quantizeLayer(weights, gram, given as QuantizeOptions), (error: Error) => {
        assert.ok(error instanceof OptionError, `${error}`);
        assert.match(error.message, message);
        return true;
      });
    });
  }
});

describe("quantizeLayer accepts", () => {
  it("dead inputs, zero rows and zero weights", async () => {
    const dead = matrix(8, 8, gram.data.map((x, at) => at % 8 === 3 || Math.floor(at / 8) === 3 ? 0 : x));
    const sparse = matrix(4, 8, weights.data.map((x, at) => at < 8 ? 0 : x));
    const rounded = await quantizeLayer(sparse, dead, { bits: 3, method: "rtn" });
    for (const method of ["gptq", "quantease", "auto"] as const) {
      const layer = await quantizeLayer(sparse, dead, { bits: 3, method, damping: 0 });
      assert.ok(dequantize(layer).data.subarray(0, 8).every((x) => x === 0), `${method}: a row of zeros stays`);
      for (let i = 0; i < 4; i++) {
        assert.equal(layer.codes[i * 8 + 3], rounded.codes[i * 8 + 3], `${method}: dead input`);
      }
    }
  });

  it("a Gram matrix of zeros: every weight goes to its nearest point, without error", async () => {
    const rounded = await quantizeLayer(weights, matrix(8, 8), { method: "rtn" });
    for (const method of ["gptq", "quantease", "auto"] as const) {
      const layer = await quantizeLayer(weights, matrix(8, 8), { method });
      assert.deepEqual([layer.codes, layer.objective, layer.relativeError], [rounded.codes, 0, 0], method);
    }
  });

  it("a singular Gram matrix: damping grows, and says so", async () => {
    const singular = fromRows([[1, 1, 0], [1, 1, 0], [0, 0, 1]]);
    const layer = await quantizeLayer(fromRows([[0.2, 0.9, -1]]), singular, { method: "gptq", damping: 0 });
    assert.match(layer.remarks.join(), /not positive definite with damping 0: damping 0.0001 was used/);
    assert.equal(layer.damping, 0.0001);
  });

  it("groups, symmetric grids, every width", async () => {
    for (const bits of [2, 3, 4, 8] as const) {
      for (const symmetric of [false, true]) {
        const layer = await quantizeLayer(weights, gram, { bits, symmetric, groupSize: 2, activationOrder: true });
        assert.deepEqual([layer.scales.shape, [...layer.groupIndex!]], [[4, 4], [0, 0, 1, 1, 2, 2, 3, 3]]);
        assert.ok(layer.codes.every((code) => code < 2 ** bits) && layer.scales.data.every((scale) => scale > 0));
        assert.ok(
          layer.zeros.data.every((zero) => symmetric ? zero === 2 ** (bits - 1) : zero >= 0 && zero < 2 ** bits),
        );
      }
    }
    const eight = await quantizeLayer(weights, gram, { bits: 8 }), four = await quantizeLayer(weights, gram);
    assert.ok(eight.objective < four.objective / 50);
  });

  it("single precision for one operand and double for the other: the weights decide", async () => {
    const single = matrix(4, 8, Float32Array.from(weights.data));
    const layer = await quantizeLayer(single, gram);
    assert.ok(layer.scales.data instanceof Float32Array && layer.plan.dtype === "f32");
    const other = await quantizeLayer(weights, matrix(8, 8, Float32Array.from(gram.data)));
    assert.ok(other.scales.data instanceof Float64Array && other.plan.dtype === "f64");
    assert.deepEqual(layer.codes, other.codes);
  });

  it("any small layer: codes are codes, the objective is the loss, and auto is no worse than gptq and rtn", async () => {
    await fastCheck.assert(
      fastCheck.asyncProperty(
        fastCheck.record({
          rows: fastCheck.integer({ min: 1, max: 5 }),
          groups: fastCheck.integer({ min: 1, max: 4 }),
          seed: fastCheck.nat(10_000),
          bits: fastCheck.constantFrom(2, 3, 4, 8),
          groupSize: fastCheck.integer({ min: 1, max: 5 }),
          symmetric: fastCheck.boolean(),
          grid: fastCheck.constantFrom("range", "search"),
          dtype: fastCheck.constantFrom("f32", "f64"),
        }),
        async ({ rows, groups, seed, bits, groupSize, symmetric, grid, dtype }) => {
          const made = makeLayer({ rows, columns: groups * groupSize, seed, dtype });
          const options = { bits, groupSize, symmetric, grid } as const;
          const layer = await quantizeLayer(made.weights, made.gram, options);
          const loss = lossOf(made, dequantize(layer));
          assert.ok(Math.abs(loss - layer.objective) <= 1e-9 * loss + 1e-12);
          assert.ok(layer.codes.every((code) => code < 2 ** bits));
          assert.equal(layer.violations, 0);
          for (const method of ["gptq", "rtn"] as const) {
            const activationOrder = method === "gptq";
            const other = await quantizeLayer(made.weights, made.gram, { ...options, method, activationOrder });
            assert.ok(layer.objective <= other.objective * (1 + 1e-6) + 1e-12, `${method}`);
          }
        },
      ),
      { numRuns: 60, seed: 7 },
    );
  });
});

describe("quantizeLayer under way", () => {
  const large = makeLayer({ rows: 96, columns: 96, seed: 2, dtype: "f32" });

  it("reports progress that grows to 1", async () => {
    for (const method of ["quantease", "auto"] as const) {
      const events: ProgressEvent[] = [];
      await quantizeLayer(large.weights, large.gram, {
        bits: 3,
        method,
        onProgress: (event) => void events.push(event),
      });
      assert.ok(events.length > 10);
      events.forEach(({ fraction }, i) => assert.ok(i === 0 || fraction >= events[i - 1].fraction));
      assert.equal(events.at(-1)!.fraction, 1);
    }
  });

  it("rejects with the signal's reason when aborted in the middle, and holds no memory afterwards", async () => {
    await quantizeLayer(large.weights, large.gram, { bits: 3 });
    const { used } = memoryUsage();
    for (const options of [{}, { method: "quantease" }, { outliers: { fraction: 0.01 } }] as const) {
      for (const after of [1, 5, 20]) {
        const controller = new AbortController(), reason = new Error("enough");
        let events = 0;
        const solve = quantizeLayer(large.weights, large.gram, {
          ...options,
          bits: 3,
          signal: controller.signal,
          onProgress: () => void (++events === after && controller.abort(reason)),
        });
        await assert.rejects(solve, reason);
        assert.equal(memoryUsage().used, used);
      }
    }
    await assert.rejects(quantizeLayer(large.weights, large.gram, { signal: AbortSignal.abort("at once") }));
  });

  it("returns a valid layer at the time limit: at worst what rounding gives", async () => {
    const layer = await quantizeLayer(large.weights, large.gram, { bits: 3, timeLimitMs: 0 });
    const rounded = await quantizeLayer(large.weights, large.gram, { bits: 3, method: "rtn" });
    assert.equal(layer.status, "time-limit");
    assert.deepEqual(layer.codes, rounded.codes);
    assert.deepEqual([...layer.trace], [layer.objective]);
  });

  it("leaves its arguments as they are", async () => {
    const before = [large.weights.data.slice(), large.gram.data.slice()];
    await quantizeLayer(large.weights, large.gram, { bits: 2, outliers: { fraction: 0.02 } });
    assert.deepEqual([large.weights.data, large.gram.data], before);
  });
});

describe("accumulateGram", () => {
  it("sums X X^T over batches, whatever their cut and precision", async () => {
    const random = createRandom(3);
    const data = Float32Array.from({ length: 50 * 6 }, random.normal);
    const whole = accumulateGram(6), parts = accumulateGram(6, { dtype: "f32" });
    await whole.add(matrix(50, 6, Float64Array.from(data)));
    for (let t = 0; t < 50; t += 7) {
      const rows = Math.min(7, 50 - t);
      await parts.add(matrix(rows, 6, data.slice(t * 6, (t + rows) * 6)));
    }
    await parts.add(matrix(0, 6, new Float32Array()));
    const sum = (await whole.gram()).data;
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 6; j++) {
        let expected = 0;
        for (let t = 0; t < 50; t++) expected += data[t * 6 + i] * data[t * 6 + j];
        assert.ok(Math.abs(sum[i * 6 + j] - expected) < 1e-12 * 50);
        assert.equal(sum[i * 6 + j], sum[j * 6 + i]);
      }
    }
    const single = (await parts.gram()).data;
    assert.ok(single instanceof Float32Array && single.every((x, at) => Math.abs(x - sum[at]) < 1e-5));
  });

  it("refuses what is no batch of activations", async () => {
    assert.throws(() => accumulateGram(0), /"inputs": expected a whole number >= 1, received 0/);
    const accumulator = accumulateGram(3);
    await assert.rejects(accumulator.add(matrix(2, 4)), /"activations" is 2 x 4 instead of \[tokens, 3\]/);
    await assert.rejects(accumulator.add(matrix(1, 3, new Float64Array([1, NaN, 0]))), DataError);
    assert.deepEqual((await accumulator.gram()).data, new Float64Array(9));
  });

  it("refuses options that no solver takes", () => {
    assert.throws(() => accumulateGram(3, { threads: 0 }), OptionError);
    assert.throws(() => accumulateGram(3, { backend: "gpu" as "wasm" }), /"backend": expected .*received "gpu"/);
  });

  it("reports progress, and keeps the sum where it is aborted in the middle of a batch", async () => {
    const abort = new AbortController(), fractions: number[] = [], before = memoryUsage().used;
    // Two kernel calls.
    const tokens = 1100, inputs = 1024, data = new Float32Array(tokens * inputs).fill(1);
    const accumulator = accumulateGram(inputs, {
      dtype: "f32",
      signal: abort.signal,
      onProgress: ({ fraction }) => {
        if (fractions.push(fraction) === 3) abort.abort(new Error("enough"));
      },
    });
    await accumulator.add(matrix(tokens, inputs, data));
    assert.ok(fractions.length === 2 && fractions[0] < 1 && fractions[1] === 1, fractions.join());
    await assert.rejects(accumulator.add(matrix(tokens, inputs, data)), /enough/);
    await assert.rejects(accumulator.add(matrix(tokens, inputs, data)), /enough/);
    assert.equal(memoryUsage().used, before);
    assert.ok((await accumulator.gram()).data.every((entry) => entry === tokens), "the sum of the first batch");
  });
});
