import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { createRandom, matrix, parseSafetensors, serializeSafetensors, sparseMultiTask } from "../../mod.ts";
import { createApp } from "../../server/mod.ts";
import { asBase64, asNumbers, json, safetensors, typedArray } from "./requests.ts";

const app = createApp(), random = createRandom(4), features = 5;
const tasks = [0, 1, 2].map((k) => {
  const X = matrix(20, features, Float64Array.from({ length: 20 * features }, random.normal));
  const y = Float64Array.from({ length: 20 }, (_, i) => (1 + k) * X.data[i * features + 1] + 0.1 * random.normal());
  return { X, y, name: `site ${k}` };
});
const options = { support: 2, ridge: 0.01, supportSharing: 0.5 };
const expected = await sparseMultiTask(tasks, options);

const ask = (body: BodyInit, type = json, accept = json) =>
  app.fetch(
    new Request("http://localhost/v1/sparse-multi-task", {
      method: "POST",
      headers: { "content-type": type, accept },
      body,
    }),
  );
const numbers = (part: Parameters<typeof typedArray>[0]) => typedArray(part) as Float64Array;

describe("POST /v1/sparse-multi-task", () => {
  it("takes tasks as JSON, in numbers and base64, and answers what the library says", async () => {
    for (const write of [asNumbers, asBase64]) {
      const body = { tasks: tasks.map(({ X, y, name }) => ({ X: write(X), y: [...y], name })), options };
      const response = await ask(JSON.stringify(body)), answer = await response.json();
      assert.equal(response.status, 200, JSON.stringify(answer));
      assert.deepEqual(numbers(answer.coefficients), expected.coefficients.data);
      assert.deepEqual(answer.coefficients.shape, [features, 3]);
      assert.deepEqual(answer.taskNames, ["site 0", "site 1", "site 2"]);
      assert.equal(answer.supports.length, 3);
      assert.equal(answer.supports[0].dtype, "u32");
      assert.ok(answer.gap <= 0.01 && answer.lowerBound <= answer.objective);
      assert.deepEqual(numbers(answer.stacking.weights), expected.stacking!.weights);
    }
  });

  it("takes tasks as tensors, and one X with many responses", async () => {
    const tensors = Object.fromEntries(
      tasks.flatMap(({ X, y }, k) => [
        [`tasks.${k}.X`, X],
        [`tasks.${k}.y`, matrix(y.length, 1, y)],
      ]),
    );
    const binary = await ask(
      serializeSafetensors(tensors, { options: JSON.stringify(options) }),
      safetensors,
      safetensors,
    );
    assert.equal(binary.status, 200);
    const found = parseSafetensors(new Uint8Array(await binary.arrayBuffer())).tensors;
    assert.deepEqual(found.get("coefficients")!.data, expected.coefficients.data);
    assert.deepEqual(found.get("supports.1")!.data, expected.supports[1]);

    const Y = matrix(20, 2, Float64Array.from({ length: 40 }, (_, at) => tasks[0].y[at >> 1] * (1 + at % 2)));
    const shared = await sparseMultiTask(tasks[0].X, Y, options);
    const response = await ask(JSON.stringify({ X: asNumbers(tasks[0].X), Y: asNumbers(Y), options }));
    assert.deepEqual(numbers((await response.json()).coefficients), shared.coefficients.data);
  });

  it("names what is wrong", async () => {
    const [{ X, y }] = tasks, good = { X: asNumbers(X), y: [...y] };
    const wrong: readonly [object, string][] = [
      [{ options }, "tasks"],
      [{ X: asNumbers(X), options }, "Y"],
      [{ tasks: [good], X: asNumbers(X), options }, "X"],
      [{ tasks: [{ X: asNumbers(X) }], options }, "tasks[0].y"],
      [{ tasks: [{ ...good, z: 1 }], options }, "tasks[0].z"],
      [{ tasks: [{ ...good, y: [1] }], options }, "tasks[0].y"],
      [{ tasks: [good], options: {} }, "support"],
      [{ tasks: [good], options: { ...options, ridge: -1 } }, "ridge"],
    ];
    for (const [body, argument] of wrong) {
      const response = await ask(JSON.stringify(body)), problem = await response.json();
      assert.equal(response.status, 422, argument);
      assert.equal(problem.argument, argument, problem.detail);
    }
  });
});
