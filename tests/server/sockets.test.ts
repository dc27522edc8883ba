import { after, before, describe, it } from "node:test";
import assert from "node:assert/strict";
import { serve, type ServerType } from "@hono/node-server";
import { createApp } from "../../server/mod.ts";
import { flood } from "./flood.ts";
import { events, expected, fromJson, json, jsonBody, longLayer, longOptions, parseEvents } from "./requests.ts";

const slow = jsonBody(longLayer, longOptions);
const pause = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds));

describe("over sockets, with the server of the Node and Deno entries", () => {
  let server: ServerType, port = 0;

  before(async () => {
    const app = createApp({ concurrency: 1, queue: 0 });
    port = await new Promise((resolve) => {
      server = serve({ fetch: app.fetch, port: 0, hostname: "127.0.0.1" }, (address) => resolve(address.port));
    });
  });
  after(() => {
    server.close();
    if ("closeAllConnections" in server) server.closeAllConnections();
  });

  const url = (path: string) => `http://127.0.0.1:${port}${path}`;
  const post = (body: string, headers: Record<string, string> = {}, signal?: AbortSignal) =>
    fetch(url("/v1/quantize-layer"), {
      method: "POST",
      headers: { "content-type": json, connection: "close", ...headers },
      body,
      signal,
    });

  it("answers with what the library finds", async () => {
    assert.deepEqual(fromJson(await (await post(jsonBody())).text()).codes, (await expected()).codes);
  });

  it("streams progress while it solves, and then the result", async () => {
    const response = await post(jsonBody(longLayer, { ...longOptions, timeLimitMs: 3000 }), { accept: events });
    const kinds = parseEvents(await response.text()).map(({ event }) => event);
    assert.ok(kinds.length >= 3, `${kinds}`);
    assert.equal(kinds.pop(), "result");
    assert.deepEqual([...new Set(kinds)], ["progress"]);
  });

  it("answers others while it solves", async () => {
    const control = new AbortController();
    const solve = post(slow, {}, control.signal).catch(() => {});
    await pause(200);
    const started = performance.now();
    assert.equal((await fetch(url("/healthz"), { headers: { connection: "close" } })).status, 200);
    assert.ok(performance.now() - started < 1000);
    control.abort();
    await solve;
    await untilFree();
  });

  for (const accept of [json, events]) {
    it(`a client that leaves ends its solve (${accept})`, async () => {
      await untilFree();
      const control = new AbortController();
      const solve = post(slow, { accept }, control.signal).then((response) => response.text()).catch(() => {});
      await pause(300);
      assert.equal((await (await fetch(url("/readyz"))).json()).solving, 1, "the solve is under way");
      control.abort();
      await solve;
      await untilFree();
    });
  }

  it("refuses two gigabytes without taking them", async () => {
    const sent = await flood(port, "announced");
    assert.match(sent.answer, /^HTTP\/1.1 413 /);
    assert.ok(sent.bytes < 1e9, `${sent.bytes} bytes were sent`);
  });

  it("refuses two gigabytes of unknown length at the limit", async () => {
    const sent = await flood(port, "chunked");
    assert.match(sent.answer, /^HTTP\/1.1 413 /);
    assert.ok(sent.bytes < 1e9, `${sent.bytes} bytes were sent`);
  });

  /** Waits for the only place to be free. */
  async function untilFree(): Promise<void> {
    for (let turn = 0; turn < 200; turn++) {
      const response = await post(jsonBody());
      await response.text();
      if (response.status === 200) return;
      await pause(25);
    }
    assert.fail("the place was never free again");
  }
});
