import { it } from "node:test";
import assert from "node:assert/strict";
import { askedSystems, main } from "../../bench/runtimes/cold_start.ts";
import { systems } from "../../scripts/systems.ts";

it("cold start asks every system, and refuses one that it has no question for", async () => {
  assert.ok(systems().length > 0);
  assert.deepEqual(askedSystems.toSorted(), systems().toSorted());
  const peak = { simd: new Uint8Array(), relaxed: new Uint8Array() };
  await assert.rejects(main({ quick: true, variant: "nothing", peak }), /Cannot ask "nothing": expected regression, /);
});
