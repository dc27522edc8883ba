import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { subjects } from "../support/subjects.ts";

/** Instances of each subject; `deno task fuzz` goes on for as long as one likes. */
const instances = 1000;

describe("promises on nasty tables", () => {
  for (const [name, subject] of Object.entries(subjects)) {
    it(`${name}: ${instances} instances`, async () => {
      const failures: string[] = [];
      for (let seed = 0; seed < instances; seed++) {
        await subject(seed).catch((error) => failures.push(error.message));
      }
      assert.equal(failures.length, 0, `${failures.length} failures, the first: ${failures[0]}`);
    });
  }
});
