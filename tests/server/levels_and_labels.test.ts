import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { completeQuantized, completeViolations, fromRows, observedEntries, transduce } from "../../mod.ts";
import { createApp } from "../../server/mod.ts";
import { typedArray } from "./requests.ts";

const app = createApp();

async function ask(path: string, body: object): Promise<{ status: number; answer: Record<string, unknown> }> {
  const request = new Request(`http://localhost${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
  const response = await app.fetch(request);
  return { status: response.status, answer: await response.json() };
}

function numbers(field: unknown): number[] {
  return Array.from(typedArray(field as Parameters<typeof typedArray>[0]));
}

const rows = [[2, 2, 0], [2, null, 0], [0, 0, 2], [0, 0, null], [1, 2, 0]];
const table = fromRows(rows.map((row) => row.map((value) => value ?? NaN)));

describe("POST /v1/complete-quantized", () => {
  it("answers what the library does, from a table and from lists", async () => {
    const options = { lambda: 0.1, boundaries: [-1, 1] }, levels = observedEntries(table);
    const fit = await completeQuantized(levels, options);
    const lists = { shape: [5, 3], rows: [...levels.rows], columns: [...levels.columns], values: [...levels.values] };
    for (const given of [rows, lists]) {
      const { status, answer } = await ask("/v1/complete-quantized", { levels: given, options });
      assert.equal(status, 200, JSON.stringify(answer));
      assert.deepEqual([answer.certified, answer.rank, answer.objective], [true, fit.rank, fit.objective]);
      assert.deepEqual(numbers(answer.left), [...fit.left.data]);
      assert.deepEqual(numbers(answer.rowOffsets), [...fit.rowOffsets!]);
    }
  });

  it("names what is wrong", async () => {
    const { status, answer } = await ask("/v1/complete-quantized", { levels: [[0, 1.5]], options: { lambda: 1 } });
    assert.equal(status, 422);
    assert.match(String(answer.detail), /level 1\.5/);
  });
});

describe("whole numbers over HTTP", () => {
  const post = async (path: string, body: string) =>
    await (await app.fetch(
      new Request(`http://localhost${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body,
      }),
    )).text();

  it("are integers of JSON: ranks, iterations, shapes and labels; levels may be 2 or 2.0, never 2.5", async () => {
    const body = (two: string, three: string) =>
      `{"levels":[[${two},${two},0],[${two},null,0],[0,0,${two}],[1,2,0]],"options":{"lambda":0.1,"levelCount":${three}}}`;
    const whole = await post("/v1/complete-quantized", body("2", "3"));
    const pointed = await post("/v1/complete-quantized", body("2.0", "3.0"));
    assert.match(whole, /"rank":\d+[,}]/);
    assert.match(whole, /"iterations":\d+[,}]/);
    assert.match(whole, /"shape":\[4,\d+\]/);
    assert.equal(JSON.parse(pointed).objective, JSON.parse(whole).objective);
    assert.match(JSON.parse(await post("/v1/complete-quantized", body("2.5", "3"))).detail, /level 2\.5 at row 0/);
    assert.match(JSON.parse(await post("/v1/complete-quantized", body("2", "3.5"))).detail, /levelCount.*3\.5/);
    const labels = await post("/v1/transduce", '{"features":[[1,2],[1.1,null],[-1,-2]],"labels":[[1],[null],[-1]]}');
    assert.match(labels, /"labels":\{[^}]*"data":\[1,1,-1\]/);
    assert.match(labels, /"rank":\d+[,}]/);
  });
});

describe("POST /v1/complete-violations", () => {
  it("answers what the library does", async () => {
    const options = { boundaries: [-1, 1], holdout: 0 },
      fit = await completeViolations(observedEntries(table), options);
    const { status, answer } = await ask("/v1/complete-violations", { levels: rows, options });
    assert.equal(status, 200, JSON.stringify(answer));
    assert.deepEqual([answer.rank, answer.objective, answer.violation], [fit.rank, fit.objective, fit.violation]);
    assert.deepEqual(numbers(answer.left), [...fit.left.data]);
  });

  it("names what is wrong", async () => {
    const { status, answer } = await ask("/v1/complete-violations", { levels: rows, options: { boundaries: [0] } });
    assert.equal(status, 422);
    assert.match(String(answer.detail), /threshold/);
  });
});

describe("POST /v1/transduce", () => {
  const features = [[1, 2], [2, 4.1], [-1, -2], [-2, null], [1.5, 3], [-1.6, -3]];
  const labels = [[1], [1], [-1], [-1], [null], [null]], options = { holdout: 0, leastWidth: 0.3 };
  const asMatrix = (given: readonly (readonly (number | null)[])[]) =>
    fromRows(given.map((row) => row.map((value) => value ?? NaN)));

  it("answers what the library does, null for what is missing", async () => {
    const wanted = await transduce({ features: asMatrix(features), labels: asMatrix(labels) }, options);
    const { status, answer } = await ask("/v1/transduce", { features, labels, options });
    assert.equal(status, 200, JSON.stringify(answer));
    assert.deepEqual(numbers(answer.scores), [...wanted.scores.data]);
    assert.deepEqual(numbers(answer.labels), [...wanted.labels]);
    assert.deepEqual((answer.labels as { shape: number[] }).shape, [6, 1]);
  });

  it("names what is wrong", async () => {
    const { status, answer } = await ask("/v1/transduce", { features, labels: [[1], [2], [1], [1], [1], [1]] });
    assert.equal(status, 422);
    assert.equal(answer.argument, "labels");
  });
});
