import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRandom,
  kernelMatrix,
  type Matrix,
  matrix,
  memoryUsage,
  samKernelRegression,
  samRegression,
  type SamRegressionPath,
} from "../../../mod.ts";

interface Problem {
  readonly X: Matrix;
  readonly y: Float64Array;
  readonly truth: Float64Array;
}

function problem(rows: number, columns: number, seed: number, noise = 1): Problem {
  const random = createRandom(seed),
    X = matrix(rows, columns),
    truth = Float64Array.from({ length: columns }, random.normal);
  for (let at = 0; at < X.data.length; at++) X.data[at] = random.normal() / Math.sqrt(1 + at % columns);
  return { X, y: valuesOf(X, truth).map((value) => value + noise * random.normal()), truth };
}

function valuesOf({ data, shape: [rows, columns] }: Matrix, w: ArrayLike<number>): Float64Array {
  return Float64Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < columns; j++) sum += data[i * columns + j] * w[j];
    return sum;
  });
}

/** The gradient of the mean loss over some rows. */
function gradient({ X, y }: Pick<Problem, "X" | "y">, w: Float64Array, begin = 0, end = X.shape[0]): Float64Array {
  const [, columns] = X.shape, sum = new Float64Array(columns), values = valuesOf(X, w);
  for (let i = begin; i < end; i++) {
    for (let j = 0; j < columns; j++) sum[j] += (values[i] - y[i]) * X.data[i * columns + j] / (end - begin);
  }
  return sum;
}

/** The steps as they are written down: the reference. */
function loop(
  data: Pick<Problem, "X" | "y">,
  { rho, rate, steps, normalize = false, parts = 1 }: {
    rho: number;
    rate: number;
    steps: number;
    normalize?: boolean;
    parts?: number;
  },
): Float64Array[] {
  const [rows, columns] = data.X.shape, path = [new Float64Array(columns)];
  for (let k = 0; k < steps; k++) {
    const w = path[k], next = w.slice();
    for (let j = 0; j < parts; j++) {
      const begin = Math.floor(j * rows / parts), end = Math.floor((j + 1) * rows / parts);
      const g = gradient(data, w, begin, end), norm = Math.sqrt(g.reduce((sum, value) => sum + value * value, 0));
      const factor = normalize ? rho / (norm + 1e-12) : rho;
      const there = gradient(data, w.map((value, i) => value + factor * g[i]), begin, end);
      for (let i = 0; i < columns; i++) next[i] -= rate * (end - begin) / rows * there[i];
    }
    path.push(next);
  }
  return path;
}

function apart(path: SamRegressionPath, expected: readonly Float64Array[]): number {
  const [rows, columns] = path.coefficients.shape;
  let most = 0, size = 0;
  for (let row = 0; row < rows; row++) {
    for (let j = 0; j < columns; j++) {
      const truth = expected[path.steps[row]][j];
      most = Math.max(most, Math.abs(path.coefficients.data[row * columns + j] - truth));
      size = Math.max(size, Math.abs(truth));
    }
  }
  return most / size;
}

describe("samRegression", () => {
  it("is the loop of its steps: tall, wide, of low rank, at every step", async () => {
    for (const [rows, columns] of [[60, 20], [12, 30], [20, 20], [1, 4], [7, 1]]) {
      const data = problem(rows, columns, rows);
      for (const rho of [0, 0.3, 2]) {
        const path = await samRegression(data.X, data.y, { rho, steps: 40 });
        assert.ok(path.closedForm && path.status === "converged" && path.steps.length === 41);
        const off = apart(path, loop(data, { rho, rate: path.learningRate, steps: 40 }));
        assert.ok(off < 1e-11, `${rows} x ${columns}, rho ${rho}: ${off}`);
      }
    }
    const { X, y } = problem(30, 6, 3);
    for (let i = 0; i < 30; i++) X.data[i * 6 + 5] = X.data[i * 6] + X.data[i * 6 + 1];
    const path = await samRegression(X, y, { rho: 0.5, steps: 200, at: [3, 200] });
    assert.deepEqual([...path.steps], [3, 200]);
    assert.ok(apart(path, loop({ X, y }, { rho: 0.5, rate: path.learningRate, steps: 200 })) < 1e-10);
  });

  it("is the loop with micro-batches, normalised or not, tall and wide", async () => {
    for (const [rows, columns] of [[60, 9], [25, 25], [10, 30]]) {
      const data = problem(rows, columns, rows + 1);
      for (const normalize of [false, true]) {
        for (const parts of [1, 4, 7, rows]) {
          const options = { rho: 0.2, learningRate: 0.05, steps: 30, normalize, microBatches: parts };
          const path = await samRegression(data.X, data.y, options);
          assert.equal(path.closedForm, !normalize && (parts === 1 || rows >= columns));
          const off = apart(path, loop(data, { rho: 0.2, rate: 0.05, steps: 30, normalize, parts }));
          assert.ok(off < 1e-11, `${rows} x ${columns}, ${parts} parts, normalised ${normalize}: ${off}`);
        }
      }
    }
  });

  it("with one row a micro-batch ends at weighted least squares, weights 1 + rho ||x||^2", async () => {
    const { X, y } = problem(40, 5, 8);
    const rho = 0.7, { coefficients } = await samRegression(X, y, { rho, steps: 1e6, at: [1e6], microBatches: 40 });
    const weight = (i: number) =>
      1 + rho * Array.from(X.data.subarray(5 * i, 5 * i + 5)).reduce((sum, x) => sum + x * x, 0);
    const error = valuesOf(X, coefficients.data).map((value, i) => (value - y[i]) * weight(i));
    for (let j = 0; j < 5; j++) {
      const slope = error.reduce((sum, e, i) => sum + e * X.data[5 * i + j], 0);
      assert.ok(Math.abs(slope) < 1e-9, `${slope}`);
    }
    const whole = await samRegression(X, y, { rho, steps: 1e6, at: [1e6] });
    assert.ok(Math.hypot(...gradient({ X, y }, Float64Array.from(whole.coefficients.data))) < 1e-12);
    assert.ok(apart(whole, { [1e6]: Float64Array.from(coefficients.data) } as never) > 0.01, "another fixed point");
  });

  it("has less bias and more variance than gradient descent, direction by direction (rate below 1 / h)", async () => {
    const { X, y, truth } = problem(50, 10, 4);
    const sharp = await samRegression(X, y, { rho: 1, steps: 60, truth });
    const plain = await samRegression(X, y, { rho: 0, steps: 60, truth, learningRate: sharp.learningRate });
    for (let k = 1; k <= 60; k++) {
      assert.ok(sharp.bias2![k] < plain.bias2![k] && sharp.variance![k] > plain.variance![k]);
      assert.ok(sharp.loss[k] <= sharp.loss[k - 1]);
    }
    assert.ok(sharp.bias2![0] === plain.bias2![0] && sharp.variance![0] === 0);
    assert.equal(sharp.risk![sharp.bestStep!], Math.min(...sharp.risk!));
  });

  it("converges below its largest rate and not above: 2 / (l (1 + rho l))", async () => {
    const { X, y } = problem(40, 6, 5), { largestLearningRate } = await samRegression(X, y, { rho: 0.5, steps: 0 });
    const at = async (share: number) => {
      const learningRate = share * largestLearningRate;
      return (await samRegression(X, y, { rho: 0.5, steps: 3000, at: [0, 1000, 3000], learningRate })).loss;
    };
    const below = await at(0.99), above = await at(1.01);
    assert.ok(below[2] <= below[1] && below[2] < below[0] && above[2] > 1e6 * above[1], `${below} ${above}`);
    await assert.rejects(
      samRegression(X, y, { rho: 0.5, steps: 1e6, at: [1e6], learningRate: 2 * largestLearningRate }),
      {
        name: "OptionError",
        message: /"learningRate".* left the range of numbers by step 1000000/,
      },
    );
  });

  it("normalised, ends in a cycle of two along the sharpest direction, rate rho l / (2 - rate l) from the minimum", async () => {
    const { X, y } = problem(40, 6, 6), rho = 0.1;
    const { eigenvalues: [l] } = await samRegression(X, y, { steps: 0 }), learningRate = 0.5 / l;
    const options = { rho, learningRate, normalize: true, steps: 4001, at: [4000, 4001] };
    const { coefficients } = await samRegression(X, y, options);
    const minimum = (await samRegression(X, y, { rho: 0, steps: 1e8, at: [1e8] })).coefficients.data;
    for (const row of [0, 1]) {
      const distance = Math.hypot(...minimum.map((value, j) => coefficients.data[row * 6 + j] - value));
      assert.ok(Math.abs(distance - learningRate * rho * l / (2 - learningRate * l)) < 1e-6, `${distance}`);
    }
  });

  it("has the moments of 4,000 draws, whole, in micro-batches and normalised", async () => {
    const { X, truth } = problem(30, 6, 7), values = valuesOf(X, truth), random = createRandom(9), draws = 4000;
    const settings = [{}, { microBatches: 5 }, { normalize: true, draws: 2000 }] as const;
    for (const setting of settings) {
      const options = { rho: 0.4, learningRate: 0.3, steps: 12, at: [12], ...setting };
      const { bias2, variance, risk, riskStandardError, closedForm } = await samRegression(X, values, {
        ...options,
        truth,
        noise: 0.8,
      });
      assert.equal(closedForm, !("normalize" in setting));
      const mean = new Float64Array(30), risks: number[] = [];
      for (let draw = 0; draw < draws; draw++) {
        const y = values.map((value) => value + 0.8 * random.normal());
        const parts = "microBatches" in setting ? 5 : 1, normalize = "normalize" in setting;
        const w = loop({ X, y }, { rho: 0.4, rate: 0.3, steps: 12, normalize, parts })[12];
        const error = valuesOf(X, w).map((value, i) => value - values[i]);
        error.forEach((e, i) => mean[i] += e / draws);
        risks.push(error.reduce((sum, e) => sum + e * e / 30, 0));
      }
      const seen = risks.reduce((sum, value) => sum + value, 0) / draws;
      const spread = Math.sqrt(risks.reduce((sum, value) => sum + (value - seen) ** 2, 0) / draws / draws);
      const most = 4 * Math.hypot(spread, riskStandardError?.[0] ?? 0);
      assert.ok(Math.abs(risk![0] - seen) < most, `risk ${risk![0]}, seen ${seen} within ${most}`);
      const distance = mean.reduce((sum, e) => sum + e * e / 30, 0) - variance![0] / draws;
      assert.ok(Math.abs(bias2![0] - distance) < 4 * most, `bias ${bias2![0]}, seen ${distance}`);
      assert.ok(Math.abs(bias2![0] + variance![0] - risk![0]) < 1e-12);
    }
  });

  it("turns with the data, scales with it, and takes batches the same way for a seed", async () => {
    const { X, y } = problem(30, 4, 10);
    for (const scale of [1e-8, 1e8]) {
      const scaled = matrix(30, 4, X.data.map((value) => value * scale));
      const one = await samRegression(X, y, { rho: 0.3, steps: 20 });
      const other = await samRegression(scaled, y, { rho: 0.3 / scale ** 2, steps: 20 });
      one.coefficients.data.forEach((value, at) => {
        assert.ok(Math.abs(other.coefficients.data[at] * scale - value) < 1e-10 * (1 + Math.abs(value)));
      });
      assert.ok(Math.abs(other.learningRate * scale ** 2 / one.learningRate - 1) < 1e-10);
    }
    const options = { rho: 0.1, steps: 300, at: [0, 300], batchSize: 7, microBatches: 2, learningRate: 0.05 };
    const one = await samRegression(X, y, options), again = await samRegression(X, y, options);
    assert.deepEqual(one.coefficients, again.coefficients);
    assert.ok(one.loss[1] < 0.7 * one.loss[0] && !one.closedForm);
    const other = await samRegression(X, y, { ...options, seed: 1 });
    assert.notDeepEqual(other.coefficients, one.coefficients);
  });

  it("answers hard data: constant columns, zeros, one row, rows of zeros, far means", async () => {
    const zero = await samRegression(matrix(4, 3), [1, 2, 3, 4], { steps: 5, truth: [1, 1, 1] });
    assert.ok(zero.coefficients.data.every((value) => value === 0) && zero.largestLearningRate === Infinity);
    assert.ok(zero.risk!.every((value) => value === 0));
    const far = problem(20, 3, 11);
    for (let at = 0; at < 60; at++) far.X.data[at] += 1e6;
    const path = await samRegression(far.X, far.y, { rho: 1e-13, steps: 50 });
    assert.ok(apart(path, loop(far, { rho: 1e-13, rate: path.learningRate, steps: 50 })) < 1e-6);
    const noThing = await samRegression(matrix(3, 2, Float64Array.of(1, 2, 3, 4, 5, 6)), [0, 0, 0], {
      steps: 3,
      normalize: true,
    });
    assert.ok(noThing.coefficients.data.every((value) => value === 0));
  });

  it("refuses what it cannot follow, by name", async () => {
    const { X, y } = problem(5, 2, 12);
    const cases: [() => Promise<unknown>, RegExp][] = [
      [() => samRegression(X, y.subarray(1), { steps: 1 }), /"y" has 4 elements, expected 5/],
      [() => samRegression(X, y, { steps: 1.5 }), /"steps"/],
      [
        () => samRegression(X, y, { steps: 5, at: [3, 2] }),
        /"at": expected whole numbers up to 5 in rising order, received 2 at 1/,
      ],
      [() => samRegression(X, y, { steps: 5, at: [6] }), /"at"/],
      [() => samRegression(X, y, { steps: 1e9 }), /name some by "at"/],
      [() => samRegression(X, y, { steps: 1, truth: [1] }), /"truth" has 1 element, expected 2/],
      [() => samRegression(X, y, { steps: 1, learningRate: 0 }), /"learningRate"/],
      [() => samRegression(X, y, {} as never), /"steps" of sharpness-aware regression is missing/],
      [() => samRegression(X, y, { steps: 1, rhoo: 1 } as never), /the nearest is "rho"/],
      [() => samRegression(matrix(5, 2, X.data.map((x) => x * 1e90)), y, { steps: 1 }), /largest magnitude/],
      [() => samRegression(matrix(0, 2), [], { steps: 1 }), /"X" is 0 x 2/],
      [() => samKernelRegression(X, y, { steps: 1 }), /"kernel" is 5 x 2, expected a square matrix/],
      [
        () => samKernelRegression(matrix(2, 2, Float64Array.of(1, 2, 2, 1)), [1, 1], { steps: 1 }),
        /the eigenvalue -0.5/,
      ],
      [
        () => samKernelRegression(matrix(2, 2, Float64Array.of(1, 2, 0, 1)), [1, 1], { steps: 1 }),
        /"kernel" is 0 at \(1, 0\)/,
      ],
      [() => kernelMatrix(matrix(3, 1), matrix(3, 1), {}), /expected a "width"/],
      [() => kernelMatrix(X, matrix(3, 1), {}), /"Z" has 1 feature, but "X" has 2/],
    ];
    for (const [call, message] of cases) await assert.rejects(call, { message });
  });

  it("ends at its limits with what it has, and leaves no memory behind", async () => {
    const { X, y, truth } = problem(300, 40, 13);
    await samRegression(X, y, { steps: 1e8, at: [1e8], normalize: true, timeLimitMs: 0 });
    const before = memoryUsage().used;
    for (const setting of [{}, { normalize: true }]) {
      const path = await samRegression(X, y, { steps: 1e8, at: [1e8], truth, timeLimitMs: 0, ...setting });
      assert.ok(path.status === "time-limit" && path.steps[0] === 0 && path.loss[0] > 0 && path.variance![0] === 0);
      const signal = AbortSignal.abort(new Error("enough"));
      await assert.rejects(samRegression(X, y, { steps: 10, ...setting, signal }), /enough/);
    }
    const controller = new AbortController();
    const onProgress = ({ iteration }: { iteration: number }) => iteration > 10 && controller.abort(new Error("stop"));
    const long = { steps: 1e8, at: [1e8], normalize: true, signal: controller.signal, onProgress };
    await assert.rejects(samRegression(X, y, long), /stop/);
    assert.equal(memoryUsage().used, before);
  });
});

describe("samKernelRegression", () => {
  /** The step in the space of functions, from its definition. */
  function kernelLoop(
    { data }: Matrix,
    y: Float64Array,
    { rho, rate, steps, normalize, parts }: {
      rho: number;
      rate: number;
      steps: number;
      normalize: boolean;
      parts: number;
    },
  ): Float64Array {
    const n = y.length, a = new Float64Array(n);
    for (let k = 0; k < steps; k++) {
      const r = y.map((value, i) => value - a.reduce((sum, c, j) => sum + c * data[i * n + j], 0));
      for (let p = 0; p < parts; p++) {
        const begin = Math.floor(p * n / parts), end = Math.floor((p + 1) * n / parts), size = end - begin;
        const image = Array.from({ length: size }, (_, i) => {
          let sum = 0;
          for (let j = begin; j < end; j++) sum += data[(begin + i) * n + j] * r[j] / size;
          return sum;
        });
        const norm = Math.sqrt(image.reduce((sum, value, i) => sum + value * r[begin + i], 0) / size);
        const factor = normalize ? rho / (norm + 1e-12) : rho;
        for (let i = 0; i < size; i++) a[begin + i] += rate / n * (r[begin + i] + factor * image[i]);
      }
    }
    return a;
  }

  it("is the loop of its steps, and linear regression for the linear kernel", async () => {
    const { X, y } = problem(25, 8, 20), kernel = await kernelMatrix(X, X, { width: 1.5 });
    for (const normalize of [false, true]) {
      for (const parts of [1, 3, 25]) {
        const options = { rho: 0.4, learningRate: 0.8, steps: 25, at: [25], normalize, microBatches: parts };
        const { coefficients, closedForm } = await samKernelRegression(kernel, y, options);
        assert.equal(closedForm, !normalize && parts === 1);
        const truth = kernelLoop(kernel, y, { rho: 0.4, rate: 0.8, steps: 25, normalize, parts });
        truth.forEach((value, i) => assert.ok(Math.abs(value - coefficients.data[i]) < 1e-11 * (1 + Math.abs(value))));
      }
    }
    const linear = await kernelMatrix(X, X, { kernel: "linear" });
    for (const setting of [{}, { normalize: true }, { microBatches: 5 }]) {
      const options = { rho: 0.3, learningRate: 0.1, steps: 30, ...setting };
      const one = await samRegression(X, y, options), other = await samKernelRegression(linear, y, options);
      one.loss.forEach((value, k) =>
        assert.ok(Math.abs(value / other.loss[k] - 1) < 1e-9, `${value} ${other.loss[k]}`)
      );
    }
  });

  it("has bias and variance of its fitted values, and those of linear regression for the linear kernel", async () => {
    const { X, y, truth } = problem(20, 5, 21), linear = await kernelMatrix(X, X, { kernel: "linear" });
    const options = { rho: 0.3, learningRate: 0.1, steps: 10, noise: 0.7 };
    const one = await samRegression(X, y, { ...options, truth });
    const other = await samKernelRegression(linear, y, { ...options, truth: valuesOf(X, truth) });
    for (const name of ["bias2", "variance", "risk"] as const) {
      one[name]!.forEach((value, k) => assert.ok(Math.abs(value - other[name]![k]) < 1e-10, `${name} at ${k}`));
    }
  });

  it("the matrix of a kernel is what its formula says", async () => {
    const { X } = problem(6, 3, 22), { X: Z } = problem(4, 3, 23);
    const row = (of: Matrix, i: number) => Array.from(of.data.subarray(3 * i, 3 * i + 3));
    const dot = (i: number, j: number) => row(X, i).reduce((sum, x, k) => sum + x * row(Z, j)[k], 0);
    const square = (i: number, j: number) => row(X, i).reduce((sum, x, k) => sum + (x - row(Z, j)[k]) ** 2, 0);
    const linear = await kernelMatrix(X, Z, { kernel: "linear" });
    const polynomial = await kernelMatrix(X, Z, { kernel: "polynomial", degree: 2, offset: 0.5 });
    const gaussian = await kernelMatrix(X, Z, { width: 0.9 });
    for (let i = 0; i < 6; i++) {
      for (let j = 0; j < 4; j++) {
        assert.ok(Math.abs(linear.data[4 * i + j] - dot(i, j)) < 1e-13);
        assert.ok(Math.abs(polynomial.data[4 * i + j] - (dot(i, j) + 0.5) ** 2) < 1e-12);
        assert.ok(Math.abs(gaussian.data[4 * i + j] - Math.exp(-square(i, j) / 1.62)) < 1e-14);
      }
    }
    const own = await kernelMatrix(X, X);
    for (let i = 0; i < 36; i++) assert.equal(own.data[i], own.data[(i % 6) * 6 + Math.floor(i / 6)]);
  });
});
