/** What a panel says of how a solve ended. @module */

import assert from "node:assert/strict";
import { it } from "node:test";
import { panel } from "../../server/playground/panels/language/panel.ts";
import type { LanguageAnswer } from "../../server/playground/panels/language/answer.ts";

it("the panel of language models says of how many layers the iterations ended before they converged", () => {
  const layer = {
    name: "a",
    block: 0,
    shape: [1, 1],
    bits: 3,
    groupSize: 1,
    relativeError: 0.1,
    objective: 1,
  } as const;
  const layers = (["converged", "iteration-limit", "converged"] as const)
    .map((status) => ({ ...layer, status, bytes: 1, elapsedMs: 1, remarks: [] }));
  const answer = (status: "converged" | "iteration-limit" | "time-limit"): LanguageAnswer => ({
    family: "llama",
    parameters: 3,
    layers,
    layerCount: 3,
    ownTexts: false,
    whole: {
      status,
      layers,
      unquantized: [],
      meanRelativeError: 0.1,
      averageBits: 3,
      bytes: 3,
      bytesBefore: 6,
      calibrationTokens: 10,
      resumedBlocks: 0,
      elapsedMs: 3,
    },
  });
  const remarks = (status: "converged" | "iteration-limit" | "time-limit") => panel.draw(answer(status)).remarks;
  assert.deepEqual(remarks("converged"), []);
  assert.deepEqual(remarks("iteration-limit"), [
    "1 of 3 layers stopped at the iteration limit: more iterations may find better codes.",
  ]);
  assert.match(remarks("time-limit")![0], /^It stopped at its time limit/);
});
