import assert from "node:assert/strict";
import { describe, it } from "node:test";
import type { Capabilities } from "../../../kernels/engine/capabilities.ts";
import { planWork } from "../../../kernels/engine/plan.ts";
import { graphWork } from "../../../solvers/graph/work.ts";
import { regressionWork } from "../../../solvers/regression/work.ts";

const desktop: Capabilities = {
  runtime: "deno",
  runtimeVersion: "2",
  simd: true,
  relaxedSimd: "fused",
  sharedMemory: true,
  threads: 8,
  webgpu: false,
  webgpuReason: "no adapter",
  build: "relaxed",
};

const threadsFor = (flops: number) => planWork({ families: [], dtype: "f64", flops }, desktop).threads;
const methods = ["coordinate-descent", "local-search", "exact"] as const;

describe("regressionWork", () => {
  it("keeps a demonstration of 20 features on one thread, whatever the method, its path and its folds", () => {
    for (const method of methods) {
      const work = { samples: 200, features: 20, method, nodeLimit: Infinity };
      assert.equal(threadsFor(regressionWork(work)), 1);
      if (method !== "exact") assert.equal(threadsFor(regressionWork({ ...work, points: 20, paths: 6 })), 1);
    }
  });

  it("gives threads to an exact solve that may take a minute, and none where the limit of nodes makes it short", () => {
    const work = { samples: 500, features: 200, method: "exact" } as const;
    assert.equal(threadsFor(regressionWork({ ...work, nodeLimit: Infinity })), 8);
    assert.equal(threadsFor(regressionWork({ ...work, nodeLimit: 10 })), 1);
  });

  it("never falls as the problem, its points, its folds or its limit grow", () => {
    for (const method of methods) {
      const work = { samples: 100, features: 50, method, nodeLimit: 100, points: 3, paths: 2 };
      for (const name of ["samples", "features", "nodeLimit", "points", "paths"] as const) {
        let before = 0;
        for (let size = 1; size < 1e5; size *= 2) {
          const now = regressionWork({ ...work, [name]: size });
          assert.ok(Number.isFinite(now) && now >= before, `${name} ${size}: ${now} after ${before}`);
          before = now;
        }
      }
    }
  });

  it("is more for each better method", () => {
    const [descent, search, exact] = methods.map((method) =>
      regressionWork({ samples: 100, features: 50, method, nodeLimit: Infinity })
    );
    assert.ok(descent < search && search < exact);
  });
});

describe("graphWork", () => {
  const usual = { descents: 12, nodeLimit: Infinity };

  it("keeps a demonstration of 20 variables on one thread", () => {
    for (const method of ["approximate", "exact"] as const) {
      assert.equal(threadsFor(graphWork({ ...usual, samples: 200, vertices: 20, method })), 1);
    }
    const path = { samples: 200, vertices: 20, method: "approximate", nodeLimit: Infinity, descents: 0 } as const;
    assert.equal(threadsFor(graphWork({ ...path, points: 500 })), 1);
  });

  it("gives threads to an exact solve that may take a minute, and none where the limit of nodes makes it short", () => {
    const work = { ...usual, samples: 400, vertices: 50, method: "exact" } as const;
    assert.equal(threadsFor(graphWork(work)), 8);
    assert.equal(threadsFor(graphWork({ ...work, nodeLimit: 10 })), 1);
  });

  it("never falls as the problem, its points, its descents or its limit grow", () => {
    for (const method of ["approximate", "exact"] as const) {
      const work = { samples: 100, vertices: 50, method, nodeLimit: 100, points: 3, descents: 2 };
      for (const name of ["samples", "vertices", "nodeLimit", "points", "descents"] as const) {
        let before = 0;
        for (let size = 1; size < 1e5; size *= 2) {
          const now = graphWork({ ...work, [name]: size });
          assert.ok(Number.isFinite(now) && now >= before, `${name} ${size}: ${now} after ${before}`);
          before = now;
        }
      }
    }
  });
});
