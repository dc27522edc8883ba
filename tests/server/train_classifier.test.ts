import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { matrix, serializeSafetensors, trainClassifier } from "../../mod.ts";
import { createApp } from "../../server/mod.ts";
import { spirals } from "../solvers/sharpness/data.ts";
import { asBase64, asNumbers, json, safetensors, typedArray } from "./requests.ts";

const app = createApp(),
  { X, labels } = spirals(60, 3, 1),
  options = { epochs: 3, hidden: [5], optimizer: { rho: 0.1 } };
const expected = await trainClassifier(X, labels, options), predict = matrix(4, 2, X.data.slice(0, 8));

async function post(body: BodyInit, type = json): Promise<Response> {
  const headers = { "content-type": type };
  return await app.fetch(new Request("http://localhost/v1/train-classifier", { method: "POST", headers, body }));
}

describe("POST /v1/train-classifier", () => {
  it("answers as the library, in every kind of body", async () => {
    const named = { X, labels: { shape: [60], data: Float64Array.from(labels) }, predict };
    const bodies: [BodyInit, string][] = [
      [JSON.stringify({ X: asNumbers(X), labels: [...labels], predict: asNumbers(predict), options }), json],
      [JSON.stringify({ X: asBase64(X), labels: [...labels], predict: asBase64(predict), options }), json],
      [serializeSafetensors(named, { options: JSON.stringify(options) }), safetensors],
    ];
    for (const [body, type] of bodies) {
      const response = await post(body, type);
      assert.equal(response.status, 200, await response.clone().text());
      const answer = await response.json();
      assert.deepEqual(Array.from(typedArray(answer.parameters)), [...expected.parameters]);
      assert.equal(answer.objective, expected.objective);
      assert.equal(answer.accuracy, await expected.accuracy(X, labels));
      assert.deepEqual(
        Array.from(typedArray(answer.predictions)),
        [...await expected.predict(predict)],
      );
      assert.deepEqual(answer.network.hidden, [5]);
    }
  });

  it("names what is wrong", async () => {
    const wrong: [object, string][] = [
      [{ X: asNumbers(X), labels: [0, 1] }, "labels"],
      [{ X: asNumbers(X), labels: [...labels].map((label) => label + 0.5) }, "labels"],
      [{ X: asNumbers(X), labels: [...labels], predict: [[1]] }, "predict"],
      [{ X: asNumbers(X), labels: [...labels], options: { optimizer: { rho: -1 } } }, "options.optimizer.rho"],
    ];
    for (const [body, argument] of wrong) {
      const response = await post(JSON.stringify(body));
      assert.equal(response.status, 422);
      const problem = await response.json();
      assert.ok(argument.endsWith(problem.argument), `${problem.argument}, not ${argument}: ${problem.detail}`);
    }
  });
});
