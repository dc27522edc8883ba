import { describe, it } from "node:test";
import assert from "node:assert/strict";
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
    const app = createApp({ concurrency: 2, queue: 0 });
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
    await app.close();
  });

  it("an abort in the middle of a solve, or leaving a stream of events, gives the place back", async () => {
    const app = createApp({ concurrency: 1, queue: 0 });
    for (const accept of ["application/json", events]) {
      const control = new AbortController();
      const answer = app.fetch(request(slow, { accept }, control.signal));
      if (accept === events) {
        const reader = (await answer).body!.getReader();
        assert.match(new TextDecoder().decode((await reader.read()).value), /^event: progress\n/);
        await reader.cancel();
      } else {
        await pause(300);
        control.abort();
        assert.equal((await answer).status, 499);
      }
      // A solve notices the end at its next checkpoint.
      let status = 0;
      for (let turn = 0; turn < 100 && status !== 200; turn++) {
        ({ status } = await app.fetch(request(jsonBody())));
        await pause(20);
      }
      assert.equal(status, 200);
    }
    await app.close();
  });

  it("refuses limits that are not positive, and names that it does not know", () => {
    assert.throws(
      () => createApp({ concurrency: 0 }),
      /Cannot use "concurrency": expected a whole number from 1 to 1024, received 0/,
    );
    assert.throws(() => createApp({ concurency: 2 } as object), /the service has no such option; .*"concurrency"\./);
    // The routes of createApp are all there are.
    assert.throws(() => createApp({ routes: [] } as object), { argument: "routes" });
    assert.throws(() => createService({ routes: [], concurency: 2 } as never), { argument: "concurency" });
  });
});
