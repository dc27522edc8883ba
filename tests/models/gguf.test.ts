import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { decodeFloat16, encodeFloat16, parseGguf, readGgufTensor, serializeGguf } from "../../formats/mod.ts";
import { blockTypes, emptyBlock, readBlock } from "../../formats/gguf_blocks.ts";
import {
  checkpointFormats,
  type LanguageModel,
  loadModel,
  logits,
  perplexity,
  quantizeModel,
  type QuantizeModelOptions,
  saveGguf,
} from "../../models/mod.ts";
import { withLayers } from "../../models/quantized.ts";
import { packLayer } from "../../models/checkpoints/gguf/layers.ts";
import { matrix } from "../../solvers/core/matrix.ts";
import { dequantize, type QuantizedWeights } from "../../solvers/quantization/layer.ts";
import { models } from "../fixtures/models.ts";
import { dataPath, needsData, readDataText } from "../support/data.ts";
import { fixtureTensors, modelFiles, randomLlama, wordTokenizer } from "../support/models.ts";

const filesOf = (name: string) => modelFiles(models[name].config, fixtureTensors(models[name]));
const open = (name: string) => loadModel(filesOf(name));
const tokens = Uint32Array.from(models.llama.tokens);
const json = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

/** The file that a model becomes, and the report. */
async function saved(model: Parameters<typeof saveGguf>[0], options?: Parameters<typeof saveGguf>[2]) {
  let file: Uint8Array | undefined;
  const report = await saveGguf(model, (name, bytes) => {
    assert.equal(name, "model.gguf");
    file = bytes;
  }, options);
  return { file: file!, report, model: await loadModel(new Map([["model.gguf", file!]])) };
}

const access = (file: Uint8Array) => ({
  size: file.length,
  read: (at: number, length: number) => Promise.resolve(file.slice(at, at + length)),
});

/** A quantised model whose scales are numbers of f16. */
async function quantized(hidden: number, options: Partial<QuantizeModelOptions>) {
  const { files, tokens } = randomLlama(hidden, 24), model = await loadModel(files);
  const { layers, report } = await quantizeModel(model, { calibration: [tokens], method: "rtn", ...options });
  const halved = new Map([...layers].map(([name, layer]) => {
    const scales = decodeFloat16(encodeFloat16(layer.scales.data));
    return [name, { ...layer, scales: matrix(...layer.scales.shape, scales) }];
  }));
  return { tokens, result: { layers: halved, model: withLayers(model, halved), report } };
}

describe("saveGguf", () => {
  for (const name of Object.keys(models).filter((name) => /^(llama|mistral|qwen)/.test(name))) {
    it(`of ${name} is read again to the bit, in f32`, async () => {
      const model = await open(name), again = await saved(model, { dense: "f32" });
      const some = tokens.subarray(0, again.model.architecture.context);
      const [before, after] = [await logits(model, some), await logits(again.model, some)];
      // Angles in f32 are those in f64 to its precision.
      before.data.forEach((value, k) => assert.ok(Math.abs(value - after.data[k]) < 2e-6, `${k}`));
      const { family, positions: _, context, window: __, names: ___, ...others } = model.architecture;
      const { family: ____, ...found } = again.model.architecture;
      for (const [part, value] of Object.entries(others)) {
        assert.deepEqual(found[part as keyof typeof found], value, part);
      }
      assert.ok(again.model.architecture.context <= context);
      assert.equal(again.model.architecture.family, family === "mistral" ? "llama" : family);
    });
  }

  it("orders the rows of queries and keys as llama.cpp rotates them", async () => {
    const model = await open("llama"), { file } = await saved(model, { dense: "f32" }), header = parseGguf(file);
    const stored = (await readGgufTensor(access(file), header, "blk.0.attn_k.weight")).data;
    const own = (await model.weights.read("model.layers.0.self_attn.k_proj.weight")).data;
    // Two heads of four columns: 0 and 2 of a head are turned together, and there 0 and 1.
    [0, 2, 1, 3, 4, 6, 5, 7].forEach((from, to) =>
      assert.deepEqual(stored.slice(16 * to, 16 * to + 16), own.slice(16 * from, 16 * from + 16))
    );
    const qwen = await open("qwen2"), kept = await saved(qwen, { dense: "f32" });
    const bias = await readGgufTensor(access(kept.file), parseGguf(kept.file), "blk.1.attn_q.bias");
    assert.deepEqual(bias.data, (await qwen.weights.read("model.layers.1.self_attn.q_proj.bias")).data);
  });

  it("refuses a tokenizer that it has no words for before anything is solved", async () => {
    const files = filesOf("llama").set("tokenizer.json", json(wordTokenizer(29)));
    await assert.rejects(checkpointFormats.gguf.check!(await loadModel(files)), /is of type WordLevel; BPE is needed/);
    await assert.rejects(checkpointFormats.gguf.check!(await open("gpt2")), /its family is gpt2/);
    await checkpointFormats.gguf.check!(await open("llama"));
  });

  it("keeps a window within the context", async () => {
    const { model } = await saved(await open("mistral")), window = (await open("mistral")).architecture.window!(0)!;
    assert.equal(model.architecture.context, window);
  });

  for (
    const { title, type, options } of [
      { title: "4 bits, symmetric", type: "Q4_0", options: { bits: 4, groupSize: 32, symmetric: true } },
      { title: "3 bits in groups of 64", type: "Q4_0", options: { bits: 3, groupSize: 64 } },
      { title: "2 bits by row", type: "Q4_0", options: { bits: 2 } },
      { title: "8 bits, symmetric", type: "Q8_0", options: { bits: 8, groupSize: 32, symmetric: true } },
    ] as const
  ) {
    it(`keeps codes and scales of ${title} to the bit, in ${type}`, async () => {
      const { result, tokens } = await quantized(64, options),
        { file, report, model } = await saved(result, { dense: "f32" });
      assert.equal(report.bytes, file.length);
      assert.equal(report.layers.length, 21);
      assert.ok(report.layers.every((layer) => layer.type === type && layer.exact), JSON.stringify(report.layers[0]));
      assert.deepEqual((await logits(model, tokens)).data, (await logits(result, tokens)).data);
      // Apart from dequantisation: the blocks themselves, of a layer whose rows stay in order.
      const name = "model.layers.1.mlp.down_proj", { codes, scales, zeros, groupIndex } = result.layers.get(name)!;
      const { begin, end } = parseGguf(file).entries.get("blk.1.ffn_down.weight")!, bytes = file.subarray(begin, end);
      const block = emptyBlock(blockTypes[type]), groups = scales.shape[1], { zero } = blockTypes[type];
      for (let at = 0, k = 0; at < bytes.length; at += blockTypes[type].bytes) {
        readBlock(blockTypes[type], bytes, at, block);
        for (const code of block.codes) {
          const i = Math.floor(k / 192), group = i * groups + (groupIndex?.[k % 192] ?? 0);
          assert.equal(code - zero, codes[k++] - zeros.data[group]);
          assert.equal(decodeFloat16(Uint16Array.of(block.d))[0], scales.data[group]);
        }
      }
    });
  }

  it("keeps 4 bits, asymmetric, in Q4_1: exactly where f16 has the minimum", () => {
    const layer = (scale: number, zero: number): QuantizedWeights => ({
      bits: 4,
      groupSize: 32,
      shape: [1, 32],
      codes: Uint8Array.from({ length: 32 }, (_, k) => k % 16),
      scales: matrix(1, 1, Float32Array.of(scale)),
      zeros: matrix(1, 1, Float32Array.of(zero)),
    });
    const packed = (scale: number, zero: number) => packLayer(layer(scale, zero)) as { type: string; exact: boolean };
    const [scale] = decodeFloat16(encodeFloat16([0.1]));
    assert.deepEqual([packed(0.125, 5).type, packed(0.125, 5).exact], ["Q4_1", true]);
    assert.deepEqual([packed(scale, 5).type, packed(scale, 5).exact], ["Q4_1", false]);
    assert.deepEqual([packed(0.1, 8).type, packed(0.1, 8).exact], ["Q4_0", false]);
    assert.match((packLayer(layer(1e6, 5)) as { problem: string }).problem, /f16/);
    assert.match((packLayer(layer(1e-9, 8)) as { problem: string }).problem, /f16/);
  });

  for (const bits of [2, 3, 8] as const) {
    it(`holds to the bit what was quantised for it, at ${bits} bits, and its perplexity`, async () => {
      const { files, tokens } = randomLlama(32, 20), model = await loadModel(files), calibration = [tokens];
      const result = await quantizeModel(model, { calibration, bits, format: "gguf", iterations: 2 });
      const { report, model: again } = await saved(result, { dense: "f32" });
      assert.ok(report.layers.every(({ exact }) => exact));
      assert.deepEqual(await perplexity(again, [tokens]), await perplexity(result, [tokens]));
    });
  }

  for (const [bits, type, groupSize] of [[3, "Q3_K", 16], [4, "Q4_K", 32]] as const) {
    it(`holds ${bits} bits in blocks of 256 as they were descended on, in ${type}`, async () => {
      const { files, tokens } = randomLlama(256, 12), model = await loadModel(files), calibration = [tokens];
      const some = { calibration, bits: { "*.0.self_attn.k_proj": bits }, format: "gguf", originalShare: 0 } as const;
      const result = await quantizeModel(model, { ...some, method: "gptq" });
      const { report, model: again } = await saved(result, { dense: "f32" });
      assert.deepEqual(report.layers.map((layer) => [layer.type, layer.exact]), [[type, true]]);
      for (const [name, layer] of result.layers) {
        assert.equal(layer.groupSize, groupSize);
        const { data } = await again.weights.read(`${name}.weight`), own = dequantize(layer).data;
        const most = Float64Array.from(own, Math.abs).reduce((one, other) => Math.max(one, other), 0);
        // Minimums are rounded once here and there.
        own.forEach((value, at) => assert.ok(Math.abs(value - Number(data[at])) <= (bits === 3 ? 0 : 1e-6 * most)));
      }
      const rounded = await quantizeModel(model, { ...some, method: "rtn" });
      assert.ok(result.report.meanRelativeError < rounded.report.meanRelativeError);
      // Groups that such blocks do not have are kept in those of 32.
      const wide = await quantizeModel(model, { ...some, groupSize: 64, method: "rtn" });
      assert.ok((await saved(wide)).report.layers.every((layer) => layer.type === (bits === 3 ? "Q4_0" : "Q4_1")));
    });
  }

  it("has no place for outliers, odd groups, and layers whose width no block divides", async () => {
    const { files, tokens } = randomLlama(32, 20), model = await loadModel(files), calibration = [tokens];
    const refused = (options: object, message: RegExp) =>
      assert.rejects(quantizeModel(model, { calibration, bits: 4, format: "gguf", ...options }), message);
    await refused({ outliers: { fraction: 0.01 } }, /"outliers": the format "gguf" has no place/);
    await refused({ groupSize: 48 }, /"groupSize": the format "gguf" has groups of 32, 64/);
    const narrow = quantizeModel(await open("llama"), { calibration: [Uint32Array.of(1, 2)], format: "gguf" });
    await assert.rejects(narrow, /gguf can hold no layer: 16 inputs are no multiple of 32/);
  });

  it("leaves a layer dense that no block holds, and says why", async () => {
    const model = await open("llama"), calibration = [tokens];
    const { report, model: again } = await saved(await quantizeModel(model, { calibration, bits: 4, method: "rtn" }));
    assert.equal(report.layers.length, 14);
    assert.match(report.layers[0].problem!, /rows of 16 weights do not divide into blocks of 32/);
    assert.equal(report.layers[0].type, "F16");
    assert.equal(again.weights.describe("model.layers.0.mlp.up_proj.weight").dtype, "F16");
    const { result } = await quantized(32, { bits: 4, method: "auto", iterations: 1, outliers: { fraction: 0.1 } });
    assert.match((await saved(result)).report.layers[0].problem!, /weights beside its grid/);
    const { result: narrow } = await quantized(64, { bits: 4, groupSize: 24 });
    assert.match((await saved(narrow)).report.layers[0].problem!, /groups of 24 columns/);
  });

  it("writes dense matrices as it is told, and f32 where f16 has no such numbers", async () => {
    const model = await open("qwen3"),
      types = async (options: Parameters<typeof saveGguf>[2]) => {
        const { entries } = parseGguf((await saved(model, options)).file);
        return ["token_embd.weight", "blk.0.attn_q_norm.weight"].map((name) => entries.get(name)!.type);
      };
    assert.deepEqual(await types({}), ["F16", "F32"]);
    assert.deepEqual(await types({ dense: "bf16" }), ["BF16", "F32"]);
    const tensors = fixtureTensors(models.llama), wide = tensors.get("model.embed_tokens.weight")!;
    tensors.set("model.embed_tokens.weight", {
      ...wide,
      data: (wide.data as Float32Array).map((value) => 1e6 * value),
    });
    const { file } = await saved(await loadModel(modelFiles(models.llama.config, tensors)));
    assert.equal(parseGguf(file).entries.get("token_embd.weight")!.type, "F32");
  });

  it("refuses what llama.cpp's readers cannot compute", async () => {
    const refused = async (model: LanguageModel, message: RegExp) =>
      await assert.rejects(saveGguf(model, () => assert.fail("written")), message);
    for (const name of ["opt", "bloom", "falcon", "gpt2"]) {
      await refused(await open(name), new RegExp(`its family is ${name}, and llama, mistral, qwen2, qwen3 are known`));
    }
    const config = JSON.parse(models.qwen2.config), tensors = fixtureTensors(models.qwen2);
    const yarn = { rope_type: "yarn", factor: 4, rope_theta: 100, original_max_position_embeddings: 8 };
    await refused(await loadModel(modelFiles({ ...config, rope_parameters: yarn }, tensors)), /scaled unevenly/);
    await refused(await loadModel(modelFiles({ ...config, hidden_act: "relu" }, tensors)), /its activation is relu/);
    await assert.rejects(saveGguf(await open("llama"), () => {}, { dense: "q4" } as never), /"dense"/);
  });
});

describe("a GGUF file", () => {
  it("is refused by name where it cannot be read", async () => {
    const { file } = await saved(await open("llama")), { metadata, entries } = parseGguf(file);
    const changed = (key: string, value?: string) => {
      const values = new Map(metadata);
      if (value === undefined) values.delete(key);
      else values.set(key, { type: "string", value });
      const tensors = [...entries].map(([name, { type, shape, begin, end }]) =>
        [name, { type: type as "F32", shape, bytes: file.slice(begin, end) }] as const
      );
      return loadModel(new Map([["model.gguf", serializeGguf(values, new Map(tensors))]]));
    };
    await assert.rejects(
      changed("general.architecture", "mamba"),
      /"general\.architecture" is "mamba"; known are llama, qwen2/,
    );
    await assert.rejects(changed("llama.block_count"), /"llama\.block_count" is missing; a number is needed/);
    await assert.rejects(changed("llama.embedding_length", "16"), /"llama\.embedding_length" is string/);
    await assert.rejects(loadModel(new Map([["a.gguf", file], ["b.gguf", file]])), /several models: a\.gguf, b\.gguf/);
    await assert.rejects(loadModel(new Map([["a.gguf", file.subarray(0, 900)]])), /is cut short/);
    // A configuration beside it is that of another model.
    const both = new Map([...filesOf("qwen3"), ["a.gguf", file]]);
    assert.equal((await loadModel(both)).architecture.family, "qwen3");
  });
});

/** A tokenizer of single characters and some merges, as tokenizers of this kind are. */
function tokenizerFile(byBytes: boolean, merges: string[], others: object) {
  const letters = byBytes ? ["<unk>", "<s>", "</s>", "<0x0A>", "▁"] : ["Ġ"];
  const pieces = [...letters, ..."abcdef", ...new Set(merges.map((merge) => merge.replace(" ", "")))];
  return {
    version: "1.0",
    added_tokens: byBytes ? [{ id: 0, content: "<unk>", special: true }, { id: 1, content: "<s>", special: true }] : [],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: null,
    model: {
      type: "BPE",
      vocab: Object.fromEntries(pieces.map((piece, id) => [piece, id])),
      merges,
      byte_fallback: byBytes,
      unk_token: byBytes ? "<unk>" : null,
    },
    ...others,
  };
}

describe("tokenizers in GGUF", () => {
  const withTokenizer = async (file: object, settings: object = {}) => {
    const files = filesOf("llama").set("tokenizer.json", json(file)).set("tokenizer_config.json", json(settings));
    const { file: bytes, model } = await saved(await loadModel(files));
    return { model, value: (key: string) => parseGguf(bytes).metadata.get(`tokenizer.ggml.${key}`)?.value };
  };
  const byteLevel = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true };
  const split = (Regex: string) => ({
    type: "Sequence",
    pretokenizers: [{ type: "Split", pattern: { Regex }, behavior: "Isolated", invert: false }, {
      ...byteLevel,
      use_regex: false,
    }],
  });

  it("have scores that merge in the order of the merges", async () => {
    const normalizer = {
      type: "Sequence",
      normalizers: [{ type: "Prepend", prepend: "▁" }, {
        type: "Replace",
        pattern: { String: " " },
        content: "▁",
      }],
    };
    const file = tokenizerFile(true, ["a b", "a bc", "ab c", "d e"].filter((merge) => merge !== "a bc"), {
      normalizer,
    });
    const { value, model } = await withTokenizer(file, { bos_token: "<s>", eos_token: "</s>", unk_token: "<unk>" });
    assert.equal(value("model"), "llama");
    const tokens = value("tokens") as string[], scores = value("scores") as number[];
    assert.equal(tokens.length, 29);
    assert.deepEqual(tokens.slice(11, 16), ["ab", "abc", "de", "[PAD14]", "[PAD15]"]);
    assert.ok(scores[11] > scores[12] && scores[12] > scores[13]);
    assert.deepEqual((value("token_type") as number[]).slice(0, 15), [2, 3, 1, 6, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 5]);
    assert.deepEqual([value("bos_token_id"), value("eos_token_id"), value("unknown_token_id")], [1, 2, 0]);
    assert.deepEqual([value("add_bos_token"), value("add_space_prefix")], [true, true]);
    assert.deepEqual([...model.tokenizer!.encode("abc de")], [1, 4, 12, 4, 13]);
    const twice = tokenizerFile(true, ["a bc", "d e", "ab c"], {});
    await assert.rejects(withTokenizer(twice), /tokenizer\.json merges "abc" both before and after "de"/);
  });

  for (
    const [pre, pre_tokenizer] of Object.entries({
      "gpt-2": { ...byteLevel, use_regex: true },
      "smollm": {
        type: "Sequence",
        pretokenizers: [{ type: "Digits", individual_digits: true }, { ...byteLevel, use_regex: true }],
      },
      "qwen2": split(
        String
          .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
      ),
      "llama-bpe": split(
        String
          .raw`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
      ),
    })
  ) {
    it(`of bytes, cut as ${pre} cuts text, keep their merges`, async () => {
      const { value } = await withTokenizer(tokenizerFile(false, ["a b", "Ġ ab"], { pre_tokenizer }), {
        chat_template: "x",
      });
      assert.deepEqual([value("model"), value("pre"), value("merges")], ["gpt2", pre, ["a b", "Ġ ab"]]);
      assert.equal(value("scores"), undefined);
    });
  }

  it("are refused where GGUF has no words for them", async () => {
    const other = tokenizerFile(false, ["a b"], { pre_tokenizer: split("x+") });
    await assert.rejects(withTokenizer(other), /tokenizer\.json cuts text by \/x\+\/, and must do so as GPT-2/);
    const words = { ...other, pre_tokenizer: null, model: { type: "WordLevel", vocab: { a: 0 }, unk_token: "a" } };
    await assert.rejects(withTokenizer(words), /is of type WordLevel; BPE is needed/);
  });

  it("of a real model is there again, and so is its perplexity", needsData("stories260k"), async () => {
    const model = await loadModel(dataPath("stories260k"));
    const lines = (await readDataText("stories260k/evaluation.txt")).split("\n").filter(Boolean);
    const again = await saved(model, { dense: "f32" });
    assert.deepEqual(await perplexity(again.model, lines), await perplexity(model, lines));
    const half = (await perplexity((await saved(model)).model, lines)).perplexity;
    assert.ok(Math.abs(half / 5.36341 - 1) < 1e-4, `${half}`);
  });
});
