import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openWorkspace } from "../../../kernels/engine/mod.ts";
import { families } from "../../../kernels/families/mod.ts";
import { type Matrix, matrix, memoryUsage, sparsePrecision } from "../../../mod.ts";
import { l0Penalty } from "../../../solvers/l0/penalty.ts";
import { nodeStatus } from "../../../solvers/l0/search.ts";
import { columnMoments } from "../../../solvers/core/columns.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { type Run, startRun } from "../../../solvers/core/run.ts";
import type { GraphEvaluation } from "../../../solvers/graph/options.ts";
import { boundOfVariances } from "../../../solvers/graph/dual_bound.ts";
import { createEdgeRules } from "../../../solvers/graph/edge_rules.ts";
import { createProblem } from "../../../solvers/graph/problem.ts";
import { edgeNumber, emptyGraph, endsOfEdge } from "../../../solvers/graph/pseudolikelihood.ts";
import { createGraphRelaxation, type RelaxationLimits, usualLimits } from "../../../solvers/graph/relaxation.ts";
import { createLargest } from "../../../solvers/graph/largest_edges.ts";
import { covariance, supportObjectives } from "./best_graph.ts";
import { chain } from "./data.ts";

const evaluations: readonly GraphEvaluation[] = ["products", "neighbours", "residuals"];

/** From one sweep a call and one edge a round to no limit at all. */
const limits: readonly RelaxationLimits[] = [
  { workPerCall: 0, workPerSweep: 0, joining: 0 },
  { workPerCall: 100, workPerSweep: 200, joining: 0.1 },
  { workPerCall: 1e3, workPerSweep: 2e3, joining: 0.5 },
  { workPerCall: Infinity, workPerSweep: Infinity, joining: 0.1 },
  usualLimits,
];

/** A run whose time is up at a checkpoint. */
function runUntil(checkpoint: number): Run {
  let passed = 0;
  return { elapsedMs: () => passed, checkpoint: () => Promise.resolve(passed++ >= checkpoint) };
}

interface Relaxing {
  readonly samples: Matrix;
  readonly penalty: readonly [lambda0: number, lambda2: number, bigM: number];
  readonly evaluation: GraphEvaluation;
  readonly limits: RelaxationLimits;
  readonly statuses?: Uint8Array;
  readonly upperBound?: number;
  readonly run?: Run;
}

/** The relaxation of one node, from the empty graph. */
async function relaxed(
  { samples, penalty, evaluation, limits, statuses, upperBound = Infinity, run = runUntil(Infinity) }: Relaxing,
) {
  const workspace = await openWorkspace({ families, backend: "auto", threads: 1, dtype: "f64", flops: 0 });
  try {
    const problem = await createProblem(
      workspace,
      samples,
      {
        center: true,
        standardize: false,
        evaluation,
        rules: createEdgeRules([], [], 0),
        lambda2: 0.1,
        mayStayEmpty: false,
      },
      startRun({}),
    );
    const relax = createGraphRelaxation(problem, l0Penalty(...penalty), { run, branchingWidth: 1 }, limits);
    const { vertices } = problem;
    const start = { edges: [], values: [], diagonal: emptyGraph(problem).diagonal };
    return await relax(statuses ?? new Uint8Array(vertices * (vertices - 1) / 2), start, upperBound);
  } finally {
    workspace.release();
  }
}

describe("the relaxation of a large graph", () => {
  it("is never above the best graph of its node, however little is done at a time", async () => {
    const random = createRandom(5);
    for (let instance = 0; instance < 60; instance++) {
      const size = 3 + instance % 3, count = size * (size - 1) / 2;
      const samples = chain(3 + random.integer(30), size, 1.5 * random.uniform(), random.normal);
      const bigM = instance % 2 ? Infinity : 0.1 + random.uniform();
      const penalty = [0.02 + 0.5 * random.uniform(), 0.02 + 0.5 * random.uniform(), bigM] as const;
      // The root, and nodes where every edge is free, kept or zero by chance.
      const statuses = Uint8Array.from({ length: count }, () => instance % 3 ? random.integer(3) : nodeStatus.free);
      const ofNode = (graph: number) =>
        statuses.every((status, e) =>
          status === nodeStatus.free || (graph >> e & 1) === Number(status === nodeStatus.kept)
        );
      const objectives = supportObjectives(covariance(samples), ...penalty);
      const best = objectives.reduce((least, value, graph) => ofNode(graph) ? Math.min(least, value) : least, Infinity);
      for (const evaluation of evaluations) {
        for (const limit of limits) {
          const { bound, complete } = await relaxed({ samples, penalty, evaluation, limits: limit, statuses });
          const what = `instance ${instance}, ${evaluation}, ${limit.workPerCall}`;
          assert.ok(Number.isFinite(bound) && bound <= best + 1e-9, `${what}: ${bound}, best ${best}`);
          if (limit === usualLimits) assert.ok(complete, what);
        }
      }
    }
  });

  it("has the same bound when edges join a few at a time, under a stronger penalty", async () => {
    const samples = chain(25, 40, 0.7, createRandom(9).normal);
    for (const bigM of [Infinity, 0.5]) {
      for (const evaluation of evaluations) {
        const of = (joining: number) =>
          relaxed({
            samples,
            penalty: [0.05, 0.1, bigM],
            evaluation,
            upperBound: 60,
            limits: { workPerCall: Infinity, workPerSweep: Infinity, joining },
          });
        const whole = await of(40), slow = await of(0.1);
        assert.ok(whole.complete && slow.complete && whole.edges.length > 100);
        // Either leaves at most a hundredth of what is open.
        const open = 60 - Math.min(whole.bound, slow.bound);
        assert.ok(Math.abs(whole.bound - slow.bound) <= 0.011 * open, `${whole.bound}, ${slow.bound}`);
      }
    }
  });

  it("keeps the best bound when time is up, and has one when there is no time", async () => {
    const samples = chain(25, 30, 0.7, createRandom(3).normal);
    const options = { samples, penalty: [0.05, 0.1, 1], evaluation: "neighbours", upperBound: 40 } as const;
    const limits = { workPerCall: 1e5, workPerSweep: 2e5, joining: 0.5 };
    const whole = await relaxed({ ...options, limits });
    let least = -Infinity, ended = 0;
    for (let checkpoint = 0;; checkpoint++) {
      const { bound, complete } = await relaxed({ ...options, limits, run: runUntil(checkpoint) });
      assert.ok(Number.isFinite(bound) && bound >= least && bound <= whole.bound, `${checkpoint}: ${bound}`);
      least = bound;
      if (complete) break;
      ended++;
    }
    assert.ok(ended > 10 && least === whole.bound);
  });

  it("stops where its edges would be too many, with a bound between nothing and the whole", async () => {
    const samples = chain(25, 30, 0.7, createRandom(3).normal);
    const options = { samples, penalty: [0.05, 0.1, 1], evaluation: "residuals", upperBound: 40 } as const;
    const none = await relaxed({ ...options, limits: usualLimits, run: runUntil(0) });
    const some = await relaxed({
      ...options,
      limits: { workPerCall: 2 * 25 * 60, workPerSweep: 4 * 25 * 60, joining: 1 },
    });
    const whole = await relaxed({ ...options, limits: usualLimits });
    assert.ok(!some.complete && some.edges.length <= 60 && whole.edges.length > 60);
    assert.ok(none.bound < some.bound && some.bound < whole.bound, `${none.bound}, ${some.bound}, ${whole.bound}`);
  });

  it("leaves nothing behind when it is aborted", async () => {
    const samples = chain(30, 300, 0.7, createRandom(2).normal);
    const before = memoryUsage().used;
    for (const evaluation of evaluations) {
      const controller = new AbortController();
      let seen = 0;
      await assert.rejects(
        sparsePrecision(samples, {
          lambda0: 0.05,
          lambda2: 0.1,
          method: "exact",
          nodeLimit: 1,
          perturbations: 0,
          evaluation,
          signal: controller.signal,
          onProgress({ stage }) {
            if (stage === "relaxation" && ++seen === 3) controller.abort("enough");
          },
        }),
        (reason) => reason === "enough",
      );
      assert.equal(memoryUsage().used, before);
    }
  });
});

describe("boundOfVariances", () => {
  it("is never above the best graph, also where variables are equal or differ in scale, and close to it where edges are dear", () => {
    const random = createRandom(11);
    for (let instance = 0; instance < 200; instance++) {
      const size = 2 + instance % 3, samples = chain(3 + random.integer(20), size, 3 * random.uniform(), random.normal);
      if (instance % 4 === 1) {
        for (let at = 0; at < samples.data.length; at += size) samples.data[at + 1] = samples.data[at];
      }
      if (instance % 4 === 2) { for (let at = 0; at < samples.data.length; at += size) samples.data[at] *= 100; }
      const S = covariance(samples), variances = Float64Array.from(S, (row, i) => row[i]);
      const lambda2 = instance % 5 === 0 ? 0 : 10 ** (2 * random.uniform() - 1);
      const bigM = lambda2 === 0 || instance % 2 ? 2 * random.uniform() : Infinity;
      const lambda0 = instance % 7 === 0 ? 0 : 10 ** (2 * random.uniform() - 1);
      const best = Math.min(...supportObjectives(S, lambda0, lambda2, bigM));
      const bound = boundOfVariances(variances, l0Penalty(lambda0, lambda2, bigM));
      assert.ok(Number.isFinite(bound) && bound <= best + 1e-9, `instance ${instance}: ${bound}, best ${best}`);
      const dear = boundOfVariances(variances, l0Penalty(1e6, 1e6 * Math.max(...variances) ** 2, Infinity));
      const empty = variances.reduce((sum, variance) => sum + 1 + Math.log(variance), 0);
      assert.ok(dear <= empty && dear >= empty - 1e-4, `instance ${instance}: ${dear}, empty ${empty}`);
    }
  });

  it("is what exact answers with, beside the empty graph, where the time is up before the data are ready", async () => {
    const count = 1200, vertices = 1000, { normal } = createRandom(12);
    const samples = matrix(count, vertices, Float64Array.from({ length: count * vertices }, normal));
    const objective = columnMoments(samples, true).variances.reduce((sum, variance) => sum + 1 + Math.log(variance), 0);
    for (const evaluation of ["auto", ...evaluations] as const) {
      for (const required of [[], [[0, 1]]] as const) {
        let summed = 0;
        const fit = await sparsePrecision(samples, {
          lambda0: 0.1,
          lambda2: 0.1,
          method: "exact",
          nodeLimit: 1,
          perturbations: 0,
          evaluation,
          required,
          timeLimitMs: 0,
          onProgress: ({ stage, fraction }) => void (summed = stage === "Gram matrix" ? fraction : summed),
        });
        const what = `${evaluation}, ${required.length} required: `;
        assert.equal(fit.status, "time-limit");
        assert.equal(fit.edgeCount, required.length);
        assert.equal(summed, 0, `${what}${summed} of the Gram matrix`);
        assert.ok(required.length || Math.abs(fit.objective / objective - 1) < 1e-12, `${what}${fit.objective}`);
        assert.ok(Number.isFinite(fit.lowerBound) && fit.lowerBound! < fit.objective && fit.normalizedGap! > 0.9, what);
      }
    }
  });
});

describe("createLargest", () => {
  it("keeps those of largest derivative, the first of equal ones, in their order", () => {
    const random = createRandom(4);
    for (const [count, most] of [[0, 1], [1, 1], [5, 9], [100, 1], [3000, 7], [5000, 1200]]) {
      const gradient = Float64Array.from({ length: count }, () => Math.round(20 * random.uniform()) / 10);
      const largest = createLargest(most, 0.5);
      gradient.forEach((derivative, edge) => largest.add(edge, derivative));
      const expected = Array.from(gradient.keys())
        .filter((edge) => gradient[edge] > 0.5)
        .sort((a, b) => gradient[b] - gradient[a] || a - b)
        .slice(0, most);
      const { entering, limit } = largest.finish();
      assert.deepEqual([...entering], expected.toSorted((a, b) => a - b));
      assert.ok(expected.every((edge) => gradient[edge] >= limit));
    }
  });
});

describe("endsOfEdge", () => {
  it("undoes edgeNumber, also where numbers of edges are large", () => {
    for (const vertices of [2, 3, 7, 60]) {
      for (let edge = 0; edge < vertices * (vertices - 1) / 2; edge++) {
        const [i, j] = endsOfEdge(edge, vertices);
        assert.ok(i < j && j < vertices && edgeNumber(i, j, vertices) === edge);
      }
    }
    const vertices = 60_000;
    for (const i of [0, 1, 2, 29_999, 59_990, 59_998]) {
      for (const j of [i + 1, 59_999]) assert.deepEqual(endsOfEdge(edgeNumber(i, j, vertices), vertices), [i, j]);
    }
  });
});
