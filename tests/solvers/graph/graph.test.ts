import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  capabilities,
  DataError,
  dispose,
  graphEdges,
  init,
  type Matrix,
  matrix,
  OptionError,
  ShapeError,
  type SparseMatrix,
  sparsePrecision,
  toDense,
} from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { bestGraph, covariance, graphObjective } from "./best_graph.ts";
import { chain, golden } from "./data.ts";

/** Edges as bits in the order 01, 02, 03, ... of the pairs. */
function edgeBits({ shape: [size] }: SparseMatrix, edges: ReturnType<typeof graphEdges>): number {
  let bits = 0;
  for (const { ends: [i, j] } of edges) bits |= 1 << (i * size - i * (i + 1) / 2 + (j - i - 1));
  return bits;
}

function rowsOf(precision: SparseMatrix): number[][] {
  const { data, shape: [size] } = toDense(precision);
  return Array.from({ length: size }, (_, i) => [...data.subarray(i * size, (i + 1) * size)]);
}

/** Columns over their standard deviation. */
function standardized({ data, shape: [rows, columns] }: Matrix): Matrix {
  const means = new Float64Array(columns), squares = new Float64Array(columns);
  data.forEach((value, at) => means[at % columns] += value / rows);
  data.forEach((value, at) => squares[at % columns] += (value - means[at % columns]) ** 2 / rows);
  return matrix(rows, columns, Float64Array.from(data, (value, at) => value / Math.sqrt(squares[at % columns])));
}

describe("sparsePrecision", () => {
  it("with standardize gives the graph of scaled columns, whatever their units", async () => {
    const options = { lambda0: 0.1, lambda2: 0.05, method: "exact", gapTolerance: 0 } as const;
    const units = golden.data.map((value, at) => value * 10 ** (at % 5 - 2) + at % 5);
    const samples = matrix(30, 5, units);
    const byHand = await sparsePrecision(standardized(golden), options);
    const scaled = await sparsePrecision(samples, { ...options, standardize: true });
    assert.ok(byHand.edgeCount > 0);
    assert.deepEqual(scaled.precision.indices, byHand.precision.indices);
    scaled.precision.data.forEach((value, k) => {
      assert.ok(Math.abs(value - byHand.precision.data[k]) < 1e-6, `${value}, ${byHand.precision.data[k]}`);
    });
    assert.ok(Math.abs(scaled.objective - byHand.objective) < 1e-9);
    const plain = await sparsePrecision(samples, options);
    assert.ok(Math.abs(plain.objective - byHand.objective) > 0.1, "not scaled unless asked for");
  });

  for (
    const [lambda0, lambda2, bigM, optimum, bits, relaxation] of [
      [0.05, 0.05, 1.5, 2.907208744, 1023, 2.84044597],
      [0.1, 0.02, 0.6, 3.738433719, 1011, undefined],
      [0.02, 0.5, 1.5, 3.974631165, 1015, undefined],
      [0.3, 0.05, 1000, 4.904594257, 915, 3.72376646],
      [0.5, 0.1, 1000, 6.139018213, 1, undefined],
      [0.2, 0.2, 1000, 4.711221106, 915, 4.35238737],
    ] as const
  ) {
    it(`finds the known optimum at lambda0 ${lambda0}, lambda2 ${lambda2}, bigM ${bigM}`, async () => {
      const options = { lambda0, lambda2, bigM, method: "exact", gapTolerance: 1e-9 } as const;
      const fit = await sparsePrecision(golden, options);
      assert.ok(Math.abs(fit.objective - optimum) < 1e-8, `${fit.objective}`);
      assert.equal(edgeBits(fit.precision, graphEdges(fit.precision)), bits);
      assert.ok(fit.status === "converged" && fit.gap! < 1e-9 && fit.lowerBound! <= fit.objective);
      const root = await sparsePrecision(golden, { ...options, nodeLimit: 1 });
      if (relaxation !== undefined) {
        assert.ok(root.lowerBound! <= relaxation + 1e-8 && root.lowerBound! > relaxation - 2e-3, `${root.lowerBound}`);
      }
    });
  }

  it("exact equals the enumeration of all graphs on 200 instances", async () => {
    const random = createRandom(3);
    for (let instance = 0; instance < 200; instance++) {
      const size = instance % 50 === 0 ? 6 : instance % 10 === 0 ? 5 : 1 + instance % 4;
      const samples = chain(3 + random.integer(30), size, 1.5 * random.uniform(), random.normal);
      const lambda0 = 0.02 + 0.5 * random.uniform(), lambda2 = 0.02 + 0.5 * random.uniform();
      const bigM = instance % 2 ? Infinity : 0.1 + random.uniform();
      const { objective } = bestGraph(covariance(samples), lambda0, lambda2, bigM);
      const fit = await sparsePrecision(samples, { lambda0, lambda2, bigM, method: "exact", gapTolerance: 0 });
      assert.ok(
        Math.abs(fit.objective - objective) < 1e-8,
        `instance ${instance}: ${fit.objective}, best ${objective}`,
      );
      assert.ok(fit.lowerBound! <= objective + 1e-9 && fit.gap! <= 1e-8, `instance ${instance}: gap ${fit.gap}`);
      assert.ok(graphEdges(fit.precision).every(({ value }) => Math.abs(value) <= bigM));
    }
  });

  it("exact brackets the optimum after any number of nodes, with either rule of branching", async () => {
    const optimum = 6.139018213;
    for (const branchingWidth of [1, 4]) {
      let lower = -Infinity;
      for (let nodeLimit = 1;; nodeLimit += 2) {
        const fit = await sparsePrecision(golden, {
          lambda0: 0.5,
          lambda2: 0.1,
          bigM: 1000,
          method: "exact",
          gapTolerance: 1e-9,
          nodeLimit,
          branchingWidth,
        });
        assert.ok(fit.lowerBound! <= optimum + 1e-8 && fit.objective >= optimum - 1e-8);
        assert.ok(fit.lowerBound! >= lower - 1e-12, "the bound only rises");
        lower = fit.lowerBound!;
        if (fit.status === "converged") break;
        assert.equal(fit.status, "node-limit");
      }
    }
  });

  it("certifies 20 variables: 5 % at a weak ridge, 1 % at a strong one", async () => {
    const samples = chain(200, 20, 0.3, createRandom(1).normal);
    const weak = await sparsePrecision(samples, {
      lambda0: 0.05,
      lambda2: 0.05,
      bigM: 1,
      method: "exact",
      gapTolerance: 0.05,
      timeLimitMs: 60_000,
    });
    assert.ok(weak.status === "converged" && weak.gap! <= 0.05);
    const strong = await sparsePrecision(samples, {
      lambda0: 0.05,
      lambda2: 0.5,
      bigM: 1,
      method: "exact",
      gapTolerance: 0.01,
      timeLimitMs: 60_000,
    });
    assert.ok(strong.status === "converged" && strong.gap! <= 0.01 && strong.nodes! < 1000);
    assert.ok(strong.normalizedGap! > strong.gap! && strong.normalizedGap! < 1);
  });

  it("reports the objective of its matrix, symmetric bit for bit", async () => {
    const samples = chain(60, 12, 0.7, createRandom(2).normal);
    for (const method of ["approximate", "exact"] as const) {
      const fit = await sparsePrecision(samples, { lambda0: 0.05, lambda2: 0.2, method, nodeLimit: 50 });
      const rows = rowsOf(fit.precision);
      rows.forEach((row, i) => row.forEach((value, j) => assert.equal(value, rows[j][i])));
      const objective = graphObjective(covariance(samples), rows, 0.05, 0.2);
      assert.ok(Math.abs(fit.objective - objective) < 1e-10 * Math.abs(objective));
      assert.equal(fit.edgeCount, graphEdges(fit.precision).length);
    }
  });

  it("approximate descends, recovers a chain, and random starts never worsen it", async () => {
    const samples = chain(2000, 30, 0, createRandom(5).normal);
    // A random walk: each variable depends on its neighbours alone.
    for (let at = 0; at < samples.data.length; at++) if (at % 30) samples.data[at] += 0.6 * samples.data[at - 1];
    const options = { lambda0: 0.05, lambda2: 0.02 };
    const fit = await sparsePrecision(samples, options);
    assert.equal(fit.edgeCount, 29);
    assert.ok(
      graphEdges(fit.precision).every(({ ends: [i, j], partialCorrelation }) => j === i + 1 && partialCorrelation > 0),
    );
    for (let i = 1; i < fit.trace.length; i++) assert.ok(fit.trace[i] <= fit.trace[i - 1]);
    const restarted = await sparsePrecision(samples, { ...options, randomStarts: 3, seed: 1 });
    assert.ok(restarted.objective <= fit.objective);
    const again = await sparsePrecision(samples, { ...options, randomStarts: 3, seed: 1 });
    assert.deepEqual(again.precision, restarted.precision);
  });

  it("has the same answer and bound however it is evaluated, with few samples and with many", async () => {
    for (const [count, size] of [[80, 70], [20, 50], [400, 24]]) {
      const samples = chain(count, size, 0.7, createRandom(6).normal);
      for (const method of ["approximate", "exact"] as const) {
        const options = { lambda0: 0.2, lambda2: 0.5, method, nodeLimit: 1 };
        const products = await sparsePrecision(samples, { ...options, evaluation: "products" });
        assert.ok(products.edgeCount > 0);
        for (const evaluation of ["neighbours", "residuals"] as const) {
          const fit = await sparsePrecision(samples, { ...options, evaluation });
          // From one relaxation on, each way finds a local minimum of its own.
          if (method === "approximate") assert.deepEqual(fit.precision.indices, products.precision.indices);
          const off = Math.abs(fit.objective - products.objective);
          assert.ok(off < (method === "approximate" ? 1e-9 : 1e-3 * Math.abs(products.objective)), `off by ${off}`);
          if (products.lowerBound === undefined) continue;
          // Relaxations end when they have closed all but a hundredth of the gap.
          const open = products.objective - products.lowerBound;
          assert.ok(Math.abs(fit.lowerBound! - products.lowerBound) < 0.02 * open + 1e-3);
        }
      }
    }
  });

  it("has the same bits on any number of threads, by neighbours and by residuals", async () => {
    const samples = chain(500, 700, 0.7, createRandom(7).normal);
    for (const evaluation of ["neighbours", "residuals"] as const) {
      const options = { lambda0: 0.1, lambda2: 0.1, evaluation };
      const one = await sparsePrecision(samples, { ...options, backend: "wasm" });
      assert.ok(one.edgeCount > 500);
      if ((await capabilities()).threads < 2 || (await capabilities()).build === "none") continue;
      for (const threads of [2, 3, 8]) {
        const fit = await sparsePrecision(samples, { ...options, backend: "threads", threads });
        assert.deepEqual(fit.precision, one.precision);
        assert.equal(fit.objective, one.objective);
      }
    }
  });

  it("takes residuals by itself where the Gram matrix does not fit in memory", async () => {
    const size = 800, samples = chain(20, size, 0.7, createRandom(4).normal);
    const options = { lambda0: 0.4, lambda2: 2, perturbations: 0, backend: "wasm", threads: 1 } as const;
    const whole = await sparsePrecision(samples, options);
    await dispose();
    // S alone takes 5.1 MB; residuals need less than that for their tiles and for the rows of S of 512 edges.
    await init({ maximumMemoryBytes: 5 << 20 });
    try {
      await assert.rejects(sparsePrecision(samples, { ...options, evaluation: "products" }), {
        name: "MemoryLimitError",
      });
      const fit = await sparsePrecision(samples, options);
      assert.ok(Math.abs(fit.objective - whole.objective) < 1e-9 * Math.abs(whole.objective));
      assert.deepEqual(fit.precision.indices, whole.precision.indices);
    } finally {
      // The limit is a setting, which outlives a dispose.
      await init();
    }
  });

  it("perturbations only improve, and reach the best of many random starts", async () => {
    for (const seed of [1, 2, 3]) {
      const samples = chain(300, 60, 0.8, createRandom(seed).normal);
      const options = { lambda0: 0.02, lambda2: 0.1, bigM: 1, method: "approximate" } as const;
      const plain = await sparsePrecision(samples, { ...options, perturbations: 0 });
      const usual = await sparsePrecision(samples, options);
      const best = await sparsePrecision(samples, { ...options, perturbations: 0, randomStarts: 20 });
      assert.ok(usual.objective <= plain.objective + 1e-9, `${usual.objective}, ${plain.objective}`);
      assert.ok(usual.objective <= best.objective * (1 + 1e-6), `${usual.objective}, ${best.objective}`);
      assert.ok(usual.trace.every((objective, k) => k === 0 || objective <= usual.trace[k - 1] + 1e-12));
    }
  });

  it("takes residuals where the samples are dependent, and equal columns", async () => {
    const twice = matrix(30, 2, golden.data.filter((_, at) => at % 5 < 2).map((_, at, all) => all[at - at % 2]));
    const options = { lambda0: 0.1, lambda2: 0.5 };
    const fit = await sparsePrecision(twice, { ...options, evaluation: "residuals" });
    assert.ok(Math.abs(fit.objective - (await sparsePrecision(twice, options)).objective) < 1e-10);
  });

  it("starts where it is told, and stays in a minimum", async () => {
    const fit = await sparsePrecision(golden, { lambda0: 0.3, lambda2: 0.05 });
    const again = await sparsePrecision(golden, { lambda0: 0.3, lambda2: 0.05, initial: fit.precision });
    assert.ok(Math.abs(again.objective - fit.objective) < 1e-9);
    assert.deepEqual(again.precision.indices, fit.precision.indices);
  });

  it("does not depend on the order of variables", async () => {
    const order = [3, 0, 4, 1, 2];
    const permuted = matrix(30, 5, golden.data.map((_, at) => golden.data[at - at % 5 + order[at % 5]]));
    const options = { lambda0: 0.2, lambda2: 0.2, method: "exact", gapTolerance: 0 } as const;
    const rows = rowsOf((await sparsePrecision(golden, options)).precision);
    const others = rowsOf((await sparsePrecision(permuted, options)).precision);
    others.forEach((row, i) => row.forEach((value, j) => assert.ok(Math.abs(value - rows[order[i]][order[j]]) < 1e-5)));
  });

  it("takes equal columns, one variable and one sample that is not centred", async () => {
    const twice = matrix(30, 2, golden.data.filter((_, at) => at % 5 < 2).map((_, at, all) => all[at - at % 2]));
    const pair = await sparsePrecision(twice, { lambda0: 0.1, lambda2: 0.5, method: "exact", gapTolerance: 1e-6 });
    assert.ok(pair.edgeCount === 1 && pair.gap! <= 1e-6);
    const alone = await sparsePrecision(matrix(2, 1, new Float64Array([0, 2])), {
      lambda0: 1,
      lambda2: 1,
      method: "exact",
    });
    assert.ok(alone.precision.data.length === 1 && Math.abs(alone.precision.data[0] - 1) < 1e-12);
    assert.ok(Math.abs(alone.objective - 1) < 1e-12 && alone.gap! < 1e-10);
    const sample = matrix(1, 2, new Float64Array([1, 2]));
    const single = await sparsePrecision(sample, { lambda0: 1, lambda2: 1, center: false });
    assert.ok(single.precision.data.every(Number.isFinite));
  });

  it("gives a valid bound when there is no time at all, and rejects with the signal's reason", async () => {
    const fit = await sparsePrecision(golden, {
      lambda0: 0.3,
      lambda2: 0.05,
      bigM: 1000,
      method: "exact",
      gapTolerance: 0,
      timeLimitMs: 0,
    });
    assert.equal(fit.status, "time-limit");
    assert.ok(Number.isFinite(fit.lowerBound) && fit.lowerBound! <= 4.904594258 && fit.objective >= 4.904594256);
    await assert.rejects(
      sparsePrecision(golden, { lambda0: 1, lambda2: 1, signal: AbortSignal.abort("enough") }),
      (reason) => reason === "enough",
    );
  });

  it("names what is wrong with its input", async () => {
    const good = { lambda0: 1, lambda2: 1 };
    await assert.rejects(sparsePrecision(golden, { lambda2: 1 } as typeof good), OptionError);
    await assert.rejects(sparsePrecision(golden, { lambda0: 1 } as typeof good), OptionError);
    await assert.rejects(sparsePrecision(golden, { lambda0: 1, lambda2: 0 }), /no "bigM"/);
    await assert.rejects(sparsePrecision(golden, { ...good, bigM: -1 }), OptionError);
    await assert.rejects(sparsePrecision(matrix(0, 3), good), ShapeError);
    await assert.rejects(
      sparsePrecision(matrix(2, 2, new Float64Array([1, 5, 2, 5])), good),
      /column 1 .* no variance/,
    );
    await assert.rejects(sparsePrecision(matrix(1, 2, new Float64Array([1, 5])), good), DataError);
    await assert.rejects(sparsePrecision(matrix(1, 1, new Float64Array([NaN])), good), DataError);
    const { precision } = await sparsePrecision(matrix(3, 2, new Float64Array([1, 5, 2, 4, 2, 2])), good);
    await assert.rejects(sparsePrecision(golden, { ...good, initial: precision }), ShapeError);
  });

  it("refuses an initial that is not symmetric, beyond rounding", async () => {
    const samples = matrix(3, 2, new Float64Array([1, 5, 2, 4, 2, 2]));
    const startFrom = (format: "csr" | "csc", above: number, below: number) => {
      const both = new Uint32Array([0, 1, 0, 1]), data = new Float64Array([1, above, below, 1]);
      const initial = { format, shape: [2, 2] as const, indptr: new Uint32Array([0, 2, 4]), indices: both, data };
      return sparsePrecision(samples, { lambda0: 0.1, lambda2: 1, initial });
    };
    for (const format of ["csr", "csc"] as const) {
      for (const [above, below] of [[0.5, 0], [0, 0.5], [0.5, -0.5], [0.5, 0.5001]]) {
        await assert.rejects(
          startFrom(format, above, below),
          (error: Error) => error instanceof DataError && /"initial": it is not symmetric/.test(error.message),
        );
      }
      assert.equal((await startFrom(format, 0.5, 0.5 + 1e-9)).status, "converged");
    }
    const above = { indptr: new Uint32Array([0, 2, 3]), indices: new Uint32Array([0, 1, 1]) };
    const initial = { format: "csr", shape: [2, 2], ...above, data: new Float64Array([1, 0.5, 1]) } as const;
    await assert.rejects(sparsePrecision(samples, { lambda0: 1, lambda2: 1, initial }), /0.5 at 0, 1 and 0 at 1, 0/);
  });
});
