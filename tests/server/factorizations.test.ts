import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { archetypalNmf, type Matrix, matrix, nmf, serializeSafetensors } from "../../mod.ts";
import { createApp } from "../../server/mod.ts";
import { archetypalSamples } from "../solvers/factorization/data.ts";
import { asBase64, asNumbers, json, safetensors, typedArray } from "./requests.ts";

const app = createApp(), { X: full } = archetypalSamples([12, 5, 2], 0.1);
/** Half of its entries are zeros. */
const X = { ...full, data: full.data.map((value, at) => at % 2 ? value : 0) };
const [rows, columns] = X.shape, H = matrix(2, columns, X.data.slice(0, 2 * columns)), options = { rank: 2 };

/** The entries that are not zero, by rows. */
function compressed({ data }: Matrix) {
  const indptr = [0], indices: number[] = [], values: number[] = [];
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      if (data[i * columns + j] === 0) continue;
      indices.push(j);
      values.push(data[i * columns + j]);
    }
    indptr.push(indices.length);
  }
  return { indptr, indices, data: values };
}

const post = (path: string, body: BodyInit, type = json) =>
  app.fetch(new Request(`http://localhost/v1/${path}`, { method: "POST", headers: { "content-type": type }, body }));

async function answer(path: string, body: unknown): Promise<Record<string, Parameters<typeof typedArray>[0]>> {
  const bytes = body instanceof Uint8Array;
  const response = await post(
    path,
    bytes ? body as Uint8Array<ArrayBuffer> : JSON.stringify(body),
    bytes ? safetensors : json,
  );
  assert.equal(response.status, 200, await response.clone().text());
  return await response.json();
}

const same = (part: Parameters<typeof typedArray>[0], { data }: Matrix) => assert.deepEqual(typedArray(part), data);

describe("factorisations over HTTP", () => {
  const sparse = compressed(X), shape = [rows, columns] as const;
  const csr = {
    format: "csr",
    shape,
    indptr: Uint32Array.from(sparse.indptr),
    indices: Uint32Array.from(sparse.indices),
    data: Float64Array.from(sparse.data),
  } as const;

  it("take sparse samples as JSON and as tensors", async () => {
    const tensors = serializeSafetensors(
      {
        "X.shape": { shape: [2], data: Int32Array.from(shape) },
        "X.indptr": { shape: [rows + 1], data: csr.indptr },
        "X.indices": { shape: [csr.indices.length], data: csr.indices },
        "X.data": { shape: [csr.data.length], data: csr.data },
      },
      { options: JSON.stringify(options) },
    );
    const archetypal = await archetypalNmf(csr, options), plain = await nmf(csr, options);
    for (const body of [{ X: { format: "csr", shape, ...sparse }, options }, tensors]) {
      same((await answer("archetypal-nmf", body)).archetypes, archetypal.archetypes);
      same((await answer("nmf", body)).components, plain.components);
    }
  });

  it("start from given factors", async () => {
    const start = { H }, archetypal = await archetypalNmf(X, { ...options, initial: start });
    const W = matrix(rows, 2, new Float64Array(2 * rows).fill(0.5));
    const plain = await nmf(X, { ...options, initial: { H, W } });
    const tensors = serializeSafetensors({ X, "initial.H": H, "initial.W": W }, { options: JSON.stringify(options) });
    same(
      (await answer("archetypal-nmf", { X: asNumbers(X), initial: { H: asNumbers(H) }, options })).archetypes,
      archetypal.archetypes,
    );
    same(
      (await answer("nmf", { X: asNumbers(X), initial: { H: asBase64(H), W: asNumbers(W) }, options })).components,
      plain.components,
    );
    same((await answer("nmf", tensors)).components, plain.components);
  });

  it("take null for what is missing", async () => {
    const missing = [3, 17, 40], known = Float64Array.from(X.data, (_, at) => missing.includes(at) ? 0 : 1);
    const rowsOf = Array.from(
      { length: rows },
      (_, i) =>
        Array.from(
          X.data.subarray(i * columns, (i + 1) * columns),
          (value, j) => known[i * columns + j] ? value : null,
        ),
    );
    const expected = await nmf(X, { ...options, weights: known });
    same((await answer("nmf", { X: rowsOf, options })).components, expected.components);
    const weights = known.map((value, at) => value * (1 + at % 2));
    const weighted = await nmf(X, { ...options, weights });
    const given = { ...options, weights: Array.from(weights, (value, at) => known[at] ? value : 7) };
    same((await answer("nmf", { X: rowsOf, options: given })).components, weighted.components);
  });

  it("name what is wrong", async () => {
    const good = { X: asNumbers(X), options };
    const wrong: readonly [string, object, string][] = [
      ["nmf", { ...good, initial: { H: [[1, 2]] } }, "initial.H"],
      ["nmf", { ...good, initial: { W: asNumbers(H) } }, "initial"],
      ["nmf", { ...good, initial: { H: asNumbers(H), V: 1 } }, "initial"],
      ["nmf", { ...good, initial: { H: asNumbers(H) }, options: { rank: 2, initial: "spa" } }, "initial"],
      ["nmf", { X: [[1, null], [2, 3]], options: { rank: 1, weights: [1] } }, "weights"],
      ["archetypal-nmf", { X: [[1, null], [2, 3]], options: { rank: 1 } }, "X[0][1]"],
      ["archetypal-nmf", { ...good, X: { format: "csr", shape, ...sparse, indptr: [0] } }, "X"],
      ["archetypal-nmf", { ...good, options: { rank: 2, lambda: 3, continuation: { from: 1 } } }, "continuation.from"],
    ];
    for (const [path, body, argument] of wrong) {
      const response = await post(path, JSON.stringify(body)), problem = await response.json();
      assert.equal(response.status, 422, argument);
      assert.equal(problem.argument, argument, problem.detail);
    }
  });
});
