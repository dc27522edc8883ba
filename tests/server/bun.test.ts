import { describe, it } from "node:test";
import assert from "node:assert/strict";
import process from "node:process";
import { flood } from "./flood.ts";

interface BunServer {
  readonly port: number;
  stop(closeActiveConnections: boolean): void;
}

const { Bun } = globalThis as unknown as { Bun?: { serve(options: object): BunServer } };

describe("over sockets, with the Bun entry", { skip: process.versions.bun ? false : "needs Bun" }, () => {
  for (const form of ["announced", "chunked"] as const) {
    it(`answers two gigabytes (${form}) with 413`, async () => {
      const { server: entry } = await import("../../server/entry/bun.ts");
      const server = Bun!.serve({ ...entry, port: 0 });
      try {
        const sent = await flood(server.port, form);
        assert.match(sent.answer, /^HTTP\/1.1 413 /);
        assert.ok(sent.bytes < 1e9, `${sent.bytes} bytes were sent`);
      } finally {
        server.stop(true);
      }
    });
  }
});
