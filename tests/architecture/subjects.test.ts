import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as minima from "../../mod.ts";
import { subjects } from "../support/subjects.ts";

/** Exported functions that take the options of a solve and solve nothing. */
const exempt: readonly string[] = ["calibrate"];

/** Exported functions that solve: what they return says, or promises to say, by which plan. */
const solvers = Object.entries(minima).filter(([name, value]) =>
  typeof value === "function" && !exempt.includes(name) && `${name}Options` in minima &&
  "signal" in (minima as unknown as Record<string, object>)[`${name}Options`]
).map(([name]) => name);

describe("public solvers", () => {
  it("are subjects of fuzz, soak and counted work: tests/support/subjects.ts has an entry for each", () => {
    assert.ok(solvers.length > 5, solvers.join());
    assert.deepEqual(solvers.filter((name) => !(name in subjects)), []);
    assert.deepEqual(Object.keys(subjects).filter((name) => !(name in minima)), []);
  });
});
