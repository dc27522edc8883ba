/** What the service says of itself: `/openapi.json`, `/docs`, `/metrics`. */

import { after, describe, it } from "node:test";
import assert from "node:assert/strict";
import { createApp } from "../../server/mod.ts";
import { html, prose } from "../../server/html.ts";
import { events, jsonBody, longLayer, longOptions, request } from "./requests.ts";

const app = createApp();
const ask = (path: string, settings: RequestInit = {}, service = app) =>
  service.fetch(new Request(`http://localhost${path}`, settings));

interface Operation {
  readonly operationId: string;
  readonly requestBody?: { readonly content: { readonly [type: string]: { readonly example?: object } } };
  readonly responses: { readonly [status: string]: unknown };
}

/** The operations of the description, by path and method. */
async function described(): Promise<{ [path: string]: { [method: string]: Operation } }> {
  return (await (await ask("/openapi.json")).json()).paths;
}

describe("the description of the service", () => {
  after(() => app.close());

  it("has an example for every solver, which is answered", async () => {
    for (const [path, { post }] of Object.entries(await described())) {
      if (!post) continue;
      const { example } = post.requestBody!.content["application/json"];
      const headers = { "content-type": "application/json" };
      const response = await ask(path, { method: "POST", headers, body: JSON.stringify(example) });
      const answer = await response.json();
      assert.equal(response.status, 200, `${path}: ${answer.detail}`);
      // Training ends with its epochs.
      assert.match(answer.status, path === "/v1/train-classifier" ? /^iteration-limit$/ : /^converged$/, path);
    }
  });

  it("lists every path that answers, and each answers", async () => {
    for (const [path, { get }] of Object.entries(await described())) {
      if (!get) continue;
      const response = await ask(path);
      assert.ok(String(response.status) in get.responses, `${path}: ${response.status}`);
      await response.body?.cancel();
    }
  });

  it("is a page for people too, with every route, its options and its example, that loads and runs nothing", async () => {
    const response = await ask("/docs");
    assert.match(response.headers.get("content-type")!, /^text\/html/);
    const text = await response.text();
    for (const [path, { post }] of Object.entries(await described())) {
      if (!post) continue;
      assert.ok(text.includes(`id="${path.slice(1).replaceAll("/", "-")}"`), path);
      const [field] = Object.keys(post.requestBody!.content["application/json"].example!);
      assert.ok(text.includes(`<code>${field}</code>`), `${path}: ${field}`);
    }
    assert.ok(text.includes("<code>groupSize</code>"));
    assert.doesNotMatch(text, /<script|\bsrc=|https?:\/\/(?!localhost)/);
    assert.equal((text.match(/\bid="([^"]+)"/g) ?? []).length, new Set(text.match(/\bid="([^"]+)"/g)).size);
    const anchors = [...text.matchAll(/href="#([^"]+)"/g)].map(([, name]) => name);
    for (const name of new Set(anchors)) assert.ok(text.includes(`id="${name}"`), name);
    // The policy allows the style that is there.
    const style = text.match(/<style>([^]*?)<\/style>/)![1];
    const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(style)));
    const policy = response.headers.get("content-security-policy")!;
    assert.ok(policy.includes(`style-src 'sha256-${btoa(String.fromCharCode(...digest))}'`), policy);
  });

  it("escapes what it fills in: html, prose", () => {
    assert.equal(
      String(html`<i>${`<b>&"'`}</i>${["a<", html`<br>`]}${undefined}`),
      "<i>&lt;b&gt;&amp;&quot;&#39;</i>a&lt;<br>",
    );
    assert.equal(String(prose("a `<b>` c")), "a <code>&lt;b&gt;</code> c");
  });
});

/** Samples by name and labels; every line must be one of the text format. */
function samplesOf(text: string): Map<string, number> {
  const samples = new Map<string, number>(), types = new Map<string, string>();
  assert.ok(text.endsWith("\n"));
  for (const line of text.trimEnd().split("\n")) {
    const comment = line.match(/^# (HELP|TYPE) (minima_[a-z_]+) (.+)$/);
    if (comment) {
      if (comment[1] === "TYPE") types.set(comment[2], comment[3]);
      continue;
    }
    const sample = line.match(/^(minima_[a-z_]+)(\{(?:[a-z]+="[^"\\\n]*",?)+\})? ([0-9.e+-]+)$/);
    assert.ok(sample, line);
    const [, name, labels = "", value] = sample;
    assert.ok(types.has(name) || types.get(name.replace(/_(bucket|sum|count)$/, "")) === "histogram", line);
    assert.ok(!samples.has(name + labels), `twice: ${line}`);
    samples.set(name + labels, Number(value));
  }
  return samples;
}

describe("/metrics", () => {
  const read = async (service: typeof app) => {
    const response = await ask("/metrics", {}, service);
    assert.match(response.headers.get("content-type")!, /^text\/plain; version=0.0.4/);
    return samplesOf(await response.text());
  };

  it("counts requests by route and status, solves with their seconds, and refusals", async () => {
    const service = createApp({ concurrency: 1, queue: 0 });
    assert.equal((await read(service)).get("minima_places"), 1);
    const route = "/v1/quantize-layer";
    assert.equal((await service.fetch(request(jsonBody()))).status, 200);
    assert.ok((await read(service)).get("minima_wasm_memory_bytes")! > 0);
    assert.equal((await service.fetch(request('{"weights":[[1]]}'))).status, 422);
    await (await service.fetch(request(jsonBody(), { accept: events }))).text();
    const control = new AbortController();
    const held = service.fetch(request(jsonBody(longLayer, longOptions), {}, control.signal));
    while ((await read(service)).get("minima_places_taken") === 0) await new Promise((done) => setTimeout(done, 5));
    assert.equal((await service.fetch(request(jsonBody()))).status, 503);
    control.abort();
    await held;
    const found = await read(service);
    const requests = (status: number) =>
      found.get(`minima_http_requests_total{route="${route}",method="POST",status="${status}"}`);
    assert.deepEqual([requests(200), requests(422), requests(503), requests(499)], [2, 1, 1, 1]);
    assert.equal(found.get(`minima_solves_total{route="${route}",status="200"}`), 2);
    assert.equal(found.get('minima_refused_total{reason="full"}'), 1);
    assert.equal(found.get("minima_places_taken"), 0);
    const ends = [...found].filter(([name]) => name.startsWith(`minima_solve_seconds_bucket{route="${route}"`));
    const counts = ends.map(([, value]) => value);
    assert.deepEqual(counts, counts.toSorted((a, b) => a - b));
    assert.equal(counts.at(-1), found.get(`minima_solve_seconds_count{route="${route}"}`));
    assert.equal(counts.at(-1), 4);
    await service.close();
  });

  it("says nothing of what clients send, and does not grow with what they invent", async () => {
    const service = createApp();
    for (let i = 0; i < 50; i++) {
      await ask(`/secret-${i}`, {}, service);
      await ask(`/v1/quantize-layer?token=secret`, { method: i % 2 ? "PATCH" : "PROPFIND" }, service);
    }
    const response = await ask("/metrics", {}, service);
    const text = await response.text();
    assert.doesNotMatch(text, /secret/i);
    const found = samplesOf(text);
    assert.equal(found.get('minima_http_requests_total{route="other",method="GET",status="404"}'), 50);
    // Bun makes methods that it does not know GET.
    const refused = [...found].filter(([name]) => /^minima_http_requests_total\{.*status="405"/.test(name));
    assert.equal(refused.reduce((sum, [, value]) => sum + value, 0), 50);
    assert.ok(refused.length <= 2);
    await service.close();
  });
});
