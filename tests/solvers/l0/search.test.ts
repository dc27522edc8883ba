import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { capabilities, type Matrix, matrix, sparsePrecision, sparseRegression } from "../../../mod.ts";
import type { NodeBatch, NodeStart } from "../../../solvers/l0/node_batch.ts";
import { l0Penalty } from "../../../solvers/l0/penalty.ts";
import { branchAndBound, type NodeRequest, nodeStatus } from "../../../solvers/l0/search.ts";
import { createRandom, type Random } from "../../../solvers/core/random.ts";
import { resolveOptions } from "../../../solvers/core/resolve_options.ts";
import { startRun } from "../../../solvers/core/run.ts";
import { sparsePrecisionPathOptions } from "../../../solvers/graph/options.ts";
import { openGraph } from "../../../solvers/graph/precision.ts";
import { sparseRegressionPathOptions } from "../../../solvers/regression/options.ts";
import { openRegression } from "../../../solvers/regression/session.ts";
import { covariance, supportObjectives } from "../graph/best_graph.ts";
import { subsetObjectives } from "../regression/best_subset.ts";
import { unscaled } from "../regression/data.ts";

/** Rows of an autoregressive process. */
function correlated(samples: number, features: number, correlation: number, random: Random): Matrix {
  const X = matrix(samples, features), rest = Math.sqrt(1 - correlation ** 2);
  for (let i = 0; i < samples; i++) {
    for (let j = 0, value = random.normal(); j < features; j++) {
      if (j > 0) value = correlation * value + rest * random.normal();
      X.data[i * features + j] = value;
    }
  }
  return X;
}

/** Responses with every third feature in them. */
function respond({ data, shape: [samples, features] }: Matrix, noise: number, random: Random): Float64Array {
  return Float64Array.from({ length: samples }, (_, i) => {
    let value = noise * random.normal();
    for (let j = 0; j < features; j += 3) value += data[i * features + j];
    return value;
  });
}

/** The least of `objectives`, by support, among those that statuses allow. */
function leastAllowed(objectives: Float64Array, statuses: Uint8Array): number {
  let kept = 0, zero = 0;
  statuses.forEach((status, j) => {
    if (status === nodeStatus.kept) kept |= 1 << j;
    if (status === nodeStatus.zero) zero |= 1 << j;
  });
  let least = Infinity;
  for (let support = 0; support < objectives.length; support++) {
    if ((support & kept) === kept && (support & zero) === 0) least = Math.min(least, objectives[support]);
  }
  return least;
}

/** Searches from the incumbent `first`, and checks every node against the objectives of all supports. */
async function searchObserved(
  nodes: NodeBatch,
  objectives: Float64Array,
  first: { objective: number; start: NodeStart },
  variables: number,
  branchingWidth: number,
): Promise<{ nodes: number; lowerBound: number; incumbent: number; fixed: number }> {
  const optimum = objectives.reduce((least, value) => Math.min(least, value), Infinity);
  const slack = 1e-9 * (1 + Math.abs(optimum));
  let incumbent = first.objective, fixed = 0;
  const outcome = await branchAndBound<NodeStart>({
    batch: 3,
    incumbent: () => incumbent,
    async relax(requests: readonly NodeRequest<NodeStart>[]) {
      const before = incumbent;
      const given = requests.map((request) => ({ ...request, start: request.start ?? first.start }));
      const solved = await nodes.relax(given, () => incumbent, ({ objective }) => {
        assert.ok(objective >= optimum - slack, "no solution is better than the best");
        incumbent = Math.min(incumbent, objective);
        return Promise.resolve();
      });
      solved.forEach(({ bound, fixings, candidates, complete }, i) => {
        const statuses = new Uint8Array(variables);
        requests[i].writeStatuses(statuses);
        const best = leastAllowed(objectives, statuses);
        assert.ok(complete);
        assert.ok(bound <= Math.max(best, before) + slack || bound <= best + slack, `bound ${bound}, best ${best}`);
        assert.ok(bound >= requests[i].bound - slack, "a child's bound is its parent's at least");
        for (const fixing of fixings) {
          const variable = fixing >>> 1;
          assert.equal(statuses[variable], nodeStatus.free);
          statuses[variable] = fixing & 1 ? nodeStatus.kept : nodeStatus.zero;
        }
        fixed += fixings.length;
        // Screening may lose solutions that are no better than the incumbent, and none else.
        if (best < before - slack) {
          assert.ok(bound <= best + slack);
          assert.ok(Math.abs(leastAllowed(objectives, statuses) - best) <= slack, "screening lost the best solution");
        }
        assert.ok(candidates.length <= branchingWidth);
      });
      return solved;
    },
  }, { gapTolerance: 0, nodeLimit: Infinity, branchingWidth, run: startRun({}) });
  assert.ok(Math.abs(incumbent - optimum) <= slack, `found ${incumbent}, best ${optimum}`);
  assert.ok(outcome.lowerBound <= optimum + slack && outcome.lowerBound >= optimum - 1e-8 * (1 + Math.abs(optimum)));
  return { ...outcome, incumbent, fixed };
}

describe("branchAndBound", () => {
  it("branches on where relaxations have no bound", async () => {
    const none = { complete: true, fixings: [], start: undefined };
    const tree = {
      batch: 2,
      incumbent: () => 1,
      relax: (requests: readonly NodeRequest<undefined>[]) =>
        Promise.resolve(requests.map(({ writeStatuses }) => {
          const statuses = new Uint8Array(3);
          writeStatuses(statuses);
          const candidates = [0, 1, 2].filter((variable) => statuses[variable] === nodeStatus.free);
          return { ...none, bound: candidates.length === 0 ? 1 : -Infinity, candidates };
        })),
    };
    const options = { gapTolerance: 0, nodeLimit: 1000, branchingWidth: 3, run: startRun({}) };
    const { status, lowerBound } = await branchAndBound(tree, options);
    assert.ok(status === "converged" && lowerBound === 1);
  });

  it("bounds every regression node from below on 200 instances, and screening loses nothing", async () => {
    const random = createRandom(17);
    let fixed = 0, nodeCount = 0;
    for (let instance = 0; instance < 200; instance++) {
      const features = 1 + instance % 12, samples = 3 + random.integer(20);
      const X = correlated(samples, features, 0.9 * random.uniform(), random), y = respond(X, 1, random);
      const lambda0 = 0.05 + 3 * random.uniform(), lambda2 = 0.02 + random.uniform();
      const bigM = instance % 2 ? Infinity : 0.2 + random.uniform();
      const objectives = subsetObjectives(X, y, lambda0, lambda2, bigM);
      const session = await openRegression(
        X,
        y,
        resolveOptions(sparseRegressionPathOptions, {
          ...unscaled,
          lambda2,
          bigM,
          threads: 1,
        }, "the test"),
      );
      const penalty = l0Penalty(lambda0, lambda2, bigM), branchingWidth = 1 + instance % 3;
      const options = { gapTolerance: 0, nodeLimit: Infinity, branchingWidth, run: startRun({}) };
      const nodes = session.problem.openNodes(penalty, options);
      try {
        const empty = { objective: objectives[0], start: { variables: [], values: [] } };
        const outcome = await searchObserved(nodes, objectives, empty, features, branchingWidth);
        fixed += outcome.fixed;
        nodeCount += outcome.nodes;
      } finally {
        nodes.release();
        session.close();
      }
    }
    assert.ok(fixed > 100 && nodeCount > 1000, `${fixed} fixings in ${nodeCount} nodes`);
  });

  it("bounds every graph node from below on 200 instances of up to 6 vertices, and screening loses nothing", async () => {
    const random = createRandom(18);
    let fixed = 0;
    for (let instance = 0; instance < 200; instance++) {
      const size = instance % 50 === 0 ? 6 : instance % 10 === 0 ? 5 : 1 + instance % 4;
      const samples = correlated(8 + random.integer(30), size, 0.9 * random.uniform(), random);
      const lambda0 = 0.02 + 0.5 * random.uniform(), lambda2 = 0.02 + 0.5 * random.uniform();
      const bigM = instance % 2 ? Infinity : 0.1 + random.uniform();
      const objectives = supportObjectives(covariance(samples), lambda0, lambda2, bigM);
      const session = await openGraph(
        samples,
        resolveOptions(sparsePrecisionPathOptions, { lambda2, bigM, evaluation: "products", threads: 1 }, "the test"),
      );
      const penalty = l0Penalty(lambda0, lambda2, bigM), branchingWidth = 1 + instance % 3;
      const options = { gapTolerance: 0, nodeLimit: Infinity, branchingWidth, run: startRun({}) };
      const nodes = session.problem.openNodes!(penalty, options);
      try {
        const extra = session.problem.variances.map((variance) => 1 / variance);
        const empty = { objective: objectives[0], start: { variables: [], values: [], extra } };
        const outcome = await searchObserved(nodes, objectives, empty, size * (size - 1) / 2, branchingWidth);
        fixed += outcome.fixed;
      } finally {
        nodes.release();
        session.close();
      }
    }
    assert.ok(fixed > 100, `${fixed} fixings`);
  });

  it("finds the same optimum one node at a time, as graphs do that are too large for batches", async () => {
    const random = createRandom(21);
    for (let instance = 0; instance < 10; instance++) {
      const samples = correlated(30, 5, 0.9 * random.uniform(), random), branchingWidth = 1 + instance % 3;
      const lambda0 = 0.02 + 0.3 * random.uniform(), lambda2 = 0.05 + 0.3 * random.uniform();
      const objectives = supportObjectives(covariance(samples), lambda0, lambda2, Infinity);
      const optimum = objectives.reduce((least, value) => Math.min(least, value), Infinity);
      const fit = await sparsePrecision(samples, {
        lambda0,
        lambda2,
        branchingWidth,
        method: "exact",
        gapTolerance: 1e-8,
        evaluation: "neighbours",
      });
      assert.ok(fit.status === "converged" && Math.abs(fit.objective - optimum) <= 1e-9);
      assert.ok(fit.lowerBound! <= optimum + 1e-9 && fit.gap! <= 1e-8);
    }
  });

  it("gives the same answer, bound and nodes on any number of threads", async () => {
    const { threads } = await capabilities();
    const random = createRandom(19);
    const samples = correlated(200, 14, 0.5, random), X = correlated(60, 40, 0.7, random), y = respond(X, 2, random);
    const solve = async (count: number) => {
      const options = { method: "exact", nodeLimit: 400, threads: count, gapTolerance: 0 } as const;
      const where = { backend: threads && count > 1 ? "threads" : "auto" } as const;
      const graph = await sparsePrecision(samples, { lambda0: 0.05, lambda2: 0.05, ...options, ...where });
      const fit = await sparseRegression(X, y, { lambda0: 3, lambda2: 0.2, bigM: 2, ...options, ...where });
      return {
        graph: [graph.objective, graph.lowerBound, graph.nodes, graph.status, ...graph.precision.data],
        fit: [fit.objective, fit.lowerBound, fit.nodes, fit.status, ...fit.coefficients],
      };
    };
    const alone = await solve(1);
    for (const count of [2, 3, 8]) assert.deepEqual(await solve(count), alone);
  });

  it("tells bound and incumbent as it goes, and they only close in", async () => {
    const random = createRandom(20);
    const X = correlated(30, 10, 0.8, random), y = respond(X, 1.5, random);
    const objectives = subsetObjectives(X, y, 0.8, 0.05, Infinity);
    const optimum = objectives.reduce((least, value) => Math.min(least, value), Infinity);
    const seen: { objective: number; bound: number }[] = [];
    await sparseRegression(X, y, {
      ...unscaled,
      lambda0: 0.8,
      lambda2: 0.05,
      method: "exact",
      gapTolerance: 0,
      onProgress: ({ stage, objective, bound }) => {
        if (stage === "branch and bound") seen.push({ objective: objective!, bound: bound! });
      },
    });
    assert.ok(seen.length > 0);
    seen.forEach(({ objective, bound }, i) => {
      assert.ok(bound <= optimum + 1e-9 && optimum <= objective + 1e-9);
      if (i > 0) assert.ok(bound >= seen[i - 1].bound && objective <= seen[i - 1].objective);
    });
  });
});
