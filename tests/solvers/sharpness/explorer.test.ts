import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  createRandom,
  kernelMatrix,
  matrix,
  memoryUsage,
  samKernelRegression,
  samKernelSpectrum,
  type SamPath,
  samPath,
  samRegression,
  type SamRegressionPath,
  type SamSpectrum,
  samSpectrum,
} from "../../../mod.ts";
import { leastStep } from "../../../solvers/sharpness/least_step.ts";

function problem(rows: number, columns: number, seed: number, noise = 1) {
  const random = createRandom(seed), X = matrix(rows, columns);
  const truth = Float64Array.from({ length: columns }, random.normal);
  for (let at = 0; at < X.data.length; at++) X.data[at] = random.normal() / Math.sqrt(1 + at % columns);
  const values = Float64Array.from({ length: rows }, (_, i) => {
    return truth.reduce((sum, value, j) => sum + value * X.data[i * columns + j], 0);
  });
  return { X, truth, values, y: values.map((value) => value + noise * random.normal()) };
}

/** A spectrum that no data need stand behind. */
function madeSpectrum(eigenvalues: number[], signal: number[], response: number[], rows = 50): SamSpectrum {
  const floats = (of: number[]) => Float64Array.from(of);
  const directions = matrix(eigenvalues.length, 1, floats(eigenvalues.map(() => 1)));
  return {
    rows,
    eigenvalues: floats(eigenvalues),
    signal: floats(signal),
    response: floats(response),
    directions,
    unexplained: 0.7,
    unreachable: 0,
    plan: { backend: "reference", threads: 1, dtype: "f64", reason: "none" },
  };
}

/** The largest difference of two numbers, as a share of the second or of 1e-3 of the largest of its like. */
function agree(path: SamPath, taken: SamRegressionPath, what: string) {
  const near = (is: number, should: number, size: number) =>
    assert.ok(Math.abs(is - should) <= 1e-9 * (Math.abs(should) + 1e-3 * size), `${what}: ${is}, expected ${should}`);
  assert.ok(Math.abs(path.learningRate / taken.learningRate - 1) < 1e-9, `${what}: the rate ${path.learningRate}`);
  taken.steps.forEach((step, row) => {
    const here = path.at(step);
    near(here.loss, taken.loss[row], taken.loss[0]);
    near(here.bias2!, taken.bias2![row], taken.bias2![0]);
    near(here.variance, taken.variance![row], taken.variance![taken.steps.length - 1]);
    near(here.risk!, taken.risk![row], taken.risk![0]);
  });
}

describe("samSpectrum and samPath", () => {
  it("are samRegression at every step, rho and rate: tall, wide, of low rank", async () => {
    for (const [rows, columns] of [[60, 20], [12, 30], [20, 20], [1, 4], [7, 1], [40, 6]]) {
      const { X, y, truth } = problem(rows, columns, rows);
      if (rows === 40) { for (let i = 0; i < rows; i++) X.data[i * 6 + 5] = X.data[i * 6] + X.data[i * 6 + 1]; }
      const spectrum = structuredClone(await samSpectrum(X, y, { truth }));
      for (const [rho, share] of [[0, 1], [0.3, 0.1], [2, 1.7]]) {
        const options = {
          rho,
          learningRate: share / samPath(spectrum, { rho }).largestLearningRate ** -1 / 2,
          noise: 0.5,
        };
        const path = samPath(spectrum, options);
        const taken = await samRegression(X, y, { ...options, steps: 900, at: [0, 1, 2, 17, 900], truth });
        agree(path, taken, `${rows} x ${columns}, rho ${rho}`);
        taken.steps.forEach((step, row) => {
          path.coefficients(step).forEach((value, j) => {
            assert.ok(
              Math.abs(value - taken.coefficients.data[row * columns + j]) < 1e-9,
              `coefficient ${j} at ${step}`,
            );
          });
        });
      }
    }
  });

  it("are samKernelRegression, also for a singular kernel and a truth that it does not reach", async () => {
    const { X, y } = problem(40, 3, 5), random = createRandom(9);
    const truth = Float64Array.from({ length: 40 }, random.normal);
    for (const kernel of [await kernelMatrix(X, X, {}), await kernelMatrix(X, X, { kernel: "linear" })]) {
      const spectrum = await samKernelSpectrum(kernel, y, { truth });
      const options = { rho: 0.4, noise: 0.5 }, path = samPath(spectrum, options);
      const taken = await samKernelRegression(kernel, y, { ...options, steps: 400, at: [0, 3, 400], truth });
      agree(path, taken, "a kernel");
      assert.equal(spectrum.eigenvalues.length < 10, spectrum.unreachable! > 0.1);
      // Fitted values are the same, though coefficients need not be.
      const fitted = (a: ArrayLike<number>, i: number) => {
        let sum = 0;
        for (let j = 0; j < 40; j++) sum += kernel.data[i * 40 + j] * a[j];
        return sum;
      };
      const own = path.coefficients(400), theirs = taken.coefficients.data.subarray(2 * 40);
      for (let i = 0; i < 40; i++) assert.ok(Math.abs(fitted(own, i) - fitted(theirs, i)) < 1e-8);
    }
  });

  it("decompose kernels of very low rank but for rounding", async () => {
    for (let seed = 500; seed < 530; seed++) {
      const random = createRandom(seed), X = matrix(80, 1, Float64Array.from({ length: 80 }, random.uniform));
      const kernel = await kernelMatrix(X, X, { width: 0.2 }), y = X.data.map((x) => Math.sin(6 * x));
      assert.ok(samPath(await samKernelSpectrum(kernel, y)).at(100_000).loss < 1e-4, `seed ${seed}`);
    }
  });

  it("bestStep is what a search of every step finds", () => {
    const random = createRandom(3);
    for (let trial = 0; trial < 60; trial++) {
      const count = 1 + random.integer(6);
      const some = () => Array.from({ length: count }, () => Math.exp(4 * random.normal()));
      const eigenvalues = some().sort((a, b) => b - a), spectrum = madeSpectrum(eigenvalues, some(), some());
      const rho = random.uniform() < 0.5 ? 0 : random.uniform() / eigenvalues[0];
      for (const share of [0.5, 0.93, 1.01]) {
        const { largestLearningRate } = samPath(spectrum, { rho });
        const path = samPath(spectrum, {
          rho,
          learningRate: share * largestLearningRate,
          noise: Math.exp(random.normal()),
        });
        const size = [...spectrum.signal!, ...spectrum.response].reduce((sum, value) => sum + value, path.at(0).loss);
        for (const by of ["risk", "estimatedRisk"] as const) {
          let best = 0;
          for (let step = 1; step <= 1500; step++) if (path.at(step)[by]! < path.at(best)[by]!) best = step;
          const found = path.bestStep(1500, by), least = path.at(best)[by]!;
          const apart = Math.abs(path.at(found)[by]! - least);
          assert.ok(apart <= 1e-12 * size, `trial ${trial}, ${by}: ${found}, not ${best}: ${apart}`);
          assert.ok(found <= best, `trial ${trial}: ${found} is not the first`);
        }
      }
    }
  });

  it("bestStep finds the lower of two valleys, and looks at few steps of 10^9", () => {
    // A fast direction of much noise and a slow one of much signal: the risk falls, rises, and falls again.
    const path = samPath(madeSpectrum([1, 1e-6], [1, 30], [1, 30], 10), { rho: 0, learningRate: 0.5, noise: 10 });
    const first = path.bestStep(100), second = path.bestStep(1e9);
    assert.ok(first < 10 && second > 1e5, `${first} and ${second}`);
    assert.ok(path.at(first).risk! < path.at(100).risk! && path.at(second).risk! < path.at(first).risk!);
    let looks = 0;
    const terms = Array.from({ length: 500 }, (_, i) => ({ kept: 1 - 1 / (i + 1) ** 2, square: 1, slope: -0.2 }));
    const valueAt = (step: number) => {
      looks++;
      return terms.reduce((sum, { kept }) => sum + kept ** step * (kept ** step - 0.2), 100);
    };
    leastStep(terms, 1e9, valueAt, 100);
    assert.ok(looks < 400, `${looks} looks`);
  });

  it("estimatedRisk is the risk on average over the noise", async () => {
    const { X, values, truth } = problem(30, 8, 11), random = createRandom(12), noise = 0.7, draws = 400;
    const estimates: number[] = [];
    let risk = 0;
    for (let draw = 0; draw < draws; draw++) {
      const y = values.map((value) => value + noise * random.normal());
      const { estimatedRisk, risk: known } = samPath(await samSpectrum(X, y, { truth }), { rho: 0.5, noise }).at(12);
      estimates.push(estimatedRisk);
      risk = known!;
    }
    const mean = estimates.reduce((sum, value) => sum + value, 0) / draws;
    const error = Math.sqrt(estimates.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (draws - 1) / draws);
    assert.ok(Math.abs(mean - risk) < 4 * error && error < 0.1 * risk, `${mean}, ${risk}, error ${error}`);
  });

  it("knows the edge of stability, and where a step of two gradients is ahead of two steps", async () => {
    const { X, y } = problem(50, 6, 2), spectrum = await samSpectrum(X, y), rho = 0.4;
    const { largestLearningRate } = samPath(spectrum, { rho });
    const loss = (share: number, step: number) =>
      samPath(spectrum, { rho, learningRate: share * largestLearningRate }).at(step).loss;
    assert.ok(loss(0.99, 4000) < loss(0.99, 0) && loss(1.01, 4000) > 1e10 * loss(1.01, 0));
    const edge = samPath(spectrum, { rho, learningRate: largestLearningRate }).largestEigenvalue;
    assert.ok(Math.abs(edge / spectrum.eigenvalues[0] - 1) < 1e-12);
    assert.equal(samPath(spectrum, { rho: 0, learningRate: 0.5 }).largestEigenvalue, 4);
    assert.ok(Math.abs(samPath(spectrum, { rho: 0.5, learningRate: 0.5 }).largestEigenvalue - 2) < 1e-12);
    const eigenvalue = 0.7;
    for (const [share, ahead] of [[0.98, false], [1.02, true]] as const) {
      // Ahead where l > 1 / (rho + rate).
      const learningRate = share / eigenvalue - rho / 2,
        sharp = samPath(
          madeSpectrum([eigenvalue], [1], [1]),
          { rho: rho / 2, learningRate },
        );
      const plain = samPath(madeSpectrum([eigenvalue], [1], [1]), { rho: 0, learningRate });
      assert.equal(sharp.at(3).bias2! < plain.at(6).bias2!, ahead, `${share}`);
    }
  });

  it("refuses what makes no sense, and leaves no memory behind", async () => {
    const { X, y, truth } = problem(20, 4, 4), before = memoryUsage().used;
    const spectrum = await samSpectrum(X, y);
    assert.ok(spectrum.signal === undefined && samPath(spectrum).at(3).risk === undefined);
    const named = (argument: string) => (error: { argument?: string }) => error.argument === argument;
    assert.throws(() => samPath(spectrum, { rho: -1 }), named("rho"));
    assert.throws(() => samPath(spectrum, { learningRate: 0 }), named("learningRate"));
    assert.throws(() => samPath({ ...spectrum, response: new Float64Array(1) }), named("spectrum"));
    const path = samPath(spectrum);
    for (const step of [-1, 0.5, NaN, 2e9]) assert.throws(() => path.at(step), named("step"));
    assert.throws(() => path.bestStep(1.5), named("most"));
    assert.throws(() => path.bestStep(10, "risk"), named("by"));
    await assert.rejects(samSpectrum(X, y.slice(1)), named("y"));
    await assert.rejects(samSpectrum(X, y, { truth: truth.slice(1) }), named("truth"));
    await assert.rejects(samSpectrum(X, y, { steps: 3 } as object), named("steps"));
    await assert.rejects(samKernelSpectrum(matrix(2, 2, Float64Array.of(1, 2, 2, 1)), [1, 2]), named("kernel"));
    const abort = AbortSignal.abort(new Error("enough"));
    await assert.rejects(samSpectrum(X, y, { signal: abort }), /enough/);
    const controller = new AbortController();
    const large = problem(700, 500, 1), pending = samSpectrum(large.X, large.y, { signal: controller.signal });
    setTimeout(() => controller.abort(new Error("enough")), 60);
    await assert.rejects(pending, /enough/);
    assert.equal(memoryUsage().used, before);
    for (const data of [new Float64Array(80), new Float64Array(80).fill(3)]) {
      const flat = samPath(await samSpectrum(matrix(20, 4, data), y));
      assert.ok(Number.isFinite(flat.at(9).loss) && flat.coefficients(9).every(Number.isFinite));
    }
  });
});
