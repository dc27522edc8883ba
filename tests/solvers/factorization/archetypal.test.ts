import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  type ArchetypalNmf,
  archetypalNmf,
  type ArchetypalNmfCall,
  BackendError,
  createRandom,
  DataError,
  fromRows,
  type Matrix,
  matrix,
  memoryUsage,
  OptionError,
  projectOntoArchetypes,
  robustness,
  ShapeError,
  type SparseMatrix,
} from "../../../mod.ts";
import { archetypalSamples, residualSquares, squares, uniformMatrix } from "./data.ts";

/** Whether the answer is what it says: on its constraints, with its objective, never rising. */
function checkAnswer(X: Matrix, answer: ArchetypalNmf, lambda: number, nonzeros = Infinity): void {
  const { archetypes, weights, hullWeights, fit, archetypal, objective, trace } = answer;
  const f32 = X.data instanceof Float32Array, unit = f32 ? 1e-6 : 1e-13;
  for (const rows of [weights, hullWeights]) {
    const [count, columns] = rows.shape;
    for (let i = 0; i < count; i++) {
      const row = Array.from(rows.data.subarray(i * columns, (i + 1) * columns));
      assert.ok(Math.abs(row.reduce((a, b) => a + b, 0) - 1) <= 100 * unit, "on the simplex");
    }
    assert.ok(rows.data.every((value) => value >= 0));
  }
  assert.ok(archetypes.data.every((value) => lambda === Infinity || value >= 0));
  const count = archetypes.data.filter((value) => value !== 0).length;
  assert.equal(answer.nonzeroCount, count);
  assert.ok(count <= nonzeros, `${count} entries`);
  const near = (a: number, b: number) => assert.ok(Math.abs(a - b) <= 1e-12 * (squares(X) + b), `${a}, ${b}`);
  near(fit, residualSquares(X, weights, archetypes));
  near(archetypal, residualSquares(archetypes, hullWeights, X));
  near(objective, fit + (lambda === Infinity ? 0 : lambda * archetypal));
  trace.forEach((value, i) => assert.ok(i === 0 || value <= trace[i - 1] + unit * squares(X), `iteration ${i}`));
  // The objective in Gram space, from which the trace comes, and the residual form.
  assert.ok(Math.abs(trace.at(-1)! - objective) <= (f32 ? 1e-5 : 1e-10) * squares(X));
}

describe("archetypalNmf", () => {
  for (const dtype of ["f32", "f64"] as const) {
    for (const lambda of [0, 0.3, 1, 20, Infinity]) {
      for (const share of lambda === Infinity ? [1] : [1, 0.6]) {
        it(`keeps its promises in ${dtype} with lambda ${lambda}, ${share} of the entries`, async () => {
          const { X } = archetypalSamples([40, 30, 4], 0.1, { dtype, seed: 3 });
          const nonzeros = share < 1 ? Math.floor(share * 4 * 30) : undefined;
          for (const innerIterations of [1, 5, 20]) {
            for (const initial of ["affine", "spa", "furthest-sum", "random"] as const) {
              const options = { rank: 4, lambda, nonzeros, innerIterations, initial, maxIterations: 20, tolerance: 0 };
              checkAnswer(X, await archetypalNmf(X, options), lambda, nonzeros);
            }
          }
        });
      }
    }
  }

  it("finds the archetypes of the paper's toy exactly, from samples among which they are", async () => {
    const H = fromRows([[0.15, 0.15], [0.1, 0.7], [0.7, 0.1]]), { uniform } = createRandom(5);
    const X = matrix(53, 2);
    for (let i = 0; i < 53; i++) {
      const shares = [0, 1, 2].map((t) => i < 3 ? Number(t === i) : uniform()), sum = shares[0] + shares[1] + shares[2];
      for (let j = 0; j < 2; j++) X.data[2 * i + j] = shares.reduce((x, s, t) => x + s * H.data[2 * t + j] / sum, 0);
    }
    for (const lambda of [0.5, 1, 4, Infinity]) {
      const answer = await archetypalNmf(X, { rank: 3, lambda });
      assert.equal(answer.status, "converged");
      const { weak, strong } = robustness(H, answer.archetypes);
      assert.ok(weak < 1e-20 && strong < 1e-20 && answer.gap < 1e-12, `${weak}, ${strong}, ${answer.gap}`);
    }
  });

  it("recovers the zero pattern of a triangle by a budget, where plain archetypes have none", async () => {
    // Corners (0, 0), (0, 1), (1, 0), moved by noise: two of the six entries are not zero.
    const { uniform, normal } = createRandom(2), X = matrix(200, 2);
    for (let i = 0; i < 200; i++) {
      const shares = [uniform(), uniform(), uniform()].map((u) => -Math.log(u + 1e-12));
      const sum = shares[0] + shares[1] + shares[2];
      for (let j = 0; j < 2; j++) X.data[2 * i + j] = Math.max(0, shares[j] / sum + 0.03 * normal());
    }
    const sparse = await archetypalNmf(X, { rank: 3, nonzeros: 2, localSearch: true, maxIterations: 100 });
    const patterns = [0, 1, 2].map((t) => [0, 1].map((j) => Number(sparse.archetypes.data[2 * t + j] > 0)).join(""));
    assert.deepEqual(patterns.sort(), ["00", "01", "10"]);
    const plain = await archetypalNmf(X, { rank: 3, lambda: Infinity, maxIterations: 100 });
    assert.ok(plain.nonzeroCount > 2);
  });

  for (const [noise, share, published] of [[0.01, 0.8, 0.0003], [0.1, 0.8, 0.028], [0.01, 0.5, 0.073]]) {
    it(`is as robust as the paper at noise ${noise} with ${share} of the entries`, async () => {
      const { X, H } = archetypalSamples([200, 500, 20], noise, { dtype: "f32" });
      const nonzeros = share * 20 * 500, continuation = { from: 30, steps: 8 };
      const answer = await archetypalNmf(X, { rank: 20, nonzeros, continuation });
      checkAnswer(X, answer, 1, nonzeros);
      const strong = robustness(H, answer.archetypes).strong / squares(H);
      assert.ok(strong <= 1.1 * published, `${strong} instead of ${published}`);
    });
  }

  it("reaches the best of all supports by local search, and is never worse with it", async () => {
    let reached = 0, plainReached = 0;
    for (let seed = 0; seed < 4; seed++) {
      const X = uniformMatrix(6, 3, seed), nonzeros = 2 + seed % 3, { uniform } = createRandom(seed);
      const options: ArchetypalNmfCall = { rank: 2, nonzeros, tolerance: 1e-8, maxIterations: 400, backend: "wasm" };
      let best = Infinity;
      for (let support = 0; support < 64; support++) {
        const chosen = [0, 1, 2, 3, 4, 5].filter((at) => support >> at & 1);
        if (chosen.length !== nonzeros) continue;
        for (let turn = 0; turn < 3; turn++) {
          const H = matrix(2, 3);
          for (const at of chosen) H.data[at] = 0.1 + uniform();
          best = Math.min(best, (await archetypalNmf(X, { ...options, initial: { H } })).objective);
        }
      }
      const plain = await archetypalNmf(X, options), found = await archetypalNmf(X, { ...options, localSearch: true });
      assert.ok(found.objective <= plain.objective * (1 + 1e-9), `${found.objective} after ${plain.objective}`);
      checkAnswer(X, found, 1, nonzeros);
      if (found.objective <= best * (1 + 1e-5)) reached++;
      if (plain.objective <= best * (1 + 1e-5)) plainReached++;
    }
    assert.ok(reached === 4 && reached > plainReached, `${reached} of 4, without it ${plainReached}`);
  });

  it("improves a larger factorisation by exchanges", async () => {
    const { X } = archetypalSamples([30, 60, 5], 0.3, { separable: false });
    const options = { rank: 5, nonzeros: 120 };
    const plain = await archetypalNmf(X, options), found = await archetypalNmf(X, { ...options, localSearch: true });
    checkAnswer(X, found, 1, 120);
    assert.ok(found.objective < plain.objective, `${found.objective} after ${plain.objective}`);
  });

  it("gives the best of several starts, the same for the same seed", async () => {
    const { X } = archetypalSamples([30, 12, 4], 0.3, { separable: false });
    const options = { rank: 4, initial: "random", seed: 9 } as const;
    const one = await archetypalNmf(X, options), many = await archetypalNmf(X, { ...options, restarts: 6 });
    assert.ok(many.objective <= one.objective);
    const again = await archetypalNmf(X, { ...options, restarts: 6 });
    assert.deepEqual(again.archetypes, many.archetypes);
    const other = await archetypalNmf(X, { ...options, seed: 10 });
    assert.notDeepEqual(other.archetypes, one.archetypes);
  });

  it("does not mind the scale of the data, to the bit where it is a power of two", async () => {
    const { X } = archetypalSamples([25, 10, 3], 0.1);
    const base = await archetypalNmf(X, { rank: 3 });
    for (const power of [-300, -30, 30, 300]) {
      const scaled = await archetypalNmf({ ...X, data: X.data.map((value) => value * 2 ** power) }, { rank: 3 });
      assert.deepEqual(scaled.weights, base.weights);
      assert.deepEqual(scaled.archetypes.data, base.archetypes.data.map((value) => value * 2 ** power));
    }
    const tiny = await archetypalNmf({ ...X, data: Float32Array.from(X.data, (value) => value * 1e-30) }, { rank: 3 });
    assert.ok(tiny.relativeError < 1.01 * base.relativeError);
  });

  it("takes sparse samples, by rows and by columns, for what they are", async () => {
    const { X } = archetypalSamples([40, 25, 3], 0.05), [rows, columns] = X.shape;
    X.data.forEach((value, at) => value < 0.45 && (X.data[at] = 0));
    const sparse = (format: "csr" | "csc"): SparseMatrix => {
      const [lines, width] = format === "csr" ? [rows, columns] : [columns, rows];
      const indptr = [0], indices: number[] = [], data: number[] = [];
      for (let line = 0; line < lines; line++) {
        for (let k = 0; k < width; k++) {
          const value = X.data[format === "csr" ? line * columns + k : k * columns + line];
          if (value !== 0) indices.push(k), data.push(value);
        }
        indptr.push(indices.length);
      }
      return {
        format,
        shape: [rows, columns],
        indptr: Uint32Array.from(indptr),
        indices: Uint32Array.from(indices),
        data: Float64Array.from(data),
      };
    };
    const options = { rank: 3, tolerance: 1e-9, maxIterations: 300 };
    const dense = await archetypalNmf(X, options);
    for (const format of ["csr", "csc"] as const) {
      const answer = await archetypalNmf(sparse(format), options);
      checkAnswer(X, answer, 1);
      assert.ok(Math.abs(answer.objective - dense.objective) <= 1e-6 * dense.objective);
    }
  });

  it("copes with what is degenerate: equal samples, zeros, one sample, as many archetypes as samples", async () => {
    const zeros = matrix(4, 3), equal = fromRows([[1, 2], [1, 2], [1, 2]]), one = fromRows([[0, 3, 1]]);
    const far = fromRows([[1e6 + 1, 1e6], [1e6, 1e6 + 1], [1e6, 1e6]]);
    for (const X of [zeros, equal, one, far, fromRows([[0, 0], [0, 0], [1, 0]])]) {
      for (const lambda of [0, 1, Infinity]) {
        for (let rank = 1; rank <= X.shape[0]; rank++) {
          for (const initial of ["affine", "spa", "furthest-sum"] as const) {
            const answer = await archetypalNmf(X, { rank, lambda, initial, maxIterations: 50 });
            checkAnswer(X, answer, lambda);
            if (rank === X.shape[0]) assert.ok(answer.fit <= 1e-9 * squares(X), `${answer.fit} of ${squares(X)}`);
          }
        }
      }
    }
    const empty = await archetypalNmf(equal, { rank: 2, nonzeros: 0 });
    assert.equal(empty.nonzeroCount, 0);
  });

  it("takes factors to start from, and returns to them", async () => {
    const { X } = archetypalSamples([30, 8, 3], 0.2);
    const first = await archetypalNmf(X, { rank: 3, tolerance: 1e-9, maxIterations: 5000 });
    const again = await archetypalNmf(X, { rank: 3, initial: { H: first.archetypes, W: first.weights } });
    assert.ok(again.iterations <= 3 && Math.abs(again.objective - first.objective) <= 1e-5 * first.objective);
  });

  it("is not done after an iteration where it starts far above the data, and refuses what would overflow", async () => {
    const { X } = archetypalSamples([30, 8, 3], 0.2), { objective } = await archetypalNmf(X, { rank: 3 });
    for (const unit of [1e5, 1e10, 1e40]) {
      const H = matrix(3, 8, X.data.slice(0, 24).map((value) => value * unit));
      const found = await archetypalNmf(X, { rank: 3, initial: { H } });
      assert.ok(found.objective <= 1.2 * objective, `${unit}: ${found.objective}, ${objective}`);
      await assert.rejects(
        archetypalNmf({ ...X, data: Float32Array.from(X.data) }, {
          rank: 3,
          initial: { H: { ...H, data: H.data.map((v) => v * 1e6) } },
        }),
        DataError,
      );
    }
  });

  it("promises no gain above the objective where the price is small", async () => {
    const { X } = archetypalSamples([30, 8, 3], 0.2), size = squares(X);
    for (const lambda of [1e-12, 1e-6]) {
      const { gap, objective, fit } = await archetypalNmf(X, { rank: 3, lambda });
      // Gaps of three blocks.
      assert.ok(gap >= 0 && gap * size <= 3 * objective && fit <= objective, `${gap}`);
    }
  });

  it("stops at its limits with the best so far, and on an abort with its reason and no memory held", async () => {
    const { X } = archetypalSamples([60, 50, 5], 0.2);
    const limited = await archetypalNmf(X, { rank: 5, timeLimitMs: 0 });
    assert.equal(limited.status, "time-limit");
    checkAnswer(X, limited, 1);
    assert.equal((await archetypalNmf(X, { rank: 5, maxIterations: 1, tolerance: 0 })).status, "iteration-limit");
    const { used } = memoryUsage(), controller = new AbortController();
    const solve = archetypalNmf(X, {
      rank: 5,
      signal: controller.signal,
      onProgress: ({ iteration }) => iteration === 2 && controller.abort(new Error("enough")),
    });
    await assert.rejects(solve, /enough/);
    assert.equal(memoryUsage().used, used);
  });

  it("refuses what it cannot use, and says what", async () => {
    const X = fromRows([[1, 2], [3, 4]]);
    const refuses = (
      samples: Matrix,
      options: ArchetypalNmfCall,
      kind: typeof DataError | typeof OptionError | typeof ShapeError,
      text: RegExp,
    ) => assert.rejects(archetypalNmf(samples, options), (error) => error instanceof kind && text.test(error.message));
    await refuses(X, {} as ArchetypalNmfCall, OptionError, /"rank"/);
    await refuses(X, { rank: 3 }, OptionError, /at most 2/);
    await refuses(X, { rank: 1, lambda: -1 }, OptionError, /"lambda"/);
    for (const lambda of [3, Infinity, 0]) {
      await refuses(
        X,
        { rank: 1, lambda, continuation: { from: 2 } },
        OptionError,
        /"continuation.from": expected .*2\.$/,
      );
    }
    await refuses(X, { rank: 1, lambda: Infinity, nonzeros: 1 }, OptionError, /"nonzeros"/);
    await refuses(fromRows([[1, -2]]), { rank: 1 }, DataError, /-2 at row 0, column 1/);
    await refuses(fromRows([[1, NaN]]), { rank: 1 }, DataError, /NaN/);
    await refuses(fromRows([[1e200, 1]]), { rank: 1 }, DataError, /1e\+200/);
    await refuses(matrix(0, 2), { rank: 1 }, ShapeError, /0 x 2/);
    await refuses(X, { rank: 1, initial: { H: matrix(2, 2) } }, ShapeError, /initial\.H/);
    await refuses(X, { rank: 1, initial: { H: fromRows([[1, -1]]) } }, DataError, /initial\.H/);
    await assert.rejects(archetypalNmf(X, { rank: 1, backend: "webgpu" }), BackendError);
  });
});

describe("projectOntoArchetypes", () => {
  /** The nearest point by all faces of the hull: the affine solution on each subset that has no negative weight. */
  function nearest(x: readonly number[], H: readonly (readonly number[])[]): number {
    let best = Infinity;
    for (let face = 1; face < 1 << H.length; face++) {
      const rows = H.filter((_, t) => face >> t & 1), weights = affineWeights(x, rows);
      if (!weights || weights.some((weight) => weight < -1e-12)) continue;
      const distance = x.reduce(
        (sum, value, j) => sum + (value - rows.reduce((total, row, t) => total + weights[t] * row[j], 0)) ** 2,
        0,
      );
      best = Math.min(best, distance);
    }
    return best;
  }

  function affineWeights(x: readonly number[], rows: readonly (readonly number[])[]): number[] | undefined {
    const k = rows.length, size = k + 1;
    const dot = (a: readonly number[], b: readonly number[]) => a.reduce((sum, value, j) => sum + value * b[j], 0);
    const system = Array.from(
      { length: size },
      (_, i) =>
        Array.from(
          { length: size + 1 },
          (_, j) => i < k ? j < k ? dot(rows[i], rows[j]) : j === k ? 1 : dot(rows[i], x) : j < k ? 1 : j === k ? 0 : 1,
        ),
    );
    for (let c = 0; c < size; c++) {
      let pivot = c;
      for (let i = c; i < size; i++) if (Math.abs(system[i][c]) > Math.abs(system[pivot][c])) pivot = i;
      if (Math.abs(system[pivot][c]) < 1e-10) return undefined;
      [system[c], system[pivot]] = [system[pivot], system[c]];
      for (let i = 0; i < size; i++) {
        if (i === c) continue;
        const factor = system[i][c] / system[c][c];
        for (let j = c; j <= size; j++) system[i][j] -= factor * system[c][j];
      }
    }
    return system.slice(0, k).map((row, i) => row[size] / row[i]);
  }

  it("finds the nearest point of the hull, as all of its faces tell", async () => {
    const { normal } = createRandom(4),
      rows = (count: number) => Array.from({ length: count }, () => [normal(), normal(), normal()]);
    for (const rank of [1, 2, 3, 5]) {
      const H = rows(rank), X = rows(40);
      const weights = await projectOntoArchetypes(fromRows(X), fromRows(H), { tolerance: 1e-14 });
      X.forEach((x, i) => {
        const own = residualSquares(
          fromRows([x]),
          matrix(1, rank, weights.data.slice(i * rank, (i + 1) * rank)),
          fromRows(H),
        );
        assert.ok(own <= nearest(x, H) + 1e-10, `sample ${i}: ${own}, nearest ${nearest(x, H)}`);
      });
    }
  });

  it("gives weights that are only not negative, at a point where none is to be changed", async () => {
    const H = uniformMatrix(3, 6, 1), X = uniformMatrix(20, 6, 2);
    const weights = await projectOntoArchetypes(X, H, { constraint: "nonnegative", tolerance: 1e-15 });
    for (let i = 0; i < 20; i++) {
      const row = weights.data.subarray(3 * i, 3 * i + 3);
      for (let t = 0; t < 3; t++) {
        let slope = 0;
        for (let j = 0; j < 6; j++) {
          const e = X.data[6 * i + j] - row[0] * H.data[j] - row[1] * H.data[6 + j] - row[2] * H.data[12 + j];
          slope += e * H.data[6 * t + j];
        }
        assert.ok(row[t] > 0 ? Math.abs(slope) < 1e-6 : slope < 1e-6, `${i}, ${t}: ${row[t]}, ${slope}`);
      }
    }
  });

  it("gives back the weights of a factorisation", async () => {
    const { X } = archetypalSamples([50, 20, 4], 0.1), found = await archetypalNmf(X, { rank: 4, innerIterations: 50 });
    const weights = await projectOntoArchetypes(X, found.archetypes);
    const fit = residualSquares(X, weights, found.archetypes);
    assert.ok(fit <= found.fit * (1 + 1e-9), `${fit}, ${found.fit}`);
    await assert.rejects(projectOntoArchetypes(matrix(2, 3), found.archetypes), ShapeError);
  });
});
