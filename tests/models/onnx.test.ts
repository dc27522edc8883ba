import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { writeOnnx } from "../../models/checkpoints/onnx.ts";
import {
  generateTokens,
  type LanguageModel,
  loadModel,
  loadQuantized,
  logits,
  type QuantizedLanguageModel,
  quantizeModel,
  type QuantizeModelOptions,
  saveOnnx,
} from "../../models/mod.ts";
import { type OnnxModel, parseOnnx, parseSafetensors, serializeOnnx } from "../../formats/mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { models } from "../fixtures/models.ts";
import { dataPath, needsData, readDataText } from "../support/data.ts";
import { fixtureTensors, floatsOf, modelFiles, narrowed, randomLlama } from "../support/models.ts";
import { nothing, openDecoder } from "../support/onnx_runtime.ts";

const open = (name: string) => loadModel(modelFiles(models[name].config, fixtureTensors(models[name])));

async function filesOf(model: LanguageModel | QuantizedLanguageModel, fileBytes = 2 ** 30) {
  const files = new Map<string, Uint8Array>();
  await writeOnnx(model, (name, bytes) => void files.set(name, bytes), fileBytes);
  return files;
}

async function tokensOf(generated: AsyncIterable<number>): Promise<number[]> {
  const tokens: number[] = [];
  for await (const token of generated) tokens.push(token);
  return tokens;
}

function worstOf(one: ArrayLike<number>, other: ArrayLike<number>): number {
  assert.equal(one.length, other.length);
  return Array.from(one).reduce((worst, value, k) => Math.max(worst, Math.abs(value - other[k])), 0);
}

/** A small Llama, and how it is quantised for these tests: fast, with codes that all differ. */
const { files: llamaFiles, tokens: llamaTokens } = randomLlama(64, 24);
const quantized = async (options: Omit<QuantizeModelOptions, "calibration">, model?: LanguageModel) =>
  await quantizeModel(model ?? await loadModel(llamaFiles), { calibration: [llamaTokens], method: "gptq", ...options });

describe("saveOnnx", () => {
  for (const name of ["llama-biases", "llama-yarn", "mistral", "qwen2-window", "qwen3"]) {
    it(`of ${name}: onnxruntime-web computes what the reference library does, at once and token by token`, async () => {
      const model = await open(name), { tokens, logits } = models[name], expected = floatsOf(logits);
      const decoder = await openDecoder(await filesOf(model), model.architecture);
      assert.ok(worstOf((await decoder.run([tokens])).logits, expected) < 3e-5);
      const first = await decoder.run([tokens.slice(0, 3)]), { vocabulary } = model.architecture;
      let past = first.past;
      assert.ok(worstOf(first.logits, expected.subarray(0, 3 * vocabulary)) < 3e-5);
      for (let at = 3; at < tokens.length; at++) {
        const next = await decoder.run([[tokens[at]]], past);
        assert.ok(worstOf(next.logits, expected.subarray(at * vocabulary, (at + 1) * vocabulary)) < 3e-5);
        past = next.past;
      }
      await decoder.release();
    });
  }

  it("keeps sequences of a batch apart, and does not look at padding", async () => {
    const model = await open("qwen3"),
      { tokens } = models.qwen3,
      decoder = await openDecoder(await filesOf(model), model.architecture);
    const short = tokens.slice(2, 6), pad = new Array<number>(tokens.length - short.length).fill(nothing);
    const { logits: both } = await decoder.run([tokens, [...pad, ...short]]);
    const { logits: alone } = await decoder.run([short]);
    assert.ok(worstOf(both.subarray(-alone.length), alone) < 1e-5);
    assert.ok(worstOf(both.subarray(0, both.length / 2), (await decoder.run([tokens])).logits) < 1e-5);
    await decoder.release();
  });

  const cases: Record<string, Omit<QuantizeModelOptions, "calibration">> = {
    "4 bits in groups of 32": { bits: 4, groupSize: 32 },
    "4 bits by row, symmetric": { bits: 4, symmetric: true },
    "3 bits in groups of 48, of which the last is short": { bits: 3, groupSize: 48 },
    "several widths, some layers left alone": { bits: { "*.down_proj": 8, "*.up_proj": 2, "*.q_proj": 3 } },
    "4 bits and columns of outliers": {
      bits: 4,
      method: "quantease",
      iterations: 2,
      outliers: { fraction: 0.05, structured: true },
    },
  };
  for (const [name, options] of Object.entries(cases)) {
    it(`at ${name}: onnxruntime-web computes what the quantised model does, and it reads back exactly`, async () => {
      const model = await quantized(options), files = await filesOf(model);
      const decoder = await openDecoder(files, model.model.architecture);
      const expected = (await logits(model, llamaTokens)).data,
        { logits: received } = await decoder.run([[...llamaTokens]]);
      assert.ok(worstOf(received, expected) < 2e-5, `${worstOf(received, expected)}`);
      await decoder.release();
      const again = await loadQuantized(files), { layers } = again;
      assert.deepEqual((await logits(again, llamaTokens)).data, expected);
      assert.deepEqual([...layers.keys()], [...model.layers.keys()]);
      for (const [name, { bits, groupSize, codes, scales, zeros, groupIndex, outliers }] of model.layers) {
        const again = layers.get(name)!;
        assert.deepEqual([again.bits, again.groupSize], [bits, groupSize]);
        for (const [one, other] of [[again.codes, codes], [again.scales, scales], [again.zeros, zeros]]) {
          assert.deepEqual(one, other);
        }
        assert.deepEqual([again.groupIndex, again.outliers], [groupIndex, outliers]);
      }
    });
  }

  it("of a Llama of 256 / 768 in f16, tensors beside the graph: the same logits, the same greedy tokens", async () => {
    const { files, tokens } = randomLlama(256, 48), { tensors } = parseSafetensors(files.get("model.safetensors")!);
    const half = new Map([...tensors].map(([name, tensor]) => [name, narrowed(tensor, "F16")]));
    const model = await loadModel(modelFiles(new TextDecoder().decode(files.get("config.json")), half));
    const four = await quantized({ bits: 4, groupSize: 32, method: "rtn" }, model),
      saved = await filesOf(four, 400_000);
    const parts = [...saved.keys()].filter((name) => name.includes("_data"));
    assert.ok(parts.length > 2, `${parts}`);
    assert.deepEqual(JSON.parse(new TextDecoder().decode(saved.get("config.json"))!)["transformers.js_config"], {
      dtype: "q4",
      use_external_data_format: { "model_q4.onnx": parts.length },
    });
    const decoder = await openDecoder(saved, model.architecture);
    const { logits: received } = await decoder.run([[...tokens]]);
    assert.ok(worstOf(received, (await logits(four, tokens)).data) < 1e-4);
    const prompt = tokens.subarray(0, 5),
      expected = await tokensOf(generateTokens(four, prompt, { tokens: 24 }));
    assert.deepEqual(await decoder.generate([...prompt], 24, []), expected);
    await decoder.release();
    assert.deepEqual(
      (await loadQuantized(saved)).layers.get("model.layers.1.mlp.up_proj")!.codes,
      four.layers.get("model.layers.1.mlp.up_proj")!.codes,
    );
  });

  it("of stories260k at 3 bits tells the story that the quantised model tells", needsData("stories260k"), async () => {
    const model = await loadModel(dataPath("stories260k")),
      lines = (await readDataText("stories260k/calibration.txt")).split("\n");
    const three = await quantizeModel(model, { calibration: lines.slice(0, 4), bits: 3, method: "gptq" });
    const decoder = await openDecoder(await filesOf(three), model.architecture),
      prompt = model.tokenizer!.encode("Once upon a time");
    const expected = await tokensOf(generateTokens(three, Uint32Array.from(prompt), { tokens: 60 }));
    assert.deepEqual(await decoder.generate([...prompt], 60, model.architecture.endTokens), expected);
    await decoder.release();
  });

  it("refuses by name what it cannot hold, before anything is written", async () => {
    const written: string[] = [],
      refused = (model: LanguageModel | QuantizedLanguageModel, pattern: RegExp) =>
        assert.rejects(saveOnnx(model, (name) => void written.push(name)), pattern);
    await refused(await open("gpt2"), /family gpt2, and there are graphs of llama, mistral, qwen2, qwen3/);
    await refused(
      await quantized({ bits: 4, groupSize: 24 }),
      /q_proj as ONNX: its groups of 24 columns are no multiple of 16/,
    );
    const sparse = await quantized({ bits: 4, method: "quantease", iterations: 1, outliers: { fraction: 0.05 } });
    await refused(sparse, /outliers lie in \d+ of 64 columns.*"structured"/);
    assert.deepEqual(written, []);
    const told = (options: Omit<QuantizeModelOptions, "calibration">, pattern: RegExp, model?: LanguageModel) =>
      assert.rejects(quantized({ format: "onnx", ...options }, model), { name: "OptionError", message: pattern });
    await told({}, /"format".*llama, mistral, qwen2, qwen3, not for gpt2/, await open("gpt2"));
    await told({ groupSize: 24 }, /multiples of 16 columns or whole rows, not of 24/);
    await told({ method: "quantease", outliers: { fraction: 0.05 } }, /"structured" ones alone/);
    await told({ method: "quantease", outliers: { fraction: 0.2, structured: true } }, /at most 0.125 of the columns/);
  });

  it("reads damage and strangers as what they are", async () => {
    const files = await filesOf(await quantized({ bits: 3 })), name = "onnx/model_q4.onnx", bytes = files.get(name)!;
    const graph = (bytes: Uint8Array) => new Map(files).set(name, bytes);
    const model = parseOnnx(bytes),
      read = (changed: Partial<OnnxModel>) => loadQuantized(graph(serializeOnnx({ ...model, ...changed })));
    await assert.rejects(read({ metadata: {} }), /another program/);
    await assert.rejects(read({ nodes: [] }), /has no MatMulNBits/);
    const without = new Map(model.tensors);
    without.delete("model.layers.0.mlp.up_proj.scales");
    await assert.rejects(read({ tensors: without }), /up_proj.scales" is missing/);
    const { integer } = createRandom(8);
    for (let trial = 0; trial < 200; trial++) {
      const damaged = bytes.slice(0, trial % 2 === 0 ? bytes.length : integer(bytes.length));
      for (let k = 0; k < 4; k++) damaged[integer(Math.min(damaged.length, 20_000))] = integer(256);
      // Either it is refused as damage, or what is damaged is a number.
      await loadQuantized(graph(damaged)).catch((error) => assert.equal(error.name, "FormatError", error.stack));
    }
  });
});
