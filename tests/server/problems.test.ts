import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createApp } from "../../server/mod.ts";
import { toProblem } from "../../server/problem.ts";
import { serializeSafetensors } from "../../formats/safetensors.ts";
import { matrix } from "../../mod.ts";
import { asNumbers, jsonBody, layer, request, safetensors } from "./requests.ts";

const app = createApp();
const weights = asNumbers(layer.weights), gram = asNumbers(layer.gram);
const text = (change: object) => JSON.stringify({ weights, gram, ...change });
const binary = (tensors: Parameters<typeof serializeSafetensors>[0], metadata = {}) =>
  request(serializeSafetensors(tensors, metadata), { "content-type": safetensors });

/** What is asked, the status, and the argument that the problem names. */
const cases: readonly [what: string, ask: () => Request, status: number, argument?: string][] = [
  ["JSON that breaks off", () => request('{"weights":'), 400],
  ["bytes that are not UTF-8", () => request(new Uint8Array([0xff, 0xfe])), 400],
  ["an empty body", () => request(""), 400],
  ["bytes that are not safetensors", () => request("x", { "content-type": safetensors }), 400],
  ["options in safetensors that are not JSON", () => binary(layer as never, { options: "{" }), 400],
  ["another content type", () => request("x", { "content-type": "text/csv" }), 415],
  ["a compressed body", () => request(jsonBody(), { "content-encoding": "gzip" }), 415],
  ["an answer that it cannot give", () => request(jsonBody(), { accept: "image/png, application/json;q=0" }), 406],
  ["a body that is an array", () => request("[]"), 422, "body"],
  ["an unknown argument", () => request(text({ wieghts: 1 })), 422, "wieghts"],
  ["a missing argument", () => request(JSON.stringify({ weights })), 422, "gram"],
  ["an unknown option", () => request(text({ options: { bit: 3 } })), 422, "bit"],
  [
    "an option named __proto__",
    () => request(text({ options: { name: 1 } }).replace('"name"', '"__proto__"')),
    422,
    "__proto__",
  ],
  ["an option outside its choices", () => request(text({ options: { bits: 5 } })), 422, "bits"],
  ["an option below its range", () => request(text({ options: { iterations: 0 } })), 422, "iterations"],
  ["a number as text", () => request(text({ options: { damping: "1" } })), 422, "damping"],
  ["a nested unknown option", () => request(text({ options: { outliers: { share: 1 } } })), 422, "outliers.share"],
  ["a nested option missing", () => request(text({ options: { outliers: {} } })), 422, "outliers.fraction"],
  [
    "a combination that the library refuses",
    () => request(text({ options: { method: "rtn", outliers: { fraction: 0.1 } } })),
    422,
    "outliers",
  ],
  ["a matrix without shape", () => request(text({ gram: { data: [1] } })), 422, "gram.shape"],
  ["a matrix of the wrong length", () => request(text({ gram: { shape: [2, 2], data: [1] } })), 422, "gram"],
  ["a matrix that holds text", () => request(text({ gram: { shape: [1, 1], data: ["1"] } })), 422, "gram.data[0]"],
  ["a matrix with an unknown field", () => request(text({ gram: { ...gram, order: "F" } })), 422, "gram"],
  ["base64 without dtype", () => request(text({ gram: { shape: [1, 1], base64: "AAAAAA==" } })), 422, "gram.dtype"],
  [
    "text that is not base64",
    () => request(text({ gram: { shape: [1, 1], dtype: "f32", base64: "?" } })),
    422,
    "gram.base64",
  ],
  [
    "base64 of half a number",
    () => request(text({ gram: { shape: [1, 1], dtype: "f64", base64: "AAAAAA==" } })),
    422,
    "gram.base64",
  ],
  [
    "a layer beyond the range of numbers",
    () => request(JSON.stringify({ weights: [[1e308, -1e308]], gram: [[1e308, 0], [0, 1e308]] })),
    422,
    "weights",
  ],
  [
    "a Gram matrix of numbers that have lost their digits",
    () => request(JSON.stringify({ weights: [[1, 2, 3]], gram: [[5e-324, 0, 0], [0, 5e-324, 0], [0, 0, 5e-324]] })),
    422,
    "gram",
  ],
  ["shapes that do not fit", () => request(text({ gram: asNumbers(matrix(2, 2)) })), 422, "gram"],
  [
    "an indefinite Gram matrix",
    () => request(text({ weights: asNumbers(matrix(1, 1)), gram: { shape: [1, 1], data: [-1] } })),
    422,
    "gram",
  ],
  [
    "an infinity",
    () => binary({ weights: matrix(1, 1, new Float64Array([Infinity])), gram: matrix(1, 1) }),
    422,
    "weights",
  ],
  [
    "a tensor of rank 1",
    () => binary({ weights: { shape: [4], data: new Float32Array(4) }, gram: matrix(4, 4) }),
    422,
    "weights",
  ],
  ["an unknown tensor", () => binary({ ...layer, bias: matrix(1, 1) }), 422, "bias"],
  ["a missing tensor", () => binary({ weights: layer.weights }), 422, "gram"],
  ["an unknown path", () => new Request("http://localhost/v1/nothing"), 404],
];

describe("problems", () => {
  for (const [what, ask, status, argument] of cases) {
    it(`${status} for ${what}`, async () => {
      const response = await app.fetch(ask());
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      const problem = await response.json();
      assert.equal(response.status, status, problem.detail);
      assert.equal(problem.status, status);
      assert.equal(problem.argument, argument, problem.detail);
      assert.match(problem.title, /^[A-Z]/);
      assert.match(problem.detail, /\.$/);
    });
  }

  it("422 or 413 for few bytes that ask for gigabytes, with the most in the schema", async () => {
    const post = (path: string, body: object) =>
      app.fetch(
        new Request(`http://localhost${path}`, {
          method: "POST",
          headers: { "content-type": "application/json" },
          body: JSON.stringify(body),
        }),
      );
    const observed = { shape: [2 ** 31, 2 ** 31], rows: [0], columns: [0], values: [1] };
    const X = { format: "csr", shape: [3, 4e9], indptr: [0, 1, 2, 3], indices: [0, 1, 2], data: [1, 2, 3] };
    for (
      const [path, body, argument] of [
        ["/v1/complete-matrix", { observed }, "observed.shape"],
        ["/v1/complete-quantized", { levels: observed, options: { lambda: 1 } }, "levels.shape"],
        ["/v1/sparse-regression", { X, y: [1, 2, 3], options: { size: 1 } }, "X.shape"],
        ["/v1/nmf", { X, options: { rank: 1 } }, "X.shape"],
      ] as const
    ) {
      const response = await post(path, body);
      assert.deepEqual([response.status, (await response.json()).argument], [422, argument], path);
    }
    assert.equal(
      toProblem(new RangeError("Array buffer allocation failed"), new AbortController().signal, () => {}).document
        .status,
      413,
    );
  });

  it("405 names the methods that a path takes", async () => {
    const response = await app.fetch(new Request("http://localhost/v1/quantize-layer"));
    assert.equal(response.status, 405);
    assert.equal(response.headers.get("allow"), "POST");
    assert.equal((await app.fetch(new Request("http://localhost/healthz", { method: "DELETE" }))).status, 405);
  });

  it("500 tells nothing of the failure, which is reported", async () => {
    const failures: unknown[] = [];
    const failing = createApp({ onFailure: (error) => failures.push(error) });
    const broken = request(jsonBody());
    Object.defineProperty(broken, "headers", { get: () => assert.fail("secret") });
    const response = await failing.fetch(broken);
    assert.equal(response.status, 500);
    assert.doesNotMatch(await response.text(), /secret/);
    assert.equal(failures.length, 1);
  });

  it("an error of the solver ends a stream of events", async () => {
    const response = await app.fetch(
      request(text({ gram: asNumbers(matrix(2, 2)) }), { accept: "text/event-stream" }),
    );
    assert.match(await response.text(), /event: problem\ndata: .*"argument":"gram"/);
  });
});
