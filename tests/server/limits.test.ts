import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { memoryUsage } from "../../mod.ts";
import { createApp, createService } from "../../server/mod.ts";
import { events, jsonBody, longLayer, longOptions, request } from "./requests.ts";

const slow = jsonBody(longLayer, longOptions);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** Zeros without end, and how many were asked for. */
function endless() {
  const counter = { bytes: 0, cancelled: false };
  const chunk = new Uint8Array(65536);
  const stream = new ReadableStream<Uint8Array>({
    pull(controller) {
      counter.bytes += chunk.length;
      controller.enqueue(chunk);
    },
    cancel() {
      counter.cancelled = true;
    },
  });
  return { stream, counter };
}

describe("limits", () => {
  it("413 by Content-Length, before a byte is read", async () => {
    const { stream, counter } = endless();
    const response = await createApp().fetch(request(stream, { "content-length": "2000000000" }));
    assert.equal(response.status, 413);
    assert.ok(counter.bytes <= 4 * 65536, `${counter.bytes} bytes were read`);
  });

  it("413 while an endless body streams in, at its limit", async () => {
    const { stream, counter } = endless();
    const response = await createApp({ bodyLimitBytes: 2 ** 20 }).fetch(request(stream));
    assert.equal(response.status, 413);
    assert.ok(counter.bytes >= 2 ** 20 && counter.bytes <= 2 ** 20 + 4 * 65536, `${counter.bytes} bytes were read`);
    assert.ok(counter.cancelled);
  });

  it("408 for a body that never comes", async () => {
    const stalled = new ReadableStream<Uint8Array>({ start: (controller) => controller.enqueue(new Uint8Array(9)) });
    const response = await createApp({ uploadLimitMs: 20 }).fetch(request(stalled));
    assert.equal(response.status, 408);
  });

  it("503 with Retry-After past the concurrency, and 200 once a place is free", async () => {
    const app = createApp({ concurrency: 2 });
    const control = new AbortController();
    const busy = [1, 2].map(() => app.fetch(request(slow, {}, control.signal)));
    await pause(50);
    const refused = await app.fetch(request(jsonBody()));
    assert.equal(refused.status, 503);
    assert.ok(Number(refused.headers.get("retry-after")) > 0);
    assert.equal((await app.fetch(new Request("http://localhost/healthz"))).status, 200);
    control.abort();
    for (const response of await Promise.all(busy)) assert.equal(response.status, 499);
    assert.equal((await app.fetch(request(jsonBody()))).status, 200);
  });

  it("the time limit of the service ends a solve with its best so far", async () => {
    const app = createApp({ timeLimitMs: 200 });
    const { status, elapsedMs } = await (await app.fetch(request(slow))).json();
    assert.equal(status, "time-limit");
    assert.ok(elapsedMs < 5000);
  });

  it("an abort in the middle of a solve gives its memory back", async () => {
    const app = createApp({ concurrency: 1 });
    assert.equal((await app.fetch(request(jsonBody()))).status, 200);
    const before = memoryUsage().used;
    const control = new AbortController();
    const response = app.fetch(request(slow, {}, control.signal));
    await pause(100);
    assert.ok(memoryUsage().used > before, "the solve is under way");
    control.abort();
    assert.equal((await response).status, 499);
    assert.equal(memoryUsage().used, before);
  });

  it("leaving a stream of events gives the memory and the place back", async () => {
    const app = createApp({ concurrency: 1 });
    assert.equal((await app.fetch(request(jsonBody()))).status, 200);
    const before = memoryUsage().used;
    const response = await app.fetch(request(slow, { accept: events }));
    const reader = response.body!.getReader();
    assert.match(new TextDecoder().decode((await reader.read()).value), /^event: progress\n/);
    await reader.cancel();
    // A solve notices the end at its next checkpoint, and may hold no memory before.
    let status = 0;
    for (let turn = 0; turn < 100 && status !== 200; turn++) {
      await pause(20);
      ({ status } = await app.fetch(request(jsonBody())));
    }
    assert.equal(status, 200);
    assert.equal(memoryUsage().used, before);
  });

  it("refuses limits that are not positive, and names that it does not know", () => {
    assert.throws(() => createApp({ concurrency: 0 }), /Cannot use "concurrency": expected a number > 0, received 0/);
    assert.throws(() => createApp({ concurency: 2 } as object), /the service has no such option; .*"concurrency"\./);
    // The routes of createApp are all there are.
    assert.throws(() => createApp({ routes: [] } as object), { argument: "routes" });
    assert.throws(() => createService({ routes: [], concurency: 2 } as never), { argument: "concurency" });
  });
});
