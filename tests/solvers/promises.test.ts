import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { subjects } from "../support/subjects.ts";

/** Instances of a subject that says no other number; `deno task fuzz` goes on for as long as one likes. */
const usualInstances = 1000;

describe("promises on nasty data", () => {
  for (const [name, { fuzz, instances = usualInstances }] of Object.entries(subjects)) {
    if (fuzz === undefined) continue;
    it(`${name}: ${instances} instances`, async () => {
      const failures: string[] = [];
      for (let seed = 0; seed < instances; seed++) {
        await fuzz(seed).catch((error) => failures.push(error.message));
      }
      assert.equal(failures.length, 0, `${failures.length} failures, the first: ${failures[0]}`);
    });
  }
});
