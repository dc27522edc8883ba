import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { matrix, quantizeLayer, serializeSafetensors } from "../../mod.ts";
import { createApp } from "../../server/mod.ts";
import { makeMovedLayer } from "../support/moved_layers.ts";
import {
  type Answer,
  asBase64,
  asNumbers,
  binaryBody,
  events,
  expected,
  fromJson,
  fromSafetensors,
  json,
  jsonBody,
  layer,
  options,
  parseEvents,
  request,
  safetensors,
} from "./requests.ts";

const app = createApp();
const { weights, gram } = layer;

const bodies: { readonly [kind: string]: { type: string; body: BodyInit } } = {
  numbers: {
    type: json,
    body: JSON.stringify({ weights: asNumbers(weights), gram: asNumbers(gram), options }),
  },
  base64: { type: `${json}; charset=utf-8`, body: jsonBody() },
  mixed: { type: json, body: JSON.stringify({ options, gram: asNumbers(gram), weights: asBase64(weights) }) },
  safetensors: { type: safetensors, body: binaryBody() },
};

const answers: { readonly [accept: string]: (response: Response) => Promise<Answer> } = {
  [json]: async (response) => fromJson(await response.text()),
  [safetensors]: async (response) => fromSafetensors(await response.arrayBuffer()),
  [events]: async (response) => {
    const last = parseEvents(await response.text()).at(-1)!;
    assert.equal(last.event, "result");
    return fromJson(last.data);
  },
};

describe("POST /v1/quantize-layer", () => {
  for (const [kind, { type, body }] of Object.entries(bodies)) {
    for (const [accept, read] of Object.entries(answers)) {
      it(`answers ${kind} as ${accept} with what the library finds`, async () => {
        const response = await app.fetch(request(body, { "content-type": type, accept }));
        assert.equal(response.status, 200);
        assert.equal(response.headers.get("content-type"), accept);
        const answer = await read(response), result = await expected();
        assert.deepEqual(answer.codes, result.codes);
        assert.deepEqual([...answer.scales], [...result.scales.data]);
        assert.deepEqual([...answer.zeros], [...result.zeros.data]);
        assert.equal(answer.objective, result.objective);
        assert.deepEqual(answer.shape, [6, 16]);
      });
    }
  }

  it("takes the inputs of the original model among the options, in JSON and as tensors", async () => {
    const { weights, gram, original } = makeMovedLayer({ rows: 4, columns: 12, seed: 5 });
    const wanted = await quantizeLayer(weights, gram, { bits: 3, original });
    const { cross, gram: outer, share } = original;
    const asRows = JSON.stringify({
      weights: asNumbers(weights),
      gram: asNumbers(gram),
      options: { bits: 3, original: { cross: asNumbers(cross), gram: asBase64(outer), share } },
    });
    const tensors = serializeSafetensors(
      { weights, gram, "original.cross": cross, "original.gram": outer },
      { options: JSON.stringify({ bits: 3, original: { share } }) },
    );
    for (const [type, body] of [[json, asRows], [safetensors, tensors]] as const) {
      const response = await app.fetch(request(body as BodyInit, { "content-type": type, accept: json }));
      const answer = fromJson(await response.text());
      assert.deepEqual([answer.codes, answer.objective], [wanted.codes, wanted.objective], type);
    }
    for (
      const [original, argument] of [
        [{ cross: asNumbers(cross) }, "original.gram"],
        [{ cross: asNumbers(matrix(2, 2)), gram: asBase64(outer) }, "original.cross"],
        [{ cross: "all", gram: asBase64(outer) }, "original.cross"],
      ] as const
    ) {
      const body = JSON.stringify({ weights: asNumbers(weights), gram: asNumbers(gram), options: { original } });
      const response = await app.fetch(request(body)), problem = await response.json();
      assert.deepEqual([response.status, problem.argument], [422, argument], JSON.stringify(problem));
    }
    const flat = serializeSafetensors({
      weights,
      gram,
      "original.cross": { ...cross, shape: [144] },
      "original.gram": outer,
    });
    const refused = await app.fetch(request(flat as BodyInit, { "content-type": safetensors }));
    assert.deepEqual([refused.status, (await refused.json()).argument], [422, "original.cross"]);
  });

  it("answers in JSON where the client does not mind, and by quality where it does", async () => {
    const type = async (accept?: string) => {
      const response = await app.fetch(request(jsonBody(), accept ? { accept } : {}));
      await response.body?.cancel();
      return response.headers.get("content-type");
    };
    assert.equal(await type(), json);
    assert.equal(await type("text/html, */*;q=0.1"), json);
    assert.equal(await type(`${json};q=0.2, ${safetensors};q=0.9`), safetensors);
    assert.equal(await type(`text/*, ${json};q=0.5`), events);
  });

  it("answers with outliers, sparse, in JSON and in safetensors", async () => {
    const body = jsonBody(layer, { method: "quantease", outliers: { fraction: 0.1 } });
    const { outliers } = await (await app.fetch(request(body))).json();
    assert.deepEqual(outliers.shape, [6, 16]);
    assert.equal(outliers.format, "csr");
    assert.deepEqual(outliers.indptr.shape, [7]);
    const binary = await app.fetch(request(body, { accept: safetensors }));
    const { parseSafetensors } = await import("../../formats/safetensors.ts");
    const { tensors, metadata } = parseSafetensors(await binary.arrayBuffer());
    assert.deepEqual(tensors.get("outliers.indptr")?.shape, [7]);
    assert.equal(JSON.parse(metadata.result).outliers.format, "csr");
  });

  it("describes every field of its answer, and every option it takes, in /openapi.json", async () => {
    const description = await (await app.fetch(new Request("http://localhost/openapi.json"))).json();
    const { requestBody, responses } = description.paths["/v1/quantize-layer"].post;
    const declared = responses[200].content[json].schema;
    assert.deepEqual(Object.keys(await expected()).filter((name) => !(name in declared.properties)), []);
    const answer = await (await app.fetch(request(jsonBody()))).json();
    assert.deepEqual(declared.required.filter((name: string) => !(name in answer)), []);

    const properties = requestBody.content[json].schema.properties.options.properties;
    const defaults = Object.fromEntries(
      Object.entries<{ default?: unknown }>(properties)
        .filter(([, schema]) => schema.default !== undefined)
        .map(([name, schema]) => [name, schema.default]),
    );
    assert.equal(defaults.bits, 4);
    const plain = await (await app.fetch(request(jsonBody(layer, {})))).json();
    const explicit = await (await app.fetch(request(jsonBody(layer, defaults)))).json();
    assert.deepEqual(explicit.codes, plain.codes);
  });
});
