/** What hostile and careless clients send; each answered, and none at the cost of others. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { serializeSafetensors } from "../../formats/safetensors.ts";
import { matrix } from "../../mod.ts";
import { createApp, optionsFromEnvironment } from "../../server/mod.ts";
import { jsonParts } from "../../server/answer.ts";
import { arrayField } from "../../server/answer_fields.ts";
import { watchWorkers } from "../support/workers.ts";
import { events, jsonBody, longLayer, longOptions, request } from "./requests.ts";

const app = createApp({ uploadRate: 1e9 });
const tiny = { weights: [[0.3, -0.7]], gram: [[2, 1], [1, 2]] };
const post = (body: unknown, headers = {}) => request(JSON.stringify(body), headers);
const get = (path: string, headers = {}) => new Request(`http://localhost${path}`, { headers });
const slow = jsonBody(longLayer, longOptions);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));
const { process, navigator } = globalThis as { process?: unknown; navigator?: { userAgent?: string } };
const onEdge = process === undefined || navigator?.userAgent === "Cloudflare-Workers";

describe("attacks", () => {
  it("JSON that is nested without end, or has objects without number, is refused unparsed", async () => {
    const deep = "[".repeat(900_000) + "]".repeat(900_000);
    const many = `{"weights":[${"{},".repeat(600_000)}{}]}`;
    const closing = `{"weights":${"]".repeat(1000)}${"[".repeat(1e6)}`;
    for (const text of [deep, many, `{"options":${deep}}`, closing]) {
      const response = await app.fetch(request(text));
      assert.equal(response.status, 400);
      assert.match((await response.json()).detail, /nested deeper than 16 levels|more than 20000 objects/);
    }
    const quoting = await app.fetch(request(`{"weights":"${"[{".repeat(100)}\\"[[","gram":[[1]]}`));
    assert.equal(quoting.status, 422, "what stands in strings is no nesting");
  });

  it("numbers without end are refused by the ranges of the options", async () => {
    const { argument } = await (await app.fetch(post({ ...tiny, options: { iterations: 2 ** 53 - 1 } }))).json();
    assert.equal(argument, "iterations");
  });

  it("bodies that trickle hold no place, and are refused by their rate or their time", async () => {
    const trickling = createApp({ concurrency: 1, queue: 0, uploadLimitMs: 700 });
    const trickle = () =>
      new ReadableStream<Uint8Array>({
        async pull(controller) {
          await pause(50);
          controller.enqueue(new Uint8Array([32]));
        },
      });
    const held = Array.from({ length: 8 }, () => trickling.fetch(request(trickle())));
    await pause(50);
    assert.equal((await trickling.fetch(post(tiny))).status, 200);
    for (const response of await Promise.all(held)) assert.equal(response.status, 408);
    await trickling.close();
  });

  it("health is told under four long solves", { skip: onEdge && "workerd has no workers" }, async () => {
    const control = new AbortController();
    const solves = [1, 2, 3, 4].map(() => app.fetch(request(slow, {}, control.signal)));
    const delays: number[] = [];
    for (let turn = 0; turn < 100; turn++) {
      const started = performance.now();
      assert.equal((await app.fetch(get("/healthz"))).status, 200);
      await pause(10);
      delays.push(performance.now() - started - 10);
    }
    control.abort();
    for (const response of await Promise.all(solves)) assert.equal(response.status, 499);
    // From the first moment on, while workers start. On a busy machine a single turn may take longer.
    delays.sort((a, b) => a - b);
    const [median, late] = [delays[50], delays[95]];
    assert.ok(median < 100 && late < 500, `median ${median} ms, 95 of 100 within ${late} ms`);
  });

  it("has a worker for each place once it is prepared", { skip: onEdge && "no workers" }, async () => {
    const prepared = createApp({ concurrency: 2 });
    await prepared.prepare();
    assert.match(await (await prepared.fetch(get("/metrics"))).text(), /^minima_workers 2$/m);
    assert.equal((await prepared.fetch(post(tiny))).status, 200);
    await prepared.close();
  });

  it("a worker that is lost is a 503, and the next request is answered", { skip: onEdge && "no workers" }, async () => {
    const failures: unknown[] = [], watch = watchWorkers();
    const losing = createApp({ concurrency: 1, onFailure: (error) => failures.push(error) });
    try {
      const answer = losing.fetch(request(slow));
      await pause(400);
      watch.kill();
      const response = await answer;
      assert.equal(response.status, 503);
      assert.ok(Number(response.headers.get("retry-after")) >= 1);
      assert.equal(failures.length, 1);
      assert.equal((await losing.fetch(post(tiny))).status, 200);
    } finally {
      watch.stop();
      await losing.close();
    }
  });

  it("carries a body of 128 MiB to its worker", { skip: onEdge && "workerd takes 12 MiB" }, async () => {
    const large = createApp({
      onFailure(error) {
        throw error;
      },
    });
    const body = serializeSafetensors({
      weights: matrix(1, 2 ** 25 - 64, new Float32Array(2 ** 25 - 64)),
      gram: matrix(1, 1),
    });
    const response = await large.fetch(request(body, { "content-type": "application/vnd.safetensors" }));
    const { argument } = await response.json();
    assert.deepEqual([response.status, argument], [422, "gram"]);
    await large.close();
  });

  it("what the operator does not allow is refused, and the schema says so", async () => {
    const limited = createApp({ threads: 2, backends: ["wasm", "threads"], memoryLimitBytes: 2 ** 20 });
    for (const [options, argument] of [[{ threads: 1_000_000 }, "threads"], [{ backend: "reference" }, "backend"]]) {
      const response = await limited.fetch(post({ ...tiny, options }));
      assert.deepEqual([response.status, (await response.json()).argument], [422, argument]);
    }
    const document = await (await limited.fetch(get("/openapi.json"))).json();
    const { properties } = document.paths["/v1/quantize-layer"].post.requestBody.content["application/json"].schema;
    assert.equal(properties.options.properties.threads.maximum, 2);
    assert.deepEqual(properties.options.properties.backend.enum, ["auto", "wasm", "threads"]);
    if (!onEdge) assert.equal((await limited.fetch(request(slow))).status, 413, "what can never fit");
    await limited.close();
  });

  it("settings come from the environment, checked", () => {
    const found = optionsFromEnvironment({
      MINIMA_TIME_LIMIT_MS: "250",
      MINIMA_BACKENDS: "wasm, reference",
      PATH: "/",
    });
    assert.deepEqual(found, { timeLimitMs: 250, backends: ["wasm", "reference"] });
    assert.throws(() => optionsFromEnvironment({ MINIMA_QUEUE: "many" }), /MINIMA_QUEUE/);
  });

  it("errors quote little of what came", async () => {
    const long = "x".repeat(300_000);
    for (const body of [{ [long]: 1 }, { ...tiny, options: { [long]: 1 } }, { ...tiny, gram: long }]) {
      const text = await (await app.fetch(post(body))).text();
      assert.ok(text.length < 1200, `${text.length}`);
    }
    assert.ok((await (await app.fetch(get(`/${"y".repeat(9000)}`))).text()).length < 1200);
  });

  it("PUT / is 405, and readiness is told apart from health", async () => {
    const ending = createApp();
    if (!onEdge) assert.equal((await ending.fetch(new Request("http://localhost/", { method: "PUT" }))).status, 405);
    assert.equal((await ending.fetch(get("/readyz"))).status, 200);
    await ending.close();
    assert.equal((await ending.fetch(get("/readyz"))).status, 503);
    assert.equal((await ending.fetch(get("/healthz"))).status, 200);
    assert.equal((await ending.fetch(post(tiny))).status, 503);
  });
});

describe("people with curl", () => {
  after(() => app.close());

  it("send nested arrays, and are answered in numbers, or in base64 where they ask for it", async () => {
    const options = { bits: 3 };
    const plain = await (await app.fetch(post({ ...tiny, options }))).json();
    assert.equal(plain.codes.data.length, 2);
    const accept = "application/json;arrays=base64";
    const binary = await (await app.fetch(post({ ...tiny, options }, { accept }))).json();
    assert.equal(binary.codes.base64.length, 4);
    const ragged = await app.fetch(post({ ...tiny, gram: [[2, 1], [1]] }));
    assert.equal((await ragged.json()).argument, "gram[1]");
  });

  it("see answers compressed where they take that", { skip: onEdge && "the edge compresses by itself" }, async () => {
    const response = await app.fetch(post({ ...tiny, options: { iterations: 200 } }, { "accept-encoding": "gzip" }));
    assert.equal(response.headers.get("content-encoding"), "gzip");
    const stream = response.body!.pipeThrough(new DecompressionStream("gzip"));
    assert.equal(JSON.parse(await new Response(stream).text()).codes.shape.length, 2);
  });

  it("call from pages of origins that are allowed, and of no others", async () => {
    const open = createApp({ cors: ["https://example.org"] });
    const from = (origin: string) => open.fetch(get("/healthz", { origin }));
    const name = "access-control-allow-origin";
    assert.equal((await from("https://example.org")).headers.get(name), "https://example.org");
    assert.equal((await from("https://elsewhere.org")).headers.get(name), null);
    assert.equal((await app.fetch(get("/healthz", { origin: "https://example.org" }))).headers.get(name), null);
  });

  it("see signs of life while a solve is silent", async () => {
    const beating = createApp({ heartbeatMs: 20, timeLimitMs: 400 });
    const text = await (await beating.fetch(request(slow, { accept: events }))).text();
    assert.match(text, /^: still at work\n\n/m);
    assert.match(text, /event: result\n/);
    await beating.close();
  });

  it("get long answers in pieces that make up the whole", () => {
    const data = Float64Array.from({ length: 400_001 }, (_, i) => i / 7);
    const parts = jsonParts(
      { a: arrayField("Numbers."), b: arrayField("Few.") },
      { a: data, b: data.slice(0, 2) },
      "auto",
    );
    assert.ok(parts.length > 3);
    const { a, b } = JSON.parse(parts.map((part) => new TextDecoder().decode(part)).join(""));
    assert.deepEqual([a.shape, b.shape], [[400_001], [2]]);
    assert.equal(atob(a.base64).length, 8 * 400_001);
  });
});
