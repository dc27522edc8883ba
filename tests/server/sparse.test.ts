import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { parseSafetensors, serializeSafetensors, type TensorInput } from "../../mod.ts";
import { matrix, type SparseMatrix, sparsePrecision, sparseRegression } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { encodeBase64 } from "../../server/base64.ts";
import { createApp } from "../../server/mod.ts";
import { asBase64, asNumbers, events, json, parseEvents, safetensors, typedArray } from "./requests.ts";

const app = createApp();
const random = createRandom(11);
const rows = 40, columns = 6;
const X = matrix(rows, columns);
for (let i = 0; i < rows; i++) {
  for (let j = 0; j < columns; j++) {
    X.data[i * columns + j] = random.normal() + (j > 0 ? 0.6 * X.data[i * columns + j - 1] : 0);
  }
}
const y = Float64Array.from({ length: rows }, (_, i) => 3 * X.data[i * columns + 1] + 0.1 * random.normal());

/** The inverse covariance of two variables that depend on each other, among six. */
const initial: SparseMatrix = {
  format: "csr",
  shape: [columns, columns],
  indptr: new Uint32Array([0, 2, 4, 5, 6, 7, 8]),
  indices: new Uint32Array([0, 1, 0, 1, 2, 3, 4, 5]),
  data: new Float64Array([1, -0.5, -0.5, 1, 1, 1, 1, 1]),
};
const bytes = (data: ArrayBufferView) => encodeBase64(new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
const plain = ({ indptr, indices, data, ...rest }: SparseMatrix) => ({
  ...rest,
  indptr: [...indptr],
  indices: [...indices],
  data: [...data],
});

/** A request in each form that a body can have. */
type Bodies = { readonly [kind: string]: { readonly type: string; readonly body: BodyInit } };

const regressionOptions = { lambda0: 2, lambda2: 0.1, method: "exact", intercept: true } as const;
const regression: Bodies = {
  numbers: { type: json, body: JSON.stringify({ X: asNumbers(X), y: [...y], options: regressionOptions }) },
  base64: {
    type: json,
    body: JSON.stringify({
      X: asBase64(X),
      y: { shape: [rows], dtype: "f64", base64: bytes(y) },
      options: regressionOptions,
    }),
  },
  "numbers with a shape": {
    type: json,
    body: JSON.stringify({ X: asNumbers(X), y: { shape: [rows, 1], data: [...y] }, options: regressionOptions }),
  },
  safetensors: {
    type: safetensors,
    body: serializeSafetensors({ X, y: { shape: [rows], data: y } }, { options: JSON.stringify(regressionOptions) }),
  },
};

const graphOptions = { lambda0: 0.05, lambda2: 0.1, method: "exact", maxIterations: 500 } as const;
const { format, shape } = initial;
const parts: Record<string, TensorInput> = Object.fromEntries(
  (["indptr", "indices", "data"] as const).map((
    part,
  ) => [`initial.${part}`, { shape: [initial[part].length], data: initial[part] }]),
);
const withInitial = (given: unknown) =>
  JSON.stringify({ samples: asNumbers(X), options: { ...graphOptions, initial: given } });
const graph: Bodies = {
  numbers: { type: json, body: withInitial(plain(initial)) },
  base64: {
    type: json,
    body: withInitial({
      format,
      shape,
      indptr: { dtype: "u32", shape: [7], base64: bytes(initial.indptr) },
      indices: { dtype: "u32", base64: bytes(initial.indices) },
      data: { dtype: "f64", shape: [8], base64: bytes(initial.data) },
    }),
  },
  safetensors: {
    type: safetensors,
    body: serializeSafetensors(
      { samples: X, ...parts },
      { options: JSON.stringify({ ...graphOptions, initial: { format, shape } }) },
    ),
  },
  "safetensors with signed indices": {
    type: safetensors,
    body: serializeSafetensors(
      { samples: X, ...parts, "initial.indices": { shape: [8], data: Int32Array.from(initial.indices) } },
      { options: JSON.stringify({ ...graphOptions, initial: { format, shape } }) },
    ),
  },
};

function post(path: string, body: BodyInit, type: string, accept = json): Promise<Response> {
  return app.fetch(
    new Request(`http://localhost${path}`, { method: "POST", headers: { "content-type": type, accept }, body }),
  );
}

/** An answer with typed arrays in their places, whatever form it came in. */
async function read(response: Response): Promise<Record<string, unknown>> {
  const type = response.headers.get("content-type");
  if (type === safetensors) {
    const { tensors, metadata } = parseSafetensors(await response.arrayBuffer());
    const result = JSON.parse(metadata.result);
    for (const [path, { data }] of tensors) {
      const names = path.split("."), last = names.pop()!;
      names.reduce((tree, name) => tree[name], result)[last] = data;
    }
    return result;
  }
  const text = await response.text();
  if (type === json) return JSON.parse(text, revive);
  const last = parseEvents(text).at(-1)!;
  assert.equal(last.event, "result", last.data);
  return JSON.parse(last.data, revive);
}

function revive(_key: string, value: unknown): unknown {
  const array = (value ?? {}) as { dtype?: string; data?: number[]; base64?: string };
  return array.dtype !== undefined && (array.base64 ?? array.data) !== undefined ? typedArray(array as never) : value;
}

/** Without what differs from run to run. */
function lasting({ elapsedMs: _, ...rest }: Record<string, unknown>): Record<string, unknown> {
  return rest;
}

const routes = [
  {
    path: "/v1/sparse-regression",
    bodies: regression,
    solve: () => sparseRegression(X, y, regressionOptions) as Promise<object>,
  },
  {
    path: "/v1/sparse-precision",
    bodies: graph,
    solve: () => sparsePrecision(X, { ...graphOptions, initial }) as Promise<object>,
  },
];

for (const { path, bodies, solve } of routes) {
  describe(`POST ${path}`, () => {
    for (const [kind, { type, body }] of Object.entries(bodies)) {
      for (const accept of [json, safetensors, events]) {
        it(`answers ${kind} as ${accept} with all that the library finds`, async () => {
          const response = await post(path, body, type, accept);
          assert.equal(response.status, 200, response.ok ? "" : await response.text());
          assert.equal(response.headers.get("content-type"), accept);
          assert.deepEqual(lasting(await read(response)), lasting({ ...await solve() }));
        });
      }
    }

    it("describes its answer and its defaults in /openapi.json", async () => {
      const description = await (await app.fetch(new Request("http://localhost/openapi.json"))).json();
      const { requestBody, responses } = description.paths[path].post;
      const declared = responses[200].content[json].schema;
      assert.deepEqual(Object.keys(await solve()).filter((name) => !(name in declared.properties)), []);
      const body = requestBody.content[json].schema;
      assert.ok("lambda0" in body.properties.options.properties);

      const { type, body: text } = bodies.numbers, request = JSON.parse(text as string);
      const defaults = Object.fromEntries(
        Object.entries<{ default?: unknown }>(body.properties.options.properties)
          .flatMap(([name, schema]) => schema.default === undefined ? [] : [[name, schema.default]]),
      );
      const { lambda0, lambda2 } = request.options;
      const without = await read(await post(path, JSON.stringify({ ...request, options: { lambda0, lambda2 } }), type));
      const options = { ...defaults, lambda0, lambda2 };
      const explicit = await read(await post(path, JSON.stringify({ ...request, options }), type));
      assert.deepEqual(lasting(explicit), lasting(without));
    });
  });
}

describe("sparse matrices", () => {
  it("go back in as they came out", async () => {
    const first = await (await post("/v1/sparse-precision", graph.numbers.body, json)).json();
    const second = await read(await post("/v1/sparse-precision", withInitial(first.precision), json));
    assert.ok((second.objective as number) <= first.objective + 1e-9);
  });
});

/** `X` by rows and by columns, zeros left out. */
function compressed(format: "csr" | "csc"): SparseMatrix {
  const indptr = [0], indices: number[] = [], data: number[] = [];
  const [lines, width] = format === "csr" ? [rows, columns] : [columns, rows];
  for (let line = 0; line < lines; line++) {
    for (let at = 0; at < width; at++) {
      const value = thinned.data[format === "csr" ? line * columns + at : at * columns + line];
      if (value === 0) continue;
      indices.push(at);
      data.push(value);
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
}

const thinned = matrix(rows, columns, X.data.map((value) => Math.abs(value) < 0.5 ? 0 : value));

/** What the library has of `Y^T Y`, the centred samples over the root of their number. */
const covariance = matrix(columns, columns);
const means = Array.from({ length: columns }, (_, j) => {
  let sum = 0;
  for (let i = 0; i < rows; i++) sum += X.data[i * columns + j];
  return sum / rows;
});
for (let i = 0; i < rows; i++) {
  for (let at = 0; at < columns ** 2; at++) {
    const a = Math.floor(at / columns), b = at % columns;
    covariance.data[at] += (X.data[i * columns + a] - means[a]) * (X.data[i * columns + b] - means[b]) / rows;
  }
}

describe("sparse samples over HTTP", () => {
  const solve = async () => lasting({ ...await sparseRegression(thinned, y, regressionOptions) });

  for (const format of ["csr", "csc"] as const) {
    it(`sparse-regression takes ${format} in JSON as it takes the dense matrix`, async () => {
      const body = JSON.stringify({ X: plain(compressed(format)), y: [...y], options: regressionOptions });
      assert.deepEqual(lasting(await read(await post("/v1/sparse-regression", body, json))), await solve());
    });
  }

  it("sparse-regression takes the tensors of scipy's arrays", async () => {
    const { indptr, indices, data, shape } = compressed("csr");
    const tensors: Record<string, TensorInput> = {
      "X.indptr": { shape: [indptr.length], data: Int32Array.from(indptr) },
      "X.indices": { shape: [indices.length], data: Int32Array.from(indices) },
      "X.data": { shape: [data.length], data },
      "X.shape": { shape: [2], data: BigInt64Array.from(shape, BigInt) },
      y: { shape: [rows], data: y },
    };
    const body = (given: Record<string, TensorInput>) =>
      serializeSafetensors(given, { options: JSON.stringify(regressionOptions) });
    const answer = await post("/v1/sparse-regression", body(tensors), safetensors);
    assert.deepEqual(lasting(await read(answer)), await solve());
    const { "X.shape": _, ...without } = tensors;
    const problem = await (await post("/v1/sparse-regression", body(without), safetensors)).json();
    assert.deepEqual([problem.status, problem.argument], [422, "X.shape"]);
  });
});

describe("covariance matrices over HTTP", () => {
  const solve = async () => lasting({ ...await sparsePrecision({ covariance, sampleCount: rows }, graphOptions) });
  const ask = (body: object) => post("/v1/sparse-precision", JSON.stringify({ options: graphOptions, ...body }), json);

  it("sparse-precision takes one with its sample count, as numbers and as tensors", async () => {
    const answer = await read(await ask({ covariance: asNumbers(covariance), sampleCount: rows }));
    assert.deepEqual(lasting(answer), await solve());
    const binary = serializeSafetensors(
      { covariance, sampleCount: { shape: [1], data: new Uint32Array([rows]) } },
      { options: JSON.stringify(graphOptions) },
    );
    assert.deepEqual(lasting(await read(await post("/v1/sparse-precision", binary, safetensors))), await solve());
  });

  const given = asNumbers(covariance);
  for (
    const [what, argument, body] of [
      ["no data", "samples", {}],
      ["both kinds of data", "covariance", { samples: asNumbers(X), covariance: given, sampleCount: rows }],
      ["no sample count", "sampleCount", { covariance: given }],
      ["a sample count beside samples", "sampleCount", { samples: asNumbers(X), sampleCount: rows }],
      ["half a sample", "sampleCount", { covariance: given, sampleCount: 0.5 }],
      ["a matrix that is not square", "covariance", { covariance: asNumbers(X), sampleCount: rows }],
    ] as const
  ) {
    it(`sparse-precision names what is wrong with ${what}`, async () => {
      const problem = await (await ask(body)).json();
      assert.deepEqual([problem.status, problem.argument], [422, argument], problem.detail);
    });
  }
});

describe("problems of sparse routes", () => {
  const regress = (change: object, options: object = { lambda0: 1 }) =>
    post("/v1/sparse-regression", JSON.stringify({ X: asNumbers(X), y: [...y], options, ...change }), json);
  const precision = (options: object) =>
    post("/v1/sparse-precision", JSON.stringify({ samples: asNumbers(X), options }), json);
  const start = (change: object) => precision({ lambda0: 1, lambda2: 1, initial: { ...plain(initial), ...change } });

  const cases: readonly [what: string, argument: string, ask: () => Promise<Response>][] = [
    ["a missing price", "lambda0", () => regress({}, {})],
    ["no options at all", "lambda0", () => regress({ options: undefined })],
    ["a negative price", "lambda0", () => regress({}, { lambda0: -1 })],
    ["a bound of zero", "bigM", () => regress({}, { lambda0: 1, bigM: 0 })],
    ["a response of another length", "y", () => regress({ y: [1, 2] })],
    ["a response that holds text", "y[1]", () => regress({ y: [1, "2"] })],
    ["a response that is a matrix", "y.shape", () => regress({ y: { shape: [2, 20], data: [...y] } })],
    ["a response that is an object of its own", "y", () => regress({ y: { values: [] } })],
    ["a missing response", "y", () => regress({ y: undefined })],
    ["a base64 response without dtype", "y.dtype", () => regress({ y: { shape: [1], base64: "AAAAAAAAAAA=" } })],
    [
      "neither a price nor a size",
      "lambda0",
      () => regress({ X: asNumbers(matrix(2, 1, new Float64Array([1, 2]))), y: [1, 2] }, { lambda2: 1 }),
    ],
    ["a missing ridge", "lambda2", () => precision({ lambda0: 1 })],
    ["no ridge and no bound", "lambda2", () => precision({ lambda0: 1, lambda2: 0 })],
    ["a column without variance", "samples", () =>
      post(
        "/v1/sparse-precision",
        JSON.stringify({ samples: asNumbers(matrix(2, 1)), options: { lambda0: 1, lambda2: 1 } }),
        json,
      )],
    ["a dense start", "initial", () => precision({ lambda0: 1, lambda2: 1, initial: asNumbers(X) })],
    ["a start of another format", "initial.format", () => start({ format: "coo" })],
    ["a start without its shape", "initial.shape", () => start({ shape: [6] })],
    ["a start of another size", "initial", () => start({ shape: [5, 6] })],
    ["a negative index", "initial.indices[0]", () => start({ indices: [-1] })],
    ["an index past the end", "initial", () => start({ indices: [0, 9, 0, 1, 2, 3, 4, 5] })],
    ["indices of another type", "initial.indices.dtype", () => start({ indices: { dtype: "f32", base64: "" } })],
    ["a part that is missing", "initial.data", () => start({ data: undefined })],
    [
      "a part whose shape is wrong",
      "initial.data.shape",
      () => start({ data: { dtype: "f64", shape: [2], base64: bytes(initial.data) } }),
    ],
    ["a diagonal that is not positive", "initial", () => start({ data: [0, 0, 0, 1, 1, 1, 1, 1] })],
    ["tensors of a start without format", "initial.format", () =>
      post(
        "/v1/sparse-precision",
        serializeSafetensors({ samples: X, ...parts }, { options: JSON.stringify({ lambda0: 1, lambda2: 1 }) }),
        safetensors,
      )],
    ["a tensor that no option has", "initial.values", () =>
      post(
        "/v1/sparse-precision",
        serializeSafetensors(
          { samples: X, "initial.values": { shape: [1], data: new Float64Array(1) } },
          { options: JSON.stringify({ lambda0: 1, lambda2: 1 }) },
        ),
        safetensors,
      )],
    ["a response tensor of rank 3", "y.shape", () =>
      post(
        "/v1/sparse-regression",
        serializeSafetensors({ X, y: { shape: [rows, 1, 1], data: y } }, { options: '{"lambda0":1}' }),
        safetensors,
      )],
  ];
  for (const [what, argument, ask] of cases) {
    it(`422 naming ${argument} for ${what}`, async () => {
      const response = await ask();
      const problem = await response.json();
      assert.equal(response.headers.get("content-type"), "application/problem+json");
      assert.equal(response.status, 422, problem.detail);
      assert.equal(problem.argument, argument, problem.detail);
      assert.match(problem.detail, /\.$/);
    });
  }
});
