import { it } from "node:test";
import assert from "node:assert/strict";
import { specifications } from "../../kernels/contract.ts";
import { sourceFiles } from "../../scripts/sources.ts";

it("every kernel of the contract has conformance cases, which run on every backend that has it", () => {
  const texts = sourceFiles("tests/conformance").filter((path) => path.endsWith(".test.ts"))
    .map((path) => Deno.readTextFileSync(path)).join("\n");
  const covered = new Set([...texts.matchAll(/^(?:conformance|agreement)\(\s*"(\w+)"/gm)].map(([, name]) => name));
  assert.deepEqual(Object.keys(specifications).filter((name) => !covered.has(name)), []);
});
