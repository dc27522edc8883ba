import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { runProgram } from "../support/program.ts";

const layer = `
  import { dispose, matrix, quantizeLayer } from "@minima/minima";
  const weights = matrix(160, 160, Float32Array.from({ length: 160 * 160 }, (_, i) => Math.sin(i * i)));
  const gram = matrix(160, 160, Float32Array.from({ length: 160 * 160 }, (_, i) => 0.9 ** Math.abs((i / 160 | 0) - i % 160)));
  const solve = () => quantizeLayer(weights, gram, { backend: "threads", threads: 3 });
`;

describe("a process", () => {
  it("ends by itself after a solve on threads, without dispose", async () => {
    assert.equal(await runProgram(`${layer} console.log((await solve()).plan.threads);`), "3\n");
  });

  it("stays until a solve that nothing else waits for has ended", async () => {
    assert.equal(await runProgram(`${layer} solve().then(({ plan }) => console.log(plan.threads));`), "3\n");
  });

  it("ends by itself after dispose", async () => {
    assert.equal(await runProgram(`${layer} await solve(); await dispose(); console.log("done");`), "done\n");
  });
});
