import assert from "node:assert/strict";
import { createServer } from "node:net";
import { describe, it } from "node:test";
import { minima, serveOnce } from "./minima.ts";

describe("minima serve", () => {
  it("answers at the address it prints, until Ctrl-C, and then ends well", async () => {
    const { outcome: { code, stdout, stderr }, health } = await serveOnce();
    assert.deepEqual(health, { status: "ok" });
    assert.equal(code, 0, stderr);
    assert.match(stdout, /^Minima is at http:\/\/127\.0\.0\.1:\d+\/\n$/);
  });

  it("says so when the port is taken", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, "127.0.0.1", resolve));
    try {
      const { port } = other.address() as { port: number };
      const { code, stderr } = await minima(["serve", "--port", String(port)]);
      assert.equal(code, 2);
      assert.match(
        stderr,
        new RegExp(`^error {2}Cannot listen on 127\\.0\\.0\\.1, port ${port}: another program listens there\\.`),
      );
    } finally {
      await new Promise((resolve) => other.close(resolve));
    }
  });

  it("refuses invalid ports and limits", async () => {
    for (const args of [["--port", "70000"], ["--port", "1.5"], ["--concurrency", "0"], ["--time-limit", "-1"]]) {
      const { code, stderr } = await minima(["serve", ...args]);
      assert.equal(code, 2);
      assert.match(stderr, new RegExp(`Option ${args[0]} needs a .*, received ${args[1]}`));
    }
  });
});
