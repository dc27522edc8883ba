import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createApp } from "../../server/mod.ts";

const app = createApp();

function post(path: string, body: unknown): Promise<Response> {
  const headers = { "content-type": "application/json" };
  return app.fetch(new Request(`http://localhost${path}`, { method: "POST", headers, body: JSON.stringify(body) }));
}

const samples = { shape: [6, 3], data: [2, 2, 1, -2, -2, 1, 1, 1, -1, -1, -1, -1, 3, 2, 0, -3, -2, 0] };

describe("the service, in short", () => {
  it("quantises a layer", async () => {
    const response = await post("/v1/quantize-layer", {
      weights: { shape: [1, 2], data: [0.3, -0.7] },
      gram: { shape: [2, 2], data: [2, 1, 1, 2] },
      options: { bits: 3 },
    });
    assert.equal(response.status, 200);
    const { objective, shape } = await response.json();
    assert.ok(objective >= 0);
    assert.deepEqual(shape, [1, 2]);
  });

  it("finds the feature of a regression and the edge of a graph", async () => {
    const regression = await post("/v1/sparse-regression", {
      X: samples,
      y: [4, -4, 2, -2, 6, -6],
      options: { lambda0: 0.5, lambda2: 0.001 },
    });
    assert.deepEqual([regression.status, (await regression.json()).support.shape], [200, [1]]);
    const graph = await post("/v1/sparse-precision", { samples, options: { lambda0: 0.3, lambda2: 0.1 } });
    assert.deepEqual([graph.status, (await graph.json()).edgeCount], [200, 1]);
  });

  it("names what is wrong, describes itself, and says that it lives", async () => {
    const wrong = await post("/v1/quantize-layer", { weights: samples, gram: samples });
    assert.deepEqual([wrong.status, (await wrong.json()).argument], [422, "gram"]);
    const get = async (path: string) => await (await app.fetch(new Request(`http://localhost${path}`))).json();
    assert.deepEqual(await get("/healthz"), { status: "ok" });
    assert.ok("/v1/quantize-layer" in (await get("/openapi.json")).paths);
  });
});
