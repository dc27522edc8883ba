import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { generateTokens, loadModel, logits, perplexity } from "../../mod.ts";
import { models } from "../fixtures/models.ts";
import { fixtureTensors, floatsOf, modelFiles } from "../support/models.ts";

describe("language models, in short", () => {
  for (const name of ["llama", "falcon"]) {
    it(`of ${name} give the logits of the reference library, and generate by them`, async () => {
      const fixture = models[name], expected = floatsOf(fixture.logits), tokens = Uint32Array.from(fixture.tokens);
      const model = await loadModel(modelFiles(fixture.config, fixtureTensors(fixture), 2));
      const received = await logits(model, tokens), width = received.shape[1];
      received.data.forEach((value, k) => assert.ok(Math.abs(value - expected[k]) < 2e-5, `${k}: ${value}`));
      const last = Array.from(expected.slice(-width)), best = last.indexOf(Math.max(...last));
      for await (const token of generateTokens(model, tokens, { tokens: 1 })) assert.equal(token, best);
      assert.equal((await perplexity(model, [tokens])).tokens, tokens.length - 1);
    });
  }
});
