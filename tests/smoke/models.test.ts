import { describe, it } from "node:test";
import assert from "node:assert/strict";
import {
  generateTokens,
  linearLayers,
  loadModel,
  loadQuantized,
  logits,
  perplexity,
  quantizeModel,
  saveCompressedTensors,
  saveGguf,
  saveOnnx,
  saveSafetensors,
} from "../../mod.ts";
import { models } from "../fixtures/models.ts";
import { fixtureTensors, floatsOf, modelFiles, randomLlama } from "../support/models.ts";

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

  it("are quantised whole, saved and read again", async () => {
    const fixture = models.qwen2, tokens = Uint32Array.from(fixture.tokens);
    const model = await loadModel(modelFiles(fixture.config, fixtureTensors(fixture)));
    const calibration = [tokens, tokens.toReversed(), tokens.map((token) => (3 * token + 1) % 29)];
    const quantized = await quantizeModel(model, { calibration, bits: 8, iterations: 2 });
    assert.equal(quantized.layers.size, linearLayers(model.architecture).length);
    const files = new Map<string, Uint8Array>(), before = floatsOf(fixture.logits);
    await saveSafetensors(quantized, (name, bytes) => void files.set(name, bytes));
    const { data } = await logits(await loadModel(files), tokens);
    data.forEach((value, k) => assert.ok(Math.abs(value - before[k]) < 0.1, `${k}: ${value}, ${before[k]}`));
    const graph = new Map<string, Uint8Array>();
    await saveOnnx(quantized, (name, bytes) => void graph.set(name, bytes));
    assert.deepEqual([...graph.keys()], ["onnx/model_quantized.onnx", "config.json"]);
    for (const [name, { codes, scales }] of (await loadQuantized(graph)).layers) {
      assert.deepEqual([codes, scales], [quantized.layers.get(name)!.codes, quantized.layers.get(name)!.scales]);
    }
  });

  it("are saved as packed codes and read again to the bit", async () => {
    const fixture = models.llama, tokens = Uint32Array.from(fixture.tokens);
    const model = await loadModel(modelFiles(fixture.config, fixtureTensors(fixture)));
    const options = { calibration: [tokens], bits: 3, method: "gptq", format: "compressed-tensors" } as const;
    const quantized = await quantizeModel(model, options), files = new Map<string, Uint8Array>();
    await saveCompressedTensors(quantized, (name, bytes) => void files.set(name, bytes));
    const again = await loadQuantized(files), name = "model.layers.1.mlp.down_proj";
    assert.deepEqual(again.layers.get(name)!.codes, quantized.layers.get(name)!.codes);
    assert.deepEqual((await logits(again, tokens)).data, (await logits(quantized, tokens)).data);
  });

  it("are saved as one file for llama.cpp, and read again", async () => {
    const { files, tokens } = randomLlama(32, 16), model = await loadModel(files);
    const options = { calibration: [tokens], bits: 8, groupSize: 32, symmetric: true, method: "rtn" } as const;
    const quantized = await quantizeModel(model, options), saved = new Map<string, Uint8Array>();
    const { layers } = await saveGguf(quantized, (name, bytes) => void saved.set(name, bytes), { dense: "f32" });
    assert.ok(layers.every(({ type }) => type === "Q8_0"));
    const before = await logits(quantized, tokens), { data } = await logits(await loadModel(saved), tokens);
    data.forEach((value, k) => assert.ok(Math.abs(value - before.data[k]) < 0.01, `${k}: ${value}`));
  });
});
