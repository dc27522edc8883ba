import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { loadModel, logits } from "../../models/mod.ts";
import { models } from "../fixtures/models.ts";
import { fixtureTensors, floatsOf, modelFiles } from "../support/models.ts";

describe("logits agree with the reference library", () => {
  for (const [name, fixture] of Object.entries(models)) {
    it(`of ${name}`, async () => {
      const model = await loadModel(modelFiles(fixture.config, fixtureTensors(fixture)));
      const expected = floatsOf(fixture.logits), tokens = Uint32Array.from(fixture.tokens);
      const received = await logits(model, tokens);
      assert.deepEqual(received.shape, [tokens.length, expected.length / tokens.length]);
      const worst = expected.reduce((worst, value, k) => Math.max(worst, Math.abs(value - received.data[k])), 0);
      assert.ok(worst < 2e-5, `differs by ${worst}`);
      // The reference kernels, in f64 sums, say the same; and whatever follows a token does not change what it sees.
      const plain = await logits(model, tokens.subarray(0, 4), { backend: "reference" });
      plain.data.forEach((value, k) =>
        assert.ok(Math.abs(value - expected[k]) < 2e-5, `${k}: ${value}, ${expected[k]}`)
      );
    });
  }
});
