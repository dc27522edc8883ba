import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  dispose,
  fromRows,
  type Matrix,
  matrix,
  OptionError,
  ShapeError,
  sparsePrecision,
  sparsePrecisionPath,
} from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { correlations, isAtMinimum, pairsOf, rowsOf } from "../../support/graph_promises.ts";
import { covariance } from "./best_graph.ts";
import { golden } from "./data.ts";
import { leastObjective, type Pair, supportMinimum } from "./support_minimum.ts";

/** Samples of variables whose correlations are all the same. */
function equicorrelated(count: number, size: number, correlation: number, seed: number): Matrix {
  const random = createRandom(seed), samples = matrix(count, size);
  for (let k = 0; k < count; k++) {
    const factor = random.normal();
    for (let j = 0; j < size; j++) {
      samples.data[k * size + j] = Math.sqrt(correlation) * factor + Math.sqrt(1 - correlation) * random.normal();
    }
  }
  return samples;
}

describe("sparsePrecision of correlated variables", () => {
  it("exact closes years and their squares, collinear and equal columns, whatever their scale", async () => {
    const random = createRandom(1);
    const years = Array.from({ length: 31 }, (_, k) => [1990 + k, (1990 + k) ** 2]);
    const near = (e: number) =>
      Array.from({ length: 40 }, () => {
        const z = random.normal();
        return [z, z + e * random.normal(), z + e * random.normal()];
      });
    const equal = near(0).map(([z]) => [z, z, random.normal()]);
    for (const rows of [years, near(1e-2), near(1e-4), near(1e-6), near(1e-8), equal]) {
      const samples = fromRows(rows);
      for (const standardize of [true, false]) {
        const S = standardize ? correlations(samples) : covariance(samples);
        for (const lambda2 of [1e-6, 0.01, 1]) {
          for (const [lambda0, evaluation] of [[0.01, "products"], [0.3, "products"], [0.3, "neighbours"]] as const) {
            const options = { lambda0, lambda2, standardize, method: "exact", gapTolerance: 1e-6, evaluation } as const;
            const fit = await sparsePrecision(samples, options);
            const what = `${
              rows[0].length
            } variables, lambda0 ${lambda0}, lambda2 ${lambda2}, ${standardize}, ${evaluation}`;
            assert.ok(fit.status === "converged" && fit.gap! <= 1e-6, `${what}: ${fit.status} at a gap of ${fit.gap}`);
            const least = leastObjective(S, lambda0, lambda2);
            assert.ok(Math.abs(fit.objective - least) <= 2e-6 * Math.abs(least), `${what}: ${fit.objective}, ${least}`);
            assert.ok(
              fit.lowerBound! <= least + 1e-9 * (1 + Math.abs(least)),
              `${what}: bound ${fit.lowerBound}, ${least}`,
            );
          }
        }
      }
    }
  });

  it("finds edges that gain far more than a quadratic model of them says, and proves them", async () => {
    const years = fromRows(Array.from({ length: 30 }, (_, k) => [1, 2, 3].map((e) => (1950 + k) ** e)));
    const outlier = fromRows([[4601, -10522, 13328, 17432], [-1.4, 1, -0.5, -0.1], [-2.2, 1, -1.7, 0.5]]);
    for (
      const [samples, options, least] of [
        [years, { lambda0: 10, lambda2: 1e-12, standardize: true }, -11.4473172],
        [outlier, { lambda0: 0.01, lambda2: 1e-3 }, -8.7745697],
      ] as const
    ) {
      for (const method of ["auto", "exact"] as const) {
        const fit = await sparsePrecision(samples, { ...options, method, center: false });
        assert.ok(Math.abs(fit.objective - least) <= 1e-6 && fit.status === "converged", `${fit.objective}, ${least}`);
      }
    }
  });

  it("auto comes near to the best that is known of six variables, and no worse than a long exact search of twenty", async () => {
    const six = equicorrelated(100, 6, 0.999, 1), S = correlations(six);
    const fit = await sparsePrecision(six, { lambda0: 0.2, lambda2: 0.01, standardize: true });
    const all: Pair[] = S.flatMap((row, i) => row.flatMap((_, j) => j > i ? [[i, j] as const] : []));
    assert.ok(
      fit.objective <= supportMinimum(S, all, 0.01) + 0.2 * 15 + 1e-9 && fit.status === "converged",
      `${fit.objective}`,
    );
    for (const correlation of [0.9, 0.999]) {
      const samples = equicorrelated(100, 20, correlation, 2);
      const options = { lambda0: 0.2, lambda2: 0.01, standardize: true };
      const auto = await sparsePrecision(samples, options);
      const exact = await sparsePrecision(samples, { ...options, method: "exact", nodeLimit: 2000, perturbations: 40 });
      assert.ok(
        auto.objective <= exact.objective + 0.005 * (20 - exact.objective),
        `${auto.objective}, ${exact.objective}`,
      );
      isAtMinimum(correlations(samples), auto, 0.2, 0.01, `correlation ${correlation}`);
    }
  });

  it("auto finds edges of noise that pay together alone, with as many samples as variables", async () => {
    // The least that the search of single graphs had found: 29.68967, 29.32834, 19.41949.
    for (const [size, seed, least] of [[30, 4, 29.6513020], [30, 5, 29.3188787], [20, 6, 19.4012373]] as const) {
      const { normal } = createRandom(seed), data = Float64Array.from({ length: size * size }, () => normal());
      const fit = await sparsePrecision(matrix(size, size, data), { lambda0: 0.4, lambda2: 0.2, standardize: true });
      assert.ok(fit.objective <= least + 0.005 * (size - least), `${size} variables: ${fit.objective}, ${least}`);
    }
  });

  it("ends larger graphs at their minimum as well, however they are evaluated", async () => {
    const samples = equicorrelated(300, 90, 0.95, 3), S = covariance(samples);
    for (const evaluation of ["products", "neighbours", "residuals"] as const) {
      const fit = await sparsePrecision(samples, { lambda0: 0.3, lambda2: 0.05, evaluation });
      isAtMinimum(S, fit, 0.3, 0.05, evaluation);
    }
  });

  it("does not depend on the order, the signs and, standardized, the scales of variables", async () => {
    const samples = equicorrelated(60, 5, 0.95, 4),
      order = [3, 0, 4, 1, 2],
      signs = [1, -1, 1, 1, -1],
      scales = [1e-5, 1, 10, 1e4, 3];
    const turned = matrix(
      60,
      5,
      samples.data.map((_, at) => {
        const j = at % 5;
        return signs[j] * scales[j] * samples.data[at - j + order[j]];
      }),
    );
    const options = { lambda0: 0.1, lambda2: 0.1, standardize: true, method: "exact", gapTolerance: 1e-9 } as const;
    const rows = rowsOf(await sparsePrecision(samples, options)),
      others = rowsOf(await sparsePrecision(turned, options));
    others.forEach((row, i) =>
      row.forEach((value, j) => {
        const same = signs[i] * signs[j] * rows[order[i]][order[j]];
        assert.ok(Math.abs(value - same) <= 1e-6 * Math.abs(rows[order[i]][order[i]]), `${i}, ${j}: ${value}, ${same}`);
      })
    );
  });

  it("names all columns without variance, and keeps one of small spread about a large mean", async () => {
    const random = createRandom(5);
    const rows = Array.from({ length: 50 }, () => {
      const z = random.normal();
      return [z, 3, 0.1, 1.6e12 + 100 * (z + random.normal())];
    });
    await assert.rejects(
      sparsePrecision(fromRows(rows), { lambda0: 0.1, lambda2: 0.1 }),
      /columns 1, 2 of "samples" have no variance/,
    );
    const two = fromRows(rows.map(([a, , , d]) => [a, d]));
    const fit = await sparsePrecision(two, { lambda0: 0.1, lambda2: 0.01, standardize: true });
    const shifted = fromRows(rows.map(([a, , , d]) => [a, d - 1.6e12]));
    const same = await sparsePrecision(shifted, { lambda0: 0.1, lambda2: 0.01, standardize: true });
    assert.ok(fit.edgeCount === 1 && Math.abs(fit.objective - same.objective) < 1e-9);
  });
});

describe("sparsePrecision of sizes far from 1", () => {
  it("has the answer of any other size where columns are standardised, and names what it cannot take elsewhere", async () => {
    const [count, vertices] = golden.shape, options = { lambda0: 0.1, lambda2: 0.1 };
    const scaled = (scale: number) => matrix(count, vertices, golden.data.map((value) => value * scale));
    const usual = await sparsePrecision(golden, { ...options, standardize: true });
    for (const scale of [1e-150, 1e-69, 1e69, 1e150]) {
      const fit = await sparsePrecision(scaled(scale), { ...options, standardize: true });
      assert.ok(Math.abs(fit.objective - usual.objective) < 1e-9, `${scale}: ${fit.objective}, not ${usual.objective}`);
      if (scale === 1e-150 || scale === 1e150) {
        await assert.rejects(
          sparsePrecision(scaled(scale), options),
          /between 1e-70 and 1e\+70 of column 0 of "samples"/,
        );
      } else assert.ok(Number.isFinite((await sparsePrecision(scaled(scale), options)).objective));
    }
  });
});

describe("sparsePrecision where rounding hides the minimum", () => {
  it("ends soon, with a graph that is no worse than the empty one and says that it is not proved", async () => {
    // More variables than samples and a ridge that is nothing beside columns of such a size: the minimum is far away.
    for (const correlation of [0, 0.99]) {
      for (const [lambda0, lambda2] of [[0.1, 0.01], [0.2, 1]]) {
        const samples = equicorrelated(5, 8, correlation, 3);
        for (let at = 0; at < samples.data.length; at++) samples.data[at] *= 1e8;
        const options = { lambda0, lambda2, maxIterations: 20_000 };
        for (const method of ["auto", "approximate"] as const) {
          let calls = 0;
          const fit = await sparsePrecision(samples, { ...options, method, onProgress: () => void calls++ });
          const empty = await sparsePrecision(samples, { ...options, lambda0: 1e6, method: "approximate" });
          assert.ok(empty.edgeCount === 0 && fit.objective <= empty.objective + 1e-9 * Math.abs(empty.objective));
          assert.ok(fit.status !== "converged" && !Number.isNaN(fit.gap) && !Number.isNaN(fit.normalizedGap));
          assert.ok(calls < 100, `${calls} checkpoints`);
        }
      }
    }
  });
});

describe("sparsePrecision where the Gram matrix hides the minimum", () => {
  it("goes by residuals: the answer of exact from them, without and along a path", async () => {
    // What neighbours leave of a variable is the 1e-12th part of it, and of products of such size nothing is left.
    for (const [size, lambda2] of [[1e4, 1e-6], [1e5, 1e-3]]) {
      const samples = equicorrelated(2, 4, 0, 3);
      for (let at = 0; at < samples.data.length; at++) samples.data[at] *= size;
      const exact = await sparsePrecision(samples, {
        lambda0: 1e-3,
        lambda2,
        method: "exact",
        evaluation: "residuals",
      });
      const fit = await sparsePrecision(samples, { lambda0: 1e-3, lambda2 });
      const far = 1e-6 * Math.abs(exact.objective);
      assert.ok(Math.abs(fit.objective - exact.objective) <= far, `${fit.objective}, not ${exact.objective}`);
      for await (const point of sparsePrecisionPath(samples, { lambda2, count: 5 })) {
        assert.ok(Number.isFinite(point.objective));
      }
    }
  });
});

describe("sparsePrecision of a covariance matrix", () => {
  const S = covariance(golden), options = { lambda0: 0.2, lambda2: 0.1 };
  const data = { covariance: fromRows(S), sampleCount: golden.shape[0] };

  it("has the answers that samples have, path and criteria included", async () => {
    for (const standardize of [false, true]) {
      const of = await sparsePrecision(golden, { ...options, standardize });
      const fit = await sparsePrecision(data, { ...options, standardize });
      assert.ok(Math.abs(fit.objective - of.objective) < 1e-10 && fit.edgeCount === of.edgeCount);
      assert.deepEqual(fit.precision.indices, of.precision.indices);
    }
    const criteria = async (from: Matrix | typeof data) => {
      const found: number[] = [];
      for await (const point of sparsePrecisionPath(from, { lambda2: 0.1, count: 6 })) found.push(point.criterion);
      return found;
    };
    const ofSamples = await criteria(golden), ofCovariance = await criteria(data);
    assert.equal(ofCovariance.length, ofSamples.length);
    ofCovariance.forEach((value, k) => assert.ok(Math.abs(value - ofSamples[k]) < 1e-8, `${value}, ${ofSamples[k]}`));
  });

  it("standardized, it may be divided by one less than the number of samples", async () => {
    const unbiased = { ...data, covariance: fromRows(S.map((row) => row.map((value) => value * 30 / 29))) };
    const fit = await sparsePrecision(unbiased, { ...options, standardize: true });
    const same = await sparsePrecision(data, { ...options, standardize: true });
    assert.ok(Math.abs(fit.objective - same.objective) < 1e-12 * Math.abs(same.objective));
  });

  it("names what is wrong with it", async () => {
    const of = (rows: number[][], sampleCount = 10) =>
      sparsePrecision({ covariance: fromRows(rows), sampleCount }, options);
    await assert.rejects(of([[1, 0.5]]), ShapeError);
    await assert.rejects(of([[1, 0.5], [0.4, 1]]), /not symmetric, 0.4 at 1, 0 and 0.5 at 0, 1/);
    await assert.rejects(of([[1, 2], [2, 1]]), /not positive semidefinite/);
    await assert.rejects(of([[1, 0, 0], [0, 0, 0], [0, 0, -1]]), /columns 1, 2 of "covariance" have no variance/);
    await assert.rejects(of([[1, 0], [0, 1]], 0), OptionError);
    await assert.rejects(sparsePrecision(data, { ...options, evaluation: "residuals" }), /needs samples/);
    const singular = await of([[1, 1], [1, 1]]);
    assert.ok(singular.edgeCount === 1 && Number.isFinite(singular.objective));
  });
});

describe("sparsePrecision with required and forbidden edges", () => {
  it("exact equals the enumeration of all graphs that obey, auto and approximate obey", async () => {
    const random = createRandom(9);
    for (let instance = 0; instance < 20; instance++) {
      const size = 3 + instance % 2,
        samples = equicorrelated(20, size, 0.9 * random.uniform(), instance),
        S = covariance(samples);
      const lambda0 = 0.05 + random.uniform(), lambda2 = 0.05 + random.uniform();
      const required: Pair[] = [[0, 1]], forbidden: Pair[] = [[2, 1], [2, 0]];
      const obeys = (edges: readonly Pair[]) =>
        edges.some(([i, j]) => i === 0 && j === 1) && !edges.some(([i, j]) => (i === 1 || i === 0) && j === 2);
      const least = leastObjective(S, lambda0, lambda2, obeys);
      for (const method of ["exact", "auto", "approximate"] as const) {
        const fit = await sparsePrecision(samples, { lambda0, lambda2, required, forbidden, method, gapTolerance: 0 });
        assert.ok(obeys(pairsOf(fit)), `instance ${instance}, ${method}`);
        const off = fit.objective - least;
        assert.ok(
          off > -1e-8 && (method === "approximate" || off < 1e-8),
          `instance ${instance}, ${method}: off by ${off}`,
        );
      }
    }
  });

  it("keeps a required edge of uncorrelated variables, at 0, and has it along the path", async () => {
    const square = fromRows([[1, 1, 2], [1, -1, -2], [-1, 1, 3], [-1, -1, -3]]);
    const rules = { required: [[1, 0]], forbidden: [[0, 2]] } as const;
    for (const method of ["approximate", "exact"] as const) {
      const fit = await sparsePrecision(square, { lambda0: 1, lambda2: 1, method, ...rules });
      assert.ok(fit.edgeCount >= 1 && fit.status === "converged", `${fit.status}, ${fit.gap}`);
    }
    for await (const point of sparsePrecisionPath(golden, { lambda2: 0.1, count: 8, ...rules })) {
      const names = pairsOf(point).map((pair) => pair.join());
      assert.ok(names.includes("0,1") && !names.includes("0,2"), names.join(" "));
    }
  });

  it("names edges that cannot be", async () => {
    const of = (rules: object) => sparsePrecision(golden, { lambda0: 1, lambda2: 1, ...rules });
    await assert.rejects(of({ required: [[0, 0]] }), /"required": expected pairs of different variables from 0 to 4/);
    await assert.rejects(of({ forbidden: [[0, 5]] }), /received \[0, 5\] at 0/);
    await assert.rejects(of({ forbidden: [[0]] }), OptionError);
    await assert.rejects(of({ required: [[0, 1]], forbidden: [[1, 0]] }), /\[0, 1\] is required, too/);
  });
});

describe("sparsePrecisionPath of correlated variables", () => {
  it("starts with the empty graph, never repeats one, and ends with all edges", async () => {
    for (const method of ["approximate", "exact"] as const) {
      for (const seed of [1, 2]) {
        const samples = equicorrelated(40, 4, 0.98, seed), S = covariance(samples);
        const graphs: string[] = [];
        let last = Infinity;
        for await (const point of sparsePrecisionPath(samples, { lambda2: 0.05, method, gapTolerance: 1e-9 })) {
          graphs.push(pairsOf(point).join(" "));
          assert.ok(point.lambda0 < last && (graphs.length > 1 || point.edgeCount === 0), `${point.lambda0}, ${last}`);
          last = point.lambda0;
          isAtMinimum(S, point, point.lambda0, 0.05, `lambda0 ${point.lambda0}`);
          // A little above and below, the graph is the same.
          for (const factor of method === "exact" ? [] : [0.999, 1.001]) {
            const beside = await sparsePrecision(samples, {
              lambda0: factor * point.lambda0,
              lambda2: 0.05,
              method,
              perturbations: 0,
              initial: point.precision,
            });
            assert.deepEqual(pairsOf(beside), pairsOf(point), `lambda0 ${point.lambda0}`);
          }
        }
        assert.equal(new Set(graphs).size, graphs.length);
        assert.equal(graphs.at(-1)!.split(" ").length, 6);
      }
    }
  });

  it("has progress and time limit of the whole call", async () => {
    const samples = equicorrelated(100, 12, 0.9, 3), fractions: number[] = [];
    const onProgress = ({ fraction }: { fraction: number }) => void fractions.push(fraction);
    for await (const _ of sparsePrecisionPath(samples, { lambda2: 0.05, count: 20, onProgress })) { /* to the end */ }
    assert.ok(fractions.every((fraction, k) => fraction <= 1 && (k === 0 || fraction >= fractions[k - 1])));
    assert.ok(fractions.at(-1)! > 0.5);
    let points = 0;
    for await (const { status } of sparsePrecisionPath(samples, { lambda2: 0.05, timeLimitMs: 0 })) {
      points++;
      assert.equal(status, "time-limit");
    }
    assert.equal(points, 1);
    await dispose();
  });
});
