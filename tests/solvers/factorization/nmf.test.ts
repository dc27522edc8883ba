import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  createRandom,
  DataError,
  fromRows,
  matrix,
  memoryUsage,
  type Nmf,
  nmf,
  OptionError,
  parseNpy,
} from "../../../mod.ts";
import { needsData, readData } from "../../support/data.ts";
import { residualSquares, squares, uniformMatrix } from "./data.ts";
import type { Matrix } from "../../../mod.ts";

function checkAnswer(X: Matrix, answer: Nmf, weights?: ArrayLike<number>): void {
  const { components, weights: W, objective, trace } = answer;
  assert.ok(components.data.every((value) => value >= 0) && W.data.every((value) => value >= 0));
  const truth = residualSquares(X, W, components, weights), size = weights ? trace[0] : squares(X);
  assert.ok(Math.abs(objective - truth) <= 1e-12 * (size + truth), `${objective}, ${truth}`);
  const unit = X.data instanceof Float32Array ? 1e-6 : 1e-13;
  trace.forEach((value, i) => assert.ok(i === 0 || value <= trace[i - 1] + unit * size, `iteration ${i}`));
}

describe("nmf", () => {
  for (const initial of ["nndsvda", "nndsvd", "random", "spa"] as const) {
    it(`comes to rest from ${initial}, in both precisions`, async () => {
      for (const dtype of ["f32", "f64"] as const) {
        const plain = uniformMatrix(40, 15, 7);
        const X = dtype === "f32" ? { ...plain, data: Float32Array.from(plain.data) } : plain;
        const answer = await nmf(X, {
          rank: 4,
          initial,
          tolerance: dtype === "f32" ? 1e-6 : 1e-12,
          maxIterations: 20000,
        });
        checkAnswer(X, answer);
        if (dtype === "f64") assert.ok(answer.largestGain <= 1e-10, `${answer.largestGain}`);
      }
    });
  }

  it("fits a matrix of its rank exactly, in one step where the rank is one", async () => {
    // An l1 penalty shrinks this fit; there is none.
    const one = await nmf(fromRows([[1, 2], [2, 4]]), { rank: 1 });
    assert.ok(one.relativeError < 1e-12 && one.status === "converged");
    const W = uniformMatrix(30, 3, 1), H = uniformMatrix(3, 20, 2), X = matrix(30, 20);
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 20; j++) {
        for (let t = 0; t < 3; t++) X.data[i * 20 + j] += W.data[3 * i + t] * H.data[20 * t + j];
      }
    }
    const exact = await nmf(X, { rank: 3, tolerance: 1e-14, maxIterations: 20000 });
    assert.ok(exact.relativeError < 1e-4, `${exact.relativeError}`);
  });

  it("lets zeros of the start leave, keeps zero rows zero, and takes ranks above the size", async () => {
    const X = fromRows([[1, 2, 3], [0, 0, 0], [2, 1, 0], [1, 1, 1]]);
    const H = fromRows([[0, 1, 0], [1, 0, 0], [0, 0, 1]]), W = matrix(4, 3);
    const answer = await nmf(X, { rank: 3, initial: { H, W }, tolerance: 1e-12, maxIterations: 5000 });
    checkAnswer(X, answer);
    assert.ok(answer.relativeError < 1e-3, `${answer.relativeError}`);
    const wide = await nmf(X, { rank: 7 });
    checkAnswer(X, wide);
    assert.ok(wide.relativeError < 0.02);
    for (let t = 0; t < 7; t++) assert.ok(wide.weights.data[7 + t] < 1e-12);
    const zeros = await nmf(matrix(3, 2), { rank: 2 });
    assert.equal(zeros.objective, 0);
  });

  it("gives the same factors for the same seed, others for another, and the best of several starts", async () => {
    const X = uniformMatrix(20, 12, 3), options = { rank: 3, initial: "random" } as const;
    const one = await nmf(X, options), again = await nmf(X, options), other = await nmf(X, { ...options, seed: 1 });
    assert.deepEqual(again.components, one.components);
    assert.notDeepEqual(other.components, one.components);
    assert.ok((await nmf(X, { ...options, restarts: 5 })).objective <= one.objective);
  });

  it("fills in what is missing of a matrix of low rank, NaN there or not", async () => {
    const W = uniformMatrix(30, 2, 4), H = uniformMatrix(2, 20, 5), X = matrix(30, 20), { uniform } = createRandom(6);
    const weights = Float64Array.from({ length: 600 }, () => uniform() < 0.25 ? 0 : 1);
    for (let i = 0; i < 30; i++) {
      for (let j = 0; j < 20; j++) {
        for (let t = 0; t < 2; t++) X.data[i * 20 + j] += (W.data[2 * i + t] + 0.1) * H.data[20 * t + j];
      }
    }
    const holes = { ...X, data: X.data.map((value, at) => weights[at] === 0 ? NaN : value) };
    const answer = await nmf(holes, { rank: 2, weights, tolerance: 1e-13, maxIterations: 20000 });
    checkAnswer(X, answer, weights);
    assert.ok(residualSquares(X, answer.weights, answer.components) < 1e-4 * squares(X));
    // Weights that are all alike are no weights.
    const plain = await nmf(X, { rank: 2, initial: "random", tolerance: 1e-12, maxIterations: 5000 });
    const alike = await nmf(X, {
      rank: 2,
      initial: "random",
      weights: new Float64Array(600).fill(2),
      tolerance: 1e-12,
      maxIterations: 5000,
    });
    assert.ok(alike.objective <= 2 * plain.objective + 1e-8 * squares(X));
  });

  it("fits the digits as well as scikit-learn from the same start", needsData("digits"), async () => {
    const { shape, data } = parseNpy(await readData("digits/images.npy"));
    const X = matrix(shape[0], data.length / shape[0], Float64Array.from(data as Uint8Array));
    const answer = await nmf(X, { rank: 10, maxIterations: 200, innerIterations: 1, tolerance: 0 });
    checkAnswer(X, answer);
    // NMF(10, init="nndsvda", tol=1e-4) stops at 200 iterations with this error.
    assert.ok(answer.relativeError <= 0.328972 + 1e-4, `${answer.relativeError}`);
  });

  it("comes to its answer from factors in any unit, and in any unit of the weights", async () => {
    const X = uniformMatrix(12, 7, 1), narrow = { ...X, data: Float32Array.from(X.data) }, W = uniformMatrix(12, 3, 3);
    const ones = new Float64Array(84).fill(1), settled = { rank: 3, tolerance: 1e-7, maxIterations: 5000 };
    const { relativeError } = await nmf(X, settled);
    for (const samples of [X, narrow]) {
      for (const unit of [1e-200, 1e-30, 1e-20, 1e5, 1e40]) {
        const H = matrix(3, 7, uniformMatrix(3, 7, 2).data.map((value) => value * unit));
        const lone = matrix(3, 7, H.data.map((value, at) => at < 7 ? value : value / unit));
        for (const weights of [undefined, ones]) {
          for (const initial of [{ H }, { H, W }, { H: lone, W }]) {
            const solve = nmf(samples, { ...settled, weights, initial });
            if (unit === 1e40 && samples === narrow) {
              await assert.rejects(solve, /numbers up to 500000 in/);
            } else {
              const found = await solve;
              assert.ok(
                found.relativeError <= relativeError + 1e-3,
                `${unit}: ${found.relativeError}, ${found.status}`,
              );
            }
          }
        }
      }
      for (const unit of [1e-40, 1e-12, 1e11]) {
        const weights = ones.map((_, at) => unit * (1 + at % 2)), plain = weights.map((weight) => weight / unit);
        const [one, other] = [
          await nmf(samples, { rank: 3, weights }),
          await nmf(samples, { rank: 3, weights: plain }),
        ];
        assert.ok(Math.abs(one.objective / unit - other.objective) <= 1e-6 * other.objective, `${unit}`);
      }
    }
    const huge = { H: matrix(3, 7, new Float64Array(21).fill(1e200)) };
    await assert.rejects(nmf(X, { rank: 3, initial: huge }), /up to 5e\+49 in "initial.H", received 1e\+200 at row 0/);
  });

  it("trusts its kernels with factors whose squares vanish", async () => {
    // Sweeps leave weights of rows alone where all entries have none, and components of such columns.
    const X = uniformMatrix(5, 7, 3), weights = X.data.map((_, at) => at < 7 || at % 7 === 0 ? 0 : 1);
    for (const least of [1e-320, 1e-300, 1e-170, 1e-155, 1e-120, 1e-80]) {
      const W = uniformMatrix(5, 2, 1), H = uniformMatrix(2, 7, 2);
      for (let t = 0; t < 2; t++) W.data[t] = H.data[7 * t] = least;
      const answer = await nmf(X, { rank: 2, weights, initial: { W, H }, maxIterations: 3 });
      checkAnswer(X, answer, weights);
      assert.ok(answer.weights.data[0] < 1e-70 && answer.components.data[0] < 1e-70);
    }
  });

  it("refuses what it cannot use, stops when it is told to, and holds no memory", async () => {
    const X = uniformMatrix(30, 20, 1);
    await assert.rejects(nmf(X, { rank: 0 }), OptionError);
    await assert.rejects(nmf(X, { rank: 2, weights: [1] }), OptionError);
    await assert.rejects(nmf(fromRows([[1, NaN]]), { rank: 1 }), DataError);
    await assert.rejects(nmf(fromRows([[1, -1]]), { rank: 1 }), DataError);
    await assert.rejects(nmf(undefined!, { rank: 1, weights: [1] }), /"X" must be/);
    const zeros = { H: matrix(2, 20), W: matrix(30, 2) };
    await assert.rejects(nmf(X, { rank: 2, initial: zeros }), /number above 0 in "initial", received zeros alone/);
    assert.ok((await nmf(X, { rank: 2, initial: { H: zeros.H } })).relativeError < 0.6);
    assert.equal((await nmf(X, { rank: 2, timeLimitMs: 0 })).status, "time-limit");
    // The objective of its start is a hundred times the square of the samples.
    const larger = matrix(300, 400, Float64Array.from({ length: 120_000 }, (_, at) => 0.5 + 0.5 * Math.sin(at * at)));
    assert.equal((await nmf(larger, { rank: 20, timeLimitMs: 0 })).status, "time-limit");
    const { used } = memoryUsage(), controller = new AbortController();
    const onProgress = () => controller.abort(new Error("enough"));
    await assert.rejects(nmf(X, { rank: 2, signal: controller.signal, onProgress }), /enough/);
    assert.equal(memoryUsage().used, used);
  });
});
