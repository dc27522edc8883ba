import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createRandom, memoryUsage, sam, type SamOptions, type Vector } from "../../../mod.ts";

/** Mean of (w - x)^2 / 2 over a batch. */
function meansOf(x: readonly number[]): SamOptions["gradient"] {
  return (w, batch, out) => {
    let loss = 0;
    out.fill(0);
    for (const sample of batch!) {
      loss += (w[0] - x[sample]) ** 2 / 2 / batch!.length;
      out[0] += (w[0] - x[sample]) / batch!.length;
    }
    return loss;
  };
}

/** Least squares with rows of `X` and their responses: loss 1/(2 n) ||X w - y||^2 of a batch. */
function leastSquares(rows: number, columns: number, seed = 1) {
  const random = createRandom(seed);
  const X = Array.from({ length: rows }, () => Float64Array.from({ length: columns }, random.normal));
  const y = Float64Array.from({ length: rows }, random.normal);
  const gradient = (w: Vector, batch: Uint32Array | null, out: Vector) => {
    let loss = 0;
    out.fill(0);
    const samples = batch ?? X.keys().toArray();
    for (const i of samples) {
      const residual = X[i].reduce((sum, value, j) => sum + value * w[j], -y[i]);
      loss += residual ** 2 / 2 / samples.length;
      X[i].forEach((value, j) => out[j] += residual * value / samples.length);
    }
    return loss;
  };
  return { X, y, gradient, all: Uint32Array.from({ length: rows }, (_, i) => i) };
}

/** Solves `A x = b` by elimination with pivots. */
function solve(A: number[][], b: number[]): number[] {
  const n = b.length, M = A.map((row, i) => [...row, b[i]]);
  for (let k = 0; k < n; k++) {
    const pivot = M.slice(k).reduce((best, row, i) => Math.abs(row[k]) > Math.abs(M[best][k]) ? k + i : best, k);
    [M[k], M[pivot]] = [M[pivot], M[k]];
    for (let i = k + 1; i < n; i++) {
      const factor = M[i][k] / M[k][k];
      for (let j = k; j <= n; j++) M[i][j] -= factor * M[k][j];
    }
  }
  const x = new Array<number>(n);
  for (let k = n - 1; k >= 0; k--) {
    x[k] = (M[k][n] - M[k].slice(k + 1, n).reduce((sum, value, j) => sum + value * x[k + 1 + j], 0)) / M[k][k];
  }
  return x;
}

/** Takes steps from 0, releases the optimiser, and gives the parameters. */
async function run(options: SamOptions, size: number, steps: number, batch: Uint32Array | null) {
  const optimizer = sam(options), w = new Float64Array(size);
  try {
    for (let step = 0; step < steps; step++) await optimizer.step(w, batch);
  } finally {
    optimizer.release();
  }
  return w;
}

const plain = { kind: "sgd", learningRate: 0.1, momentum: 0 } as const;

describe("sam", () => {
  for (const backend of ["wasm", "reference"] as const) {
    it(`takes the published step of two micro-batches on ${backend}`, async () => {
      const w = Float64Array.of(2);
      const optimizer = sam({ gradient: meansOf([0, 1]), rho: 0.1, microBatches: 2, base: plain, backend });
      const report = await optimizer.step(w, [0, 1]);
      optimizer.release();
      assert.equal(report.loss, 1.25);
      assert.equal(report.gradientNorm, 1.5);
      assert.ok(Math.abs(report.samGradientNorm - 1.6) < 1e-12, `${report.samGradientNorm}`);
      assert.ok(Math.abs(w[0] - 1.84) < 1e-12, `${w[0]}`);
      assert.equal(report.skipped, false);
    });
  }

  it("without rho is the base optimiser bit for bit, and asks for one gradient a step", async () => {
    const { gradient, all } = leastSquares(12, 5);
    let calls = 0;
    const counted: SamOptions["gradient"] = (...values) => (calls++, gradient(...values));
    const base = { kind: "sgd", learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 } as const;
    const w = await run({ gradient: counted, rho: 0, base, backend: "reference" }, 5, 20, all);
    assert.equal(calls, 20);
    const expected = new Float64Array(5), speed = new Float64Array(5), slope = new Float64Array(5);
    for (let step = 0; step < 20; step++) {
      gradient(expected, all, slope);
      for (let k = 0; k < 5; k++) {
        speed[k] = 0.9 * speed[k] + (slope[k] + 0.01 * expected[k]);
        expected[k] -= 0.05 * speed[k];
      }
    }
    assert.deepEqual(w, expected);
  });

  it("takes the step of AdamW", async () => {
    const { gradient, all } = leastSquares(12, 5);
    const base = { kind: "adamw", learningRate: 0.02, weightDecay: 0.1 } as const;
    const w = await run({ gradient, rho: 0, base }, 5, 30, all);
    const expected = new Float64Array(5), m = new Float64Array(5), v = new Float64Array(5), g = new Float64Array(5);
    for (let t = 1; t <= 30; t++) {
      gradient(expected, all, g);
      for (let k = 0; k < 5; k++) {
        m[k] = 0.9 * m[k] + 0.1 * g[k];
        v[k] = 0.999 * v[k] + 0.001 * g[k] ** 2;
        const step = m[k] / (1 - 0.9 ** t) / (Math.sqrt(v[k] / (1 - 0.999 ** t)) + 1e-8);
        expected[k] -= 0.02 * (step + 0.1 * expected[k]);
      }
    }
    expected.forEach((value, k) => assert.ok(Math.abs(w[k] - value) < 1e-12, `${w[k]}, expected ${value}`));
  });

  it("with one sample a micro-batch, unnormalised, ends at least squares weighted by 1 + rho ||x||^2", async () => {
    const { X, y, gradient, all } = leastSquares(9, 3), rho = 0.2;
    const options = { gradient, rho, norm: "none", microBatchSize: 1, base: { ...plain, learningRate: 0.2 } } as const;
    const w = await run(options, 3, 3000, all);
    const weights = X.map((x) => 1 + rho * x.reduce((sum, value) => sum + value * value, 0));
    const normal = (ownWeights: readonly number[]) => {
      const A = Array.from(
        { length: 3 },
        (_, j) => Array.from({ length: 3 }, (_, k) => X.reduce((sum, x, i) => sum + ownWeights[i] * x[j] * x[k], 0)),
      );
      return solve(
        A,
        Array.from({ length: 3 }, (_, j) => X.reduce((sum, x, i) => sum + ownWeights[i] * x[j] * y[i], 0)),
      );
    };
    const expected = normal(weights), ordinary = normal(weights.map(() => 1));
    expected.forEach((value, k) => assert.ok(Math.abs(w[k] - value) < 1e-8, `${w[k]}, expected ${value}`));
    assert.ok(Math.hypot(...expected.map((value, k) => value - ordinary[k])) > 1e-3, "the two fits differ");
    const whole = await run({ ...options, microBatchSize: undefined }, 3, 3000, all);
    ordinary.forEach((value, k) => assert.ok(Math.abs(whole[k] - value) < 1e-8, "one batch does not move the fit"));
  });

  it("follows the closed form of micro-batches on a quadratic", async () => {
    const rows = 12, parts = 3, size = 4, rho = 0.3, rate = 0.1, steps = 25;
    const { X, y, gradient, all } = leastSquares(rows, size, 5);
    const base = { ...plain, learningRate: rate };
    const w = await run({ gradient, rho, norm: "none", microBatches: parts, base }, size, steps, all);
    // Each micro-batch: gradient A_j w - b_j at w + rho (A_j w - b_j), so (A_j + rho A_j^2) w - (I + rho A_j) b_j.
    const H = Array.from({ length: size }, () => new Array<number>(size).fill(0)), c = new Array<number>(size).fill(0);
    for (let part = 0; part < parts; part++) {
      const own = X.slice(part * 4, part * 4 + 4), answers = y.slice(part * 4, part * 4 + 4);
      const A = H.map((_, j) => H.map((_, k) => own.reduce((sum, x) => sum + x[j] * x[k] / 4, 0)));
      const b = c.map((_, j) => own.reduce((sum, x, i) => sum + x[j] * answers[i] / 4, 0));
      for (let j = 0; j < size; j++) {
        c[j] += (b[j] + rho * A[j].reduce((sum, value, k) => sum + value * b[k], 0)) / parts;
        for (let k = 0; k < size; k++) {
          H[j][k] += (A[j][k] + rho * A[j].reduce((sum, value, l) => sum + value * A[l][k], 0)) / parts;
        }
      }
    }
    const expected = new Float64Array(size);
    for (let step = 0; step < steps; step++) {
      const slopes = H.map((row, j) => row.reduce((sum, value, k) => sum + value * expected[k], 0) - c[j]);
      slopes.forEach((slope, j) => expected[j] -= rate * slope);
    }
    expected.forEach((value, k) => assert.ok(Math.abs(w[k] - value) < 1e-12, `${w[k]}, expected ${value}`));
  });

  it("normalised, ends in the two-cycle of a quadratic: e = eta rho lambda / (2 - eta lambda)", async () => {
    const lambda = 3, rate = 0.1, rho = 0.5;
    const gradient: SamOptions["gradient"] = (w, _, out) => (out[0] = lambda * w[0], lambda * w[0] ** 2 / 2);
    const optimizer = sam({ gradient, rho, base: { ...plain, learningRate: rate } }), w = Float64Array.of(1);
    for (let step = 0; step < 400; step++) await optimizer.step(w, null);
    optimizer.release();
    const amplitude = rate * rho * lambda / (2 - rate * lambda);
    assert.ok(Math.abs(Math.abs(w[0]) - amplitude) < 1e-9, `${w[0]}, expected ${amplitude}`);
  });

  it("takes means, not sums: a batch twice over gives the same step", async () => {
    const { gradient, all } = leastSquares(8, 3);
    const options = { gradient, rho: 0.1, base: plain };
    const once = await run({ ...options, microBatches: 2 }, 3, 5, all);
    const twice = await run({ ...options, microBatches: 4 }, 3, 5, Uint32Array.from([...all, ...all]));
    once.forEach((value, k) => assert.ok(Math.abs(value - twice[k]) < 1e-12));
    const uneven = sam({ gradient, rho: 0, microBatches: 3, base: plain }), w = new Float64Array(3);
    const { loss } = await uneven.step(w, all);
    uneven.release();
    assert.ok(Math.abs(loss - gradient(new Float64Array(3), all, new Float64Array(3))) < 1e-12, "shares of 8 by 3");
  });

  it("scales by segment, by parameter, and in several ascents", async () => {
    const points: Float64Array[] = [];
    const slopes = [3, 4, 0, 2], w0 = Float64Array.of(1, -2, 3, 0.5);
    const gradient: SamOptions["gradient"] = (w, _, out) => (points.push(Float64Array.from(w)), out.set(slopes), 1);
    const movesOf = async (options: Partial<SamOptions>) => {
      points.length = 0;
      const optimizer = sam({ gradient, rho: 0.5, ...options });
      await optimizer.step(w0.slice(), null);
      optimizer.release();
      return Array.from(points.at(-1)!, (value, k) => value - w0[k]);
    };
    const near = (moves: number[], expected: number[], what: string) =>
      moves.forEach((move, k) => assert.ok(Math.abs(move - expected[k]) < 1e-11, `${what}: ${moves}`));
    const norm = Math.sqrt(29);
    near(await movesOf({}), slopes.map((slope) => 0.5 * slope / norm), "global");
    near(await movesOf({ norm: "none" }), slopes.map((slope) => 0.5 * slope), "none");
    near(await movesOf({ norm: "per-tensor", segments: [0, 2] }), [0.3, 0.4, 0, 0.5], "per tensor");
    const scales = Array.from(w0, (value) => Math.abs(value) + 0.1);
    const scaled = Math.hypot(...slopes.map((slope, k) => scales[k] * slope));
    const expected = slopes.map((slope, k) => 0.5 * scales[k] ** 2 * slope / scaled);
    near(await movesOf({ adaptive: { eta: 0.1 } }), expected, "adaptive");
    near(await movesOf({ adaptive: false }), slopes.map((slope) => 0.5 * slope / norm), "not adaptive");
    near(await movesOf({ ascentSteps: 3 }), slopes.map((slope) => 0.5 * slope / norm), "three ascents");
    assert.equal(points.length, 4);
  });

  it("perturbs toward the penalty of the decay as well, where that is asked for: as if it were part of the loss", async () => {
    const x = [0.3, -1, 2, 0.7, -0.2, 1.4], decay = 0.3, batch = [0, 1, 2, 3, 4, 5];
    const quartic = (penalty: number): SamOptions["gradient"] => (w, batch, out) => {
      let loss = 0;
      out.fill(0);
      for (const i of batch!) {
        for (let k = 0; k < 2; k++) {
          const error = w[k] - x[(i + k) % 6];
          loss += error ** 4 / batch!.length;
          out[k] += 4 * error ** 3 / batch!.length;
        }
      }
      for (let k = 0; k < 2; k++) {
        loss += penalty / 2 * w[k] ** 2;
        out[k] += penalty * w[k];
      }
      return loss;
    };
    const train = async (options: Partial<SamOptions>, penalty: number, weightDecay: number) => {
      const w = Float64Array.of(1, -2), base = { learningRate: 0.01, momentum: 0.5, weightDecay };
      const optimizer = sam({ gradient: quartic(penalty), rho: 0.2, base, ...options });
      for (let step = 0; step < 10; step++) await optimizer.step(w, batch);
      optimizer.release();
      return w;
    };
    for (const options of [{}, { microBatches: 3 }, { ascentSteps: 3 }, { norm: "none" }, { adaptive: {} }] as const) {
      const inLoss = await train(options, decay, 0),
        inBase = await train({ ...options, decayInPerturbation: true }, 0, decay);
      const without = await train(options, 0, decay);
      for (let k = 0; k < 2; k++) {
        assert.ok(Math.abs(inLoss[k] - inBase[k]) < 1e-12, `${JSON.stringify(options)}: ${inBase}, expected ${inLoss}`);
        assert.ok(Math.abs(inLoss[k] - without[k]) > 1e-9, `${JSON.stringify(options)}: no difference`);
      }
    }
    const plain = await train({ rho: 0 }, 0, decay);
    assert.deepEqual(await train({ rho: 0, decayInPerturbation: true }, 0, decay), plain);
  });

  it("clips the norm, and warms up and cools down the rate", async () => {
    const gradient: SamOptions["gradient"] = (_, __, out) => (out.set([3, 4]), 1);
    const moves = async (options: Partial<SamOptions>, steps: number) => {
      const optimizer = sam({ gradient, rho: 0.1, base: plain, ...options }), w = new Float64Array(2);
      const moved: number[] = [];
      for (let step = 0; step < steps; step++) {
        const before = w[0];
        await optimizer.step(w, null);
        moved.push((before - w[0]) / 0.3);
      }
      optimizer.release();
      return moved;
    };
    const near = (moved: number[], expected: number[]) =>
      expected.forEach((value, k) => assert.ok(Math.abs(moved[k] - value) < 1e-12, `${moved}, expected ${expected}`));
    near(await moves({ clip: 1 }, 1), [0.2]);
    near(await moves({ schedule: { warmUp: 2 } }, 3), [0.5, 1, 1]);
    near(await moves({ schedule: { kind: "cosine", steps: 4, warmUp: 1 } }, 5), [1, 1, 0.75, 0.25, 0]);
    near(await moves({ schedule: { kind: "step", every: 2, factor: 0.5 } }, 5), [1, 1, 0.5, 0.5, 0.25]);
  });

  it("skips a step with NaN in either pass whole, and says so", async () => {
    const { gradient, all } = leastSquares(6, 3);
    for (const bad of [0, 1, 2, 3]) {
      let call = 0, poison = false;
      const poisoned: SamOptions["gradient"] = async (w, batch, out) => {
        const loss = gradient(w, batch, out);
        await Promise.resolve();
        if (poison && call++ === bad) out[1] = bad % 2 ? NaN : Infinity;
        return loss;
      };
      const optimizer = sam({ gradient: poisoned, microBatches: 2, rho: 0.1 }), w = new Float64Array(3);
      await optimizer.step(w, all);
      const before = w.slice(), state = optimizer.state();
      poison = true;
      assert.equal((await optimizer.step(w, all)).skipped, true);
      assert.deepEqual(w, before);
      assert.deepEqual(optimizer.state(), state);
      optimizer.release();
    }
  });

  it("stays where the gradient is zero", async () => {
    const gradient: SamOptions["gradient"] = (_, __, out) => (out.fill(0), 0);
    const optimizer = sam({ gradient, rho: 0.1 }), w = Float32Array.of(1, 2);
    const report = await optimizer.step(w, null);
    optimizer.release();
    assert.deepEqual([...w], [1, 2]);
    assert.deepEqual(report, { loss: 0, gradientNorm: 0, samGradientNorm: 0, skipped: false });
  });

  it("goes on from a state to the same bits, also where batches grow", async () => {
    const { gradient, all } = leastSquares(16, 4);
    const options = { gradient, rho: 0.1, microBatchSize: 2, base: { kind: "adamw" } } as const;
    const take = async (optimizer: ReturnType<typeof sam>, w: Vector, from: number, to: number) => {
      for (let step = from; step < to; step++) await optimizer.step(w, all.subarray(0, step < 3 ? 4 : 16));
    };
    const one = sam(options), whole = new Float32Array(4);
    await take(one, whole, 0, 8);
    const first = sam(options), second = sam(options), parts = new Float32Array(4);
    await take(first, parts, 0, 5);
    second.restore(structuredClone(first.state()!));
    await take(second, parts, 5, 8);
    [one, first, second].forEach((optimizer) => optimizer.release());
    assert.deepEqual(parts, whole);
  });

  it("refuses what it cannot use, and says what that is", async () => {
    const { gradient, all } = leastSquares(4, 2);
    const w = new Float64Array(2);
    const refuses = async (options: object, call: [unknown, unknown], pattern: RegExp) => {
      await assert.rejects(async () => {
        const optimizer = sam({ gradient, ...options } as SamOptions);
        try {
          await optimizer.step(call[0] as Vector, call[1] as number[]);
        } finally {
          optimizer.release();
        }
      }, { message: pattern });
    };
    assert.throws(() => sam(undefined as unknown as SamOptions), /"gradient"/);
    await refuses({ gradient: 3 }, [w, all], /"gradient".*function/);
    await refuses({ rho: -1 }, [w, all], /"rho"/);
    await refuses({ microBatch: 1 }, [w, all], /"microBatch".*"microBatches"/);
    await refuses({ base: { learningRate: 0 } }, [w, all], /"base\.learningRate"/);
    await refuses({ base: { kind: "adam" } }, [w, all], /"base\.kind"/);
    await refuses({ adaptive: {}, ascentSteps: 2 }, [w, all], /"adaptive".*ball/);
    await refuses({ decayInPerturbation: true, base: { kind: "adamw" } }, [w, all], /"decayInPerturbation".*"sgd"/);
    await refuses({ adaptive: { segments: [1] } }, [w, all], /adaptive\.segments/);
    await refuses({ schedule: { kind: "cosine" } }, [w, all], /schedule\.steps/);
    await refuses({ segments: [1] }, [w, all], /segments\[0\]/);
    await refuses({ segments: [0, 2] }, [w, all], /segments\[1\]/);
    await refuses({}, [[0, 0], all], /"parameters"/);
    await refuses({}, [Float64Array.of(1, NaN), all], /"parameters".*NaN at 1/);
    await refuses({}, [w, []], /"batch" is empty/);
    await refuses({}, [w, [-1]], /batch\[0\]/);
    await refuses({ microBatches: 2 }, [w, null], /"batch" is null/);
    await refuses({ gradient: () => "1" }, [w, all], /"gradient" gave "1"/);
    const optimizer = sam({ gradient });
    await optimizer.step(w, all);
    await assert.rejects(optimizer.step(new Float32Array(2), all), /"parameters".*f64/);
    assert.throws(() => optimizer.restore({ step: 1, moments: [] }), /1 moments of 2 numbers/);
    const under = optimizer.step(w, all);
    await assert.rejects(optimizer.step(w, all), /await/);
    await under;
    optimizer.release();
    await assert.rejects(optimizer.step(w, all), /released/);
  });

  it("takes what the caller's function throws, changes nothing, and frees its memory", async () => {
    const before = memoryUsage().used;
    for (let turn = 0; turn < 50; turn++) {
      const optimizer = sam({ gradient: () => Promise.reject(new Error("no")) }), w = Float64Array.of(1);
      await assert.rejects(optimizer.step(w, null), /no/);
      assert.equal(w[0], 1);
      optimizer.release();
      optimizer.release();
    }
    assert.ok(memoryUsage().used <= before + 4096 || before === 0);
  });
});
