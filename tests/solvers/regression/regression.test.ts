import assert from "node:assert/strict";
import { describe, it } from "node:test";
import {
  crossValidateRegression,
  informationCriteria,
  type Matrix,
  matrix,
  predictRegression,
  sparseRegression,
  sparseRegressionPath,
} from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { leastBySubsets, scaledProblem } from "../../support/promises.ts";
import { bestSubset } from "./best_subset.ts";
import { simulate, unscaled } from "./data.ts";

function supportOf(coefficients: Float64Array): number[] {
  return [...coefficients.keys()].filter((j) => coefficients[j] !== 0);
}

function permuteColumns({ data, shape }: Matrix, order: readonly number[]): Matrix {
  return matrix(
    shape[0],
    shape[1],
    Float64Array.from(data, (_, at) => {
      const row = Math.floor(at / shape[1]) * shape[1];
      return data[row + order[at - row]];
    }),
  );
}

describe("sparseRegression", () => {
  it("exact equals the enumeration of all supports on 200 instances", async () => {
    const random = createRandom(7);
    for (let instance = 0; instance < 200; instance++) {
      const features = 1 + instance % 12, samples = 3 + random.integer(20);
      const { X, y } = simulate(samples, features, Math.min(3, features), random.uniform() * 0.95, 1, instance);
      const lambda0 = 0.05 + 3 * random.uniform(), lambda2 = 0.01 + 2 * random.uniform();
      const bigM = instance % 2 ? Infinity : 0.2 + random.uniform();
      const best = bestSubset(X, y, lambda0, lambda2, bigM);
      const fit = await sparseRegression(X, y, {
        ...unscaled,
        lambda0,
        lambda2,
        bigM,
        method: "exact",
        gapTolerance: 1e-9,
      });
      assert.equal(fit.status, "converged");
      assert.ok(Math.abs(fit.objective - best) <= 1e-9 * best, `instance ${instance}: ${fit.objective}, best ${best}`);
      assert.ok(fit.lowerBound! <= best * (1 + 1e-12) && fit.gap! <= 1e-9, `instance ${instance}: gap ${fit.gap}`);
      assert.ok(fit.coefficients.every((x) => Math.abs(x) <= bigM));
    }
  });

  it("exact brackets the optimum after any number of nodes, and the bracket only narrows", async () => {
    const { X, y } = simulate(20, 12, 4, 0.8, 1.5, 3);
    const lambda0 = 0.8, lambda2 = 0.05, best = bestSubset(X, y, lambda0, lambda2, Infinity);
    let lower = -Infinity, upper = Infinity;
    for (let nodeLimit = 1; nodeLimit < 80; nodeLimit += 3) {
      const fit = await sparseRegression(X, y, {
        ...unscaled,
        lambda0,
        lambda2,
        method: "exact",
        gapTolerance: 1e-9,
        nodeLimit,
      });
      assert.ok(fit.lowerBound! <= best * (1 + 1e-12) && best <= fit.objective * (1 + 1e-12));
      assert.ok(fit.lowerBound! >= lower - 1e-12 && fit.objective <= upper + 1e-12);
      [lower, upper] = [fit.lowerBound!, fit.objective];
      if (fit.status === "converged") return;
      assert.equal(fit.status, "node-limit");
    }
    assert.fail("80 nodes were expected to do");
  });

  it("exact says that rounding has stopped it, where it cannot keep the gap that was asked for", async () => {
    const { X, y } = simulate(20, 8, 3, 0.5, 1.5, 7);
    const fit = await sparseRegression(X, y, { lambda0: 0.5, lambda2: 0.1, bigM: 5, method: "exact", gapTolerance: 0 });
    assert.ok(fit.gap! > 0 && fit.gap! < 1e-9);
    assert.equal(fit.status, "precision-limit");
  });

  it("exact needs neither ridge nor bound, whether the columns are independent or not", async () => {
    const { X, y } = simulate(15, 6, 2, 0.5, 1, 5);
    const best = bestSubset(X, y, 1, 0, Infinity);
    const fit = await sparseRegression(X, y, { ...unscaled, lambda0: 1, method: "exact", gapTolerance: 0 });
    assert.ok(Math.abs(fit.objective - best) <= 1e-9 * best && fit.gap! <= 1e-9);
    const wide = simulate(4, 6, 2, 0.5, 1, 5), question = { ...unscaled, lambda0: 0.1, lambda2: 0 };
    const least = leastBySubsets(scaledProblem(wide.X, wide.y, question), question);
    const dependent = await sparseRegression(wide.X, wide.y, { ...question, method: "exact", gapTolerance: 1e-6 });
    assert.equal(dependent.status, "converged");
    assert.ok(Math.abs(dependent.objective - least) <= 1e-9 * least && dependent.lowerBound! <= least * (1 + 1e-12));
  });

  it("swaps and exact search find the support that plain descent misses under high correlation", async () => {
    const objectives = { "coordinate-descent": 0, "local-search": 0, exact: 0 };
    const recovered = { "coordinate-descent": 0, "local-search": 0, exact: 0 };
    for (let seed = 0; seed < 10; seed++) {
      const { X, y, truth } = simulate(120, 40, 5, 0.95, 0.35, seed);
      for (const method of ["coordinate-descent", "local-search", "exact"] as const) {
        const fit = await sparseRegression(X, y, { lambda0: 2, lambda2: 0.1, bigM: 3, method, timeLimitMs: 20_000 });
        objectives[method] += fit.objective;
        if (supportOf(truth).join() === [...fit.support].join()) recovered[method]++;
      }
    }
    assert.ok(recovered["coordinate-descent"] < recovered["local-search"], JSON.stringify(recovered));
    assert.ok(recovered["local-search"] <= recovered.exact && recovered.exact >= 9, JSON.stringify(recovered));
    assert.ok(objectives["coordinate-descent"] > objectives["local-search"] * 1.001, JSON.stringify(objectives));
    assert.ok(objectives["local-search"] >= objectives.exact * (1 - 1e-12));
  });

  it("recovers 10 of 1000 features, and certifies it", async () => {
    const { X, y, truth } = simulate(400, 1000, 10, 0.2, 0.5, 11);
    const fit = await sparseRegression(X, y, {
      lambda0: 20,
      lambda2: 5,
      bigM: 1.5,
      method: "exact",
      gapTolerance: 0.01,
    });
    assert.deepEqual([...fit.support], supportOf(truth));
    assert.ok(fit.status === "converged" && fit.gap! <= 0.01);
  });

  it("reports the objective of its coefficients, and each local minimum stands against its neighbours", async () => {
    const { X, y } = simulate(50, 30, 5, 0.6, 1, 2);
    const lambda0 = 3, lambda2 = 0.5;
    const fit = await sparseRegression(X, y, { ...unscaled, lambda0, lambda2 });
    const residual = predictRegression(fit, X).map((value, i) => y[i] - value);
    const objective = residual.reduce((sum, r) => sum + r * r / 2, 0) +
      fit.coefficients.reduce((sum, b) => sum + (b === 0 ? 0 : lambda0 + lambda2 * b * b), 0);
    assert.ok(Math.abs(fit.objective - objective) <= 1e-12 * objective);
    for (let j = 0; j < 30; j++) {
      let norm = 0, derivative = 0;
      for (let i = 0; i < 50; i++) {
        norm += X.data[i * 30 + j] ** 2;
        derivative += X.data[i * 30 + j] * residual[i];
      }
      derivative += norm * fit.coefficients[j];
      const gain = derivative ** 2 / (2 * (norm + 2 * lambda2)) - lambda0;
      assert.ok(fit.coefficients[j] === 0 ? gain <= 1e-8 : gain >= -1e-8, `feature ${j}: gain ${gain}`);
    }
  });

  it("takes the time that it says: data are prepared and judged in it, whether a search begins or not", async () => {
    const { X, y } = simulate(20_000, 60, 5, 0.3, 1, 10), given = { lambda0: 1e9, method: "local-search" } as const;
    for (const options of [given, { ...given, timeLimitMs: 0 }]) {
      const began = performance.now(), { elapsedMs } = await sparseRegression(X, y, options);
      const took = performance.now() - began;
      assert.ok(elapsedMs > took / 2 && elapsedMs <= took + 1, `${elapsedMs} of ${took} ms`);
    }
  });

  it("does not depend on the order of features, nor on their scale unless told not to standardize", async () => {
    const { X, y } = simulate(60, 12, 3, 0.4, 0.5, 4);
    const order = [5, 3, 0, 11, 7, 1, 2, 9, 10, 4, 8, 6];
    const options = { lambda0: 2, lambda2: 0.1, method: "exact", gapTolerance: 0 } as const;
    const plain = await sparseRegression(X, y, { ...options, ...unscaled });
    const permuted = await sparseRegression(permuteColumns(X, order), y, { ...options, ...unscaled });
    order.forEach((from, to) => assert.ok(Math.abs(plain.coefficients[from] - permuted.coefficients[to]) < 1e-6));
    const scaled = matrix(60, 12, X.data.map((x, at) => x * (1 + at % 12)));
    const standard = await sparseRegression(X, y, options);
    const rescaled = await sparseRegression(scaled, y, options);
    assert.ok(Math.abs(standard.objective - rescaled.objective) < 1e-9 * standard.objective);
    standard.coefficients.forEach((b, j) => assert.ok(Math.abs(b - rescaled.coefficients[j] * (1 + j)) < 1e-6));
  });

  it("fits an intercept as centring would", async () => {
    const { X, y } = simulate(40, 6, 2, 0, 0.1, 8);
    const shifted = matrix(40, 6, X.data.map((x) => x + 100));
    const response = y.map((value) => value + 7);
    const fit = await sparseRegression(shifted, response, { lambda0: 0.5, lambda2: 0.01 });
    const [first] = predictRegression(fit, shifted);
    assert.equal(fit.support.length, 2);
    assert.ok(Math.abs(first - response[0]) < 1);
    assert.ok(Math.abs(fit.intercept - 7 + 100 * fit.coefficients.reduce((sum, b) => sum + b, 0)) < 1);
  });

  it("recovers a support among nearly equal columns, where coordinate descent does not", async () => {
    // Blocks of five columns at correlation 0.98; the truth is the first column of each of four blocks.
    const recovered = { "coordinate-descent": 0, "local-search": 0, exact: 0 };
    for (let seed = 0; seed < 8; seed++) {
      const random = createRandom(100 + seed), X = matrix(200, 20), y = new Float64Array(200);
      for (let i = 0; i < 200; i++) {
        for (let block = 0; block < 4; block++) {
          const common = Math.sqrt(0.98) * random.normal();
          for (let k = 0; k < 5; k++) X.data[i * 20 + 5 * block + k] = common + Math.sqrt(0.02) * random.normal();
          // Neighbouring blocks share their signal with opposite signs: marginal correlations mislead.
          y[i] += (block % 2 ? -1 : 1) * X.data[i * 20 + 5 * block];
        }
        y[i] += 0.3 * random.normal();
      }
      for (const method of ["coordinate-descent", "local-search", "exact"] as const) {
        const fit = await sparseRegression(X, y, { lambda0: 1, lambda2: 0.05, bigM: 2, method, gapTolerance: 1e-6 });
        if ([...fit.support].join() === "0,5,10,15") recovered[method]++;
      }
    }
    assert.ok(recovered["coordinate-descent"] < recovered.exact, JSON.stringify(recovered));
    assert.ok(recovered.exact >= 7 && recovered["local-search"] >= 6, JSON.stringify(recovered));
  });
});

describe("sparseRegressionPath", () => {
  it("descends in lambda0 from the empty model to maxSupport, and each point stands on its own", async () => {
    const { X, y, truth } = simulate(100, 50, 5, 0.3, 0.5, 6);
    const points = [];
    for await (const point of sparseRegressionPath(X, y, { lambda2: 0.1, maxSupport: 12 })) points.push(point);
    assert.equal(points[0].support.length, 0);
    assert.equal(points[1].support.length, 1);
    for (let i = 1; i < points.length; i++) {
      assert.ok(points[i].lambda0 < points[i - 1].lambda0);
      assert.ok(points[i].support.length <= 12);
    }
    assert.ok(points.some(({ support }) => [...support].join() === supportOf(truth).join()));
    const middle = points[Math.floor(points.length / 2)];
    const cold = await sparseRegression(X, y, { lambda0: middle.lambda0, lambda2: 0.1 });
    assert.ok(Math.abs(cold.objective - middle.objective) <= 0.02 * cold.objective);
  });

  it("visits a given grid", async () => {
    const { X, y } = simulate(20, 5, 2, 0.3, 0.5, 6);
    const seen = [];
    for await (const { lambda0 } of sparseRegressionPath(X, y, { lambdas: [3, 2, 1] })) seen.push(lambda0);
    assert.deepEqual(seen, [3, 2, 1]);
  });
});

describe("the choice of lambda0", () => {
  const { X, y, truth } = simulate(150, 60, 4, 0.2, 1, 9);

  it("crossValidateRegression keeps every true feature, and the one-standard-error rule no more features", async () => {
    const best = await crossValidateRegression(X, y, { lambda2: 0.1, maxSupport: 15, folds: 5 });
    const simple = await crossValidateRegression(X, y, { lambda2: 0.1, maxSupport: 15, rule: "one-standard-error" });
    for (const j of supportOf(truth)) assert.ok(best.fit.support.includes(j), `feature ${j}`);
    assert.ok(simple.fit.support.length <= best.fit.support.length);
    assert.equal(best.meanSquaredErrors[best.best], Math.min(...best.meanSquaredErrors));
    assert.ok(Math.abs(best.meanSquaredErrors[best.best] - 1) < 0.4, "the variance of the noise is 1");
  });

  it("informationCriteria counts the intercept where there is one, be it 0", async () => {
    // Columns and response are centred already: the fitted intercept is 0.
    const X = matrix(4, 1, new Float64Array([1, -1, 2, -2])), y = new Float64Array([2, -1, 4, -5]);
    const options = { lambda0: 0.1, lambda2: 0.1 };
    const without = await sparseRegression(X, y, { ...options, intercept: false });
    const within = await sparseRegression(X, y, options);
    assert.equal(within.intercept, 0);
    const difference = informationCriteria(within, X, y).bic - informationCriteria(without, X, y).bic;
    assert.ok(Math.abs(difference - Math.log(4)) < 1e-12);
  });

  it("informationCriteria picks the true support by ebic", async () => {
    let best = { ebic: Infinity, support: "" };
    for await (const point of sparseRegressionPath(X, y, { lambda2: 0.1, maxSupport: 15 })) {
      const { ebic } = informationCriteria(point, X, y);
      if (ebic < best.ebic) best = { ebic, support: [...point.support].join() };
    }
    assert.equal(best.support, supportOf(truth).join());
  });
});
