import assert from "node:assert/strict";
import { describe, it } from "node:test";
import process from "node:process";
import { root, runProgram } from "../support/program.ts";

// In Deno alone: there, nobody else ends what a worker started, and threads have names.
const skip = process.versions.deno === undefined || process.platform !== "linux" ? "needs Deno on Linux" : false;

/** Ends the worker of a solve on four threads, twice, and prints how many of its threads are left. */
const program = `
  import { readdirSync, readFileSync } from "node:fs";
  import { createApp } from ${JSON.stringify(`${root}server/mod.ts`)};
  import { jsonBody, longLayer, longOptions, request } from ${JSON.stringify(`${root}tests/server/requests.ts`)};
  import { until, watchWorkers } from ${JSON.stringify(`${root}tests/support/workers.ts`)};
  const tasks = "/proc/self/task";
  const nameOf = (id) => {
    try {
      return readFileSync(tasks + "/" + id + "/comm", "utf8");
    } catch {
      return "ended meanwhile";
    }
  };
  const threads = () => readdirSync(tasks).map(nameOf).filter((name) => name.startsWith("worker-")).length;
  const watch = watchWorkers();
  const app = createApp({ threads: 4, onFailure() {} });
  const body = jsonBody(longLayer, { ...longOptions, backend: "threads", threads: 4 });
  for (let round = 0; round < 2; round++) {
    const answer = app.fetch(request(body));
    await until(() => threads() >= 4, "the threads of a solve");
    // While it solves, most of its threads sleep.
    await new Promise((resolve) => setTimeout(resolve, 600));
    watch.kill();
    console.log((await answer).status);
    await until(() => threads() === 0, "the end of the threads").catch(() => {});
  }
  console.log(threads());
  process.exit(0);
`;

describe("a worker of the service that is lost", { skip }, () => {
  it("leaves none of its threads behind", async () => {
    assert.equal(await runProgram(program), "503\n503\n0\n");
  });
});
