import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { parseSafetensors, type TensorInput } from "../../formats/mod.ts";
import {
  type LayeredModel,
  loadModel,
  loadQuantized,
  logits,
  quantizeModel,
  type QuantizeModelOptions,
  saveCompressedTensors,
  saveGptq,
  saveOnnx,
  saveSafetensors,
  type SaveTarget,
} from "../../models/mod.ts";
import { encodeFloat16 } from "../../solvers/core/float16.ts";
import { matrix } from "../../solvers/core/matrix.ts";
import { createRandom } from "../../solvers/core/random.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import { models } from "../fixtures/models.ts";
import { fixtureTensors, modelFiles, randomLlama, widenedFixture } from "../support/models.ts";

/** Llama of 32 columns, some of whose layers have 40. */
const llamaFiles = () => randomLlama(32, 24, 40).files;
const { integer } = createRandom(7);
const calibration = Array.from({ length: 2 }, () => Uint32Array.from({ length: 16 }, () => integer(29)));
const tokens = Uint32Array.from(models.llama.tokens), first = "model.layers.0.self_attn.q_proj";

type Save = (model: LayeredModel, target: SaveTarget) => Promise<unknown>;

async function filesOf(save: Save, model: LayeredModel): Promise<Map<string, Uint8Array>> {
  const files = new Map<string, Uint8Array>();
  await save(model, (name, bytes) => void files.set(name, bytes));
  return files;
}

const jsonOf = (files: ReadonlyMap<string, Uint8Array>, name = "config.json") =>
  JSON.parse(new TextDecoder().decode(files.get(name)));
const tensorsOf = (files: ReadonlyMap<string, Uint8Array>) => parseSafetensors(files.get("model.safetensors")!).tensors;

/** Number `index` of a line of words, bit by bit: bit `b` of the line is bit `b % 32` of its word `floor(b / 32)`. */
function numberAt(word: (index: number) => number, index: number, bits: number): number {
  let value = 0;
  for (let k = 0; k < bits; k++) {
    const bit = index * bits + k;
    value += Math.floor((word(Math.floor(bit / 32)) >>> 0) / 2 ** (bit % 32)) % 2 * 2 ** k;
  }
  return value;
}

async function quantized(options: Partial<QuantizeModelOptions>) {
  return await quantizeModel(await loadModel(llamaFiles()), { calibration, method: "rtn", ...options });
}

const contentOf = ({ bits, groupSize, shape, codes, scales, zeros, groupIndex }: QuantizedWeights) => ({
  bits,
  groupSize,
  shape,
  codes,
  scales,
  zeros,
  groupIndex,
});

/** Reads what was saved: layers are as they were, and so are logits, to the bit. */
async function readsBack(files: Map<string, Uint8Array>, model: LayeredModel): Promise<void> {
  const again = await loadQuantized(files);
  assert.deepEqual([...again.layers.keys()].sort(), [...model.layers.keys()].sort());
  for (const [name, layer] of model.layers) {
    assert.deepEqual(contentOf(again.layers.get(name)!), contentOf(layer), name);
  }
  const expected = (await logits(model, tokens)).data;
  assert.deepEqual((await logits(again, tokens)).data, expected);
  const loaded = await loadModel(files);
  assert.deepEqual((await logits(loaded, tokens)).data, expected);
  assert.ok(!("quantization_config" in JSON.parse(loaded.config)));
}

const variants: readonly Partial<QuantizeModelOptions>[] = [
  ...([2, 3, 4, 8] as const).map((bits) => ({ bits })),
  { bits: 3, groupSize: 16 },
  { bits: 4, symmetric: true, groupSize: 16 },
  { bits: 3, symmetric: true },
];

describe("saveGptq", () => {
  it("packs codes, zero points and scales as the format defines them, and they read back to the bit", async () => {
    for (const variant of variants) {
      const model = await quantized({ ...variant, format: "gptq" }), files = await filesOf(saveGptq, model);
      const settings = jsonOf(files, "quantize_config.json"), tensors = tensorsOf(files);
      assert.deepEqual(jsonOf(files).quantization_config, settings);
      const { checkpoint_format: version, sym, bits, group_size, desc_act } = settings;
      const expected = [variant.symmetric ? "gptq" : "gptq_v2", !!variant.symmetric, variant.bits];
      assert.deepEqual([version, sym, bits, group_size, desc_act], [...expected, variant.groupSize ?? -1, false]);
      for (const [name, { codes, scales, zeros, shape: [outputs, inputs] }] of model.layers) {
        const data = (part: string) => tensors.get(`${name}.${part}`)!.data as Int32Array;
        const [qweight, qzeros, index] = [data("qweight"), data("qzeros"), data("g_idx")];
        const groups = scales.shape[1], across = qzeros.length / groups;
        assert.deepEqual(tensors.get(`${name}.qweight`)!.shape, [Math.ceil(inputs * bits / 32), outputs]);
        assert.ok(!tensors.has(`${name}.weight`));
        for (let o = 0; o < outputs; o++) {
          for (let i = 0; i < inputs; i++) {
            assert.equal(numberAt((w) => qweight[w * outputs + o], i, bits), codes[o * inputs + i]);
            assert.equal(index[i], Math.floor(i / (variant.groupSize ?? inputs)));
          }
          for (let g = 0; g < groups; g++) {
            const stored = numberAt((w) => qzeros[g * across + w], o, bits) + (version === "gptq" ? 1 : 0);
            assert.equal(stored, zeros.data[o * groups + g]);
            const [half] = encodeFloat16([scales.data[o * groups + g]]);
            assert.equal((tensors.get(`${name}.scales`)!.data as Uint16Array)[g * outputs + o], half);
          }
        }
      }
      await readsBack(files, model);
    }
    // The word of eight zero points of a symmetric grid in the first version.
    const model = await quantized({ bits: 4, symmetric: true, format: "gptq" });
    const zeros = tensorsOf(await filesOf(saveGptq, model)).get(`${first}.qzeros`)!.data as Int32Array;
    assert.ok(zeros.every((word) => word === 0x77777777));
  });

  it("keeps layers that do not fit dense, says so, and gives others rules of their own", async () => {
    const model = await quantized({ bits: { "*.q_proj": 8, "*": 4 }, groupSize: 16, format: "gptq" });
    assert.deepEqual(model.report.unquantized.map(({ name, reason }) => [name, reason]).slice(0, 3), [
      ["model.layers.0.mlp.gate_proj", "40 outputs are no multiple of 32"],
      ["model.layers.0.mlp.up_proj", "40 outputs are no multiple of 32"],
      ["model.layers.0.mlp.down_proj", "40 inputs are no multiple of 32"],
    ]);
    const files = await filesOf(saveGptq, model),
      { dynamic, bits, modules_in_block_to_quantize } = jsonOf(
        files,
        "quantize_config.json",
      );
    assert.equal(bits, 4);
    assert.deepEqual(dynamic["-:^model\\.layers\\.0\\.mlp\\.down_proj$"], {});
    assert.deepEqual(dynamic["+:^model\\.layers\\.1\\.self_attn\\.q_proj$"], { bits: 8, group_size: 16 });
    assert.deepEqual(modules_in_block_to_quantize[0].sort(), [
      "self_attn.k_proj",
      "self_attn.o_proj",
      "self_attn.q_proj",
      "self_attn.v_proj",
    ]);
    await readsBack(files, model);
  });

  it("keeps the order of GPT-2's weights, and any order of groups", async () => {
    const source = await loadModel(widenedFixture(models.gpt2));
    const model = await quantizeModel(source, { calibration, method: "rtn", bits: 4, groupSize: 16, format: "gptq" });
    const shuffled = new Map([...model.layers].map(([name, layer]) => {
      return [name, { ...layer, groupIndex: layer.groupIndex!.toReversed() }];
    }));
    await readsBack(await filesOf(saveGptq, model), model);
    const files = await filesOf(saveGptq, { ...model, layers: shuffled });
    assert.equal(jsonOf(files).quantization_config.desc_act, true);
    const name = "transformer.h.0.attn.c_attn", again = await loadQuantized(files);
    assert.deepEqual(again.layers.get(name)!.groupIndex, shuffled.get(name)!.groupIndex);
    assert.deepEqual(again.model.weights.describe(`${name}.weight`).shape, [32, 96]);
  });
});

describe("saveCompressedTensors", () => {
  it("packs codes, zero points and scales as the library does, and they read back to the bit", async () => {
    for (const { groupSize, ...variant } of variants) {
      const size = groupSize && 8, format = "compressed-tensors" as const;
      const model = await quantized({ ...variant, groupSize: size, format });
      assert.equal(model.layers.size, 21);
      const files = await filesOf(saveCompressedTensors, model),
        tensors = tensorsOf(files),
        bits = variant.bits as number;
      const { config_groups, format: kind } = jsonOf(files).quantization_config;
      const { num_bits, symmetric, strategy, group_size } = config_groups.group_0.weights;
      assert.deepEqual([kind, num_bits, symmetric], ["pack-quantized", bits, !!variant.symmetric]);
      assert.deepEqual([strategy, group_size], size ? ["group", size] : ["channel", null]);
      for (const [name, { codes, scales, zeros, shape: [outputs, inputs] }] of model.layers) {
        const packed = tensors.get(`${name}.weight_packed`)!, groups = scales.shape[1], [, across] = packed.shape;
        assert.deepEqual(packed.shape, [outputs, Math.ceil(inputs * bits / 32)]);
        assert.deepEqual(tensors.get(`${name}.weight_shape`)!.data, BigInt64Array.of(BigInt(outputs), BigInt(inputs)));
        const words = packed.data as Int32Array;
        codes.forEach((code, at) => {
          const row = Math.floor(at / inputs);
          assert.equal(numberAt((w) => words[row * across + w], at % inputs, bits), code);
        });
        const points = tensors.get(`${name}.weight_zero_point`)?.data as Int32Array | undefined;
        assert.equal(points === undefined, !!variant.symmetric, name);
        zeros.data.forEach((zero, at) => {
          if (points) {
            assert.equal(numberAt((w) => points[w * groups + at % groups], Math.floor(at / groups), bits), zero);
          }
        });
      }
      await readsBack(files, model);
    }
  });

  it("names the layers of each kind, and those that are not quantised", async () => {
    const format = "compressed-tensors" as const;
    const model = await quantized({ bits: { "*.q_proj": 8, "*.mlp.*": 4 }, format });
    const files = await filesOf(saveCompressedTensors, model),
      { config_groups, ignore } = jsonOf(files).quantization_config;
    assert.deepEqual(config_groups.group_0.targets, [0, 1, 2].map((k) => `model.layers.${k}.self_attn.q_proj`));
    assert.equal(config_groups.group_1.targets.length, 9);
    assert.ok(ignore.includes("model.layers.1.self_attn.o_proj") && !ignore.includes("model.layers.1.mlp.up_proj"));
    await readsBack(files, model);
    // The same codes in another format.
    const again = await loadQuantized(files),
      narrow = { ...again, layers: new Map([[first, again.layers.get(first)!]]) };
    assert.deepEqual((await loadQuantized(await filesOf(saveGptq, narrow))).layers.get(first), again.layers.get(first));
    const dense = await loadModel(await filesOf(saveSafetensors, again));
    assert.equal(dense.quantization, undefined);
    assert.deepEqual((await logits(dense, tokens)).data, (await logits(model, tokens)).data);
  });
});

/** A model of which this layer alone is quantised, by these tensors. */
function withTensors(settings: object, parts: Readonly<Record<string, TensorInput>>): Map<string, Uint8Array> {
  const files = llamaFiles(), { tensors } = parseSafetensors(files.get("model.safetensors")!);
  const others = new Map<string, TensorInput>(tensors);
  others.delete(`${first}.weight`);
  for (const [part, tensor] of Object.entries(parts)) others.set(`${first}.${part}`, tensor);
  return modelFiles({ ...jsonOf(files), quantization_config: settings }, others);
}

const words = (shape: number[], word: (at: number) => number): TensorInput => ({
  shape,
  data: Int32Array.from({ length: shape[0] * (shape[1] ?? 1) }, (_, at) => word(at)),
});
const ones = (...shape: number[]): TensorInput => ({
  shape,
  dtype: "F16",
  data: encodeFloat16(new Float32Array(shape[0] * shape[1]).fill(1)),
});
const gptq = { quant_method: "gptq", bits: 4, group_size: -1 };

describe("loadQuantized", () => {
  it("restores zero points of the first version that wrapped around, and does without an index", async () => {
    // Zero points 0, 5, 8, 1, ... less a one in every field of the word: 0 borrows from its neighbour.
    const zeros = [0, 5, 8, 1, 15, 7, 3, 2],
      word = zeros.reduce((sum, zero, k) => sum + zero * 16 ** k, 0) - 0x11111111;
    const parts = {
      qweight: words([4, 32], (at) => at % 32 * 0x01010101),
      qzeros: words([1, 4], () => word | 0),
      scales: ones(1, 32),
    };
    const { layers } = await loadQuantized(withTensors(gptq, parts)), layer = layers.get(first)!;
    assert.deepEqual([...layer.zeros.data], [...zeros, ...zeros, ...zeros, ...zeros]);
    assert.deepEqual([...layer.codes.subarray(17 * 32, 17 * 32 + 4)], [1, 1, 1, 1]);
    assert.deepEqual(layer.shape, [32, 32]);
  });

  it("reads AWQ's order of outputs", async () => {
    const order = [0, 2, 4, 6, 1, 3, 5, 7], code = (input: number, output: number) => (3 * input + 5 * output) % 16;
    const packed = (value: (output: number) => number, width: number) =>
      order.reduce((sum, output, k) => sum + value(8 * width + output) * 16 ** k, 0) | 0;
    const parts = {
      qweight: words([32, 4], (at) => packed((output) => code(Math.floor(at / 4), output), at % 4)),
      qzeros: words([2, 4], (at) => packed((output) => (output + Math.floor(at / 4)) % 16, at % 4)),
      scales: ones(2, 32),
    };
    const settings = { quant_method: "awq", version: "GEMM", bits: 4, group_size: 16, zero_point: true };
    const layer = (await loadQuantized(withTensors(settings, parts))).layers.get(first)!;
    layer.codes.forEach((value, at) => assert.equal(value, code(at % 32, Math.floor(at / 32))));
    layer.zeros.data.forEach((zero, at) => assert.equal(zero, (Math.floor(at / 2) + at % 2) % 16));
    assert.equal(layer.groupIndex![16], 1);
  });

  it("reads codes of 3 bits of compressed-tensors of which a word held ten", async () => {
    const weights = { num_bits: 3, type: "int", symmetric: true, strategy: "channel" };
    const settings = {
      quant_method: "compressed-tensors",
      format: "pack-quantized",
      config_groups: { group_0: { targets: ["re:.*proj$"], weights } },
    };
    const parts = {
      weight_packed: words([32, 4], (at) => {
        let word = 0;
        for (let k = 0; k < 10; k++) word |= (at % 4 * 10 + k) % 8 << 3 * k;
        return word;
      }),
      weight_scale: ones(32, 1),
      weight_shape: { shape: [2], data: BigInt64Array.of(32n, 32n) },
    };
    const { codes, zeros } = (await loadQuantized(withTensors(settings, parts))).layers.get(first)!;
    codes.forEach((code, at) => assert.equal(code, at % 32 % 8));
    assert.ok(zeros.data.every((zero) => zero === 4));
  });

  it("says what it cannot read, and what does not fit together", async () => {
    const refused = (source: Map<string, Uint8Array>, message: RegExp) =>
      assert.rejects(loadQuantized(source), message);
    const sound = { qweight: words([4, 32], () => 0), qzeros: words([1, 4], () => 0), scales: ones(1, 32) };
    const dense = { weight: { shape: [32, 32], data: new Float32Array(1024) } };
    await refused(llamaFiles(), /has no "quantization_config" in the files: nothing is quantised/);
    await refused(
      withTensors({ quant_method: "fp8" }, dense),
      /"quant_method" is "fp8"; gptq, awq and compressed-tensors/,
    );
    await refused(withTensors({ ...gptq, checkpoint_format: "marlin" }, sound), /"checkpoint_format" is "marlin"/);
    await refused(withTensors({ ...gptq, bits: 5 }, sound), /"bits" is 5; 2, 3, 4 and 8 can be read/);
    await refused(withTensors({ ...gptq, group_size: 16 }, sound), /q_proj\.qzeros" is \[1,4\] instead of \[2,4\]/);
    await refused(
      withTensors(gptq, { ...sound, scales: ones(1, 24) }),
      /q_proj\.weight" is \[24,32\], but config\.json/,
    );
    await refused(withTensors(gptq, { ...sound, qweight: words([3, 32], () => 0) }), /q_proj\.weight" is \[32,24\]/);
    const half = { ...gptq, group_size: 16 }, split = { ...sound, qzeros: words([2, 4], () => 0), scales: ones(2, 32) };
    await refused(
      withTensors(half, { ...split, g_idx: words([32], () => 2) }),
      /g_idx" holds 2 at 0, where there are 2/,
    );
    await refused(withTensors(undefined!, sound), /lacks "quantization_config", though there are packed codes/);
    const activations = { weights: { num_bits: 4, type: "int" }, input_activations: { num_bits: 8 } };
    const settings = {
      quant_method: "compressed-tensors",
      format: "pack-quantized",
      config_groups: { a: activations },
    };
    await refused(withTensors(settings, dense), /"input_activations" is given/);
    const infinite = { ...sound, scales: { ...ones(1, 32), data: new Uint16Array(32).fill(0x7c00) } };
    await refused(withTensors(gptq, infinite), /scales" holds Infinity at 0/);
  });
});

describe("the constraints of a format", () => {
  it("refuse what it has no place for, before anything is solved and when it is saved", async () => {
    const refused = (options: Partial<QuantizeModelOptions>, message: RegExp) =>
      assert.rejects(quantized(options), message);
    const outliers = { fraction: 0.05 }, method = "auto" as const;
    await refused(
      { format: "gptq", outliers, method },
      /"outliers": the format "gptq" has no place for weights beside/,
    );
    await refused({ format: "gptq", groupSize: 8 }, /"groupSize": the format "gptq" has groups of 16, 32,.*not of 8/);
    await refused({ format: "gptq", scalePrecision: "f32" }, /"scalePrecision": the format "gptq" keeps scales in f16/);
    await refused({ format: "gguf2" as "gptq" }, /"format": expected "safetensors"/);
    const tiny = await loadModel(modelFiles(models.llama.config, fixtureTensors(models.llama)));
    const none = quantizeModel(tiny, { calibration, format: "gptq" });
    await assert.rejects(none, /gptq can hold no layer: 16 outputs are no multiple of 32, in "model\.layers\.0/);
    const turned = await loadModel(widenedFixture(models.gpt2));
    const other = quantizeModel(turned, { calibration, format: "compressed-tensors" });
    await assert.rejects(
      other,
      /"format": the format "compressed-tensors" has no layers that are stored \[inputs, outputs\]/,
    );

    const saved = (model: LayeredModel, message: RegExp, save: Save = saveGptq) =>
      assert.rejects(filesOf(save, model), message);
    const free = await quantized({ bits: { "*.q_proj": 4 } });
    const far = new Map([...free.layers].map(([name, layer]) => {
      return [name, { ...layer, scales: matrix(...layer.scales.shape, layer.scales.data.map(() => 1e5)) }];
    }));
    const beyond = /q_proj" has the scale 100000, and f16 nothing near it; quantise .* format "gptq"/;
    await saved({ ...free, layers: far }, beyond);
    const beside = await quantized({ bits: { "*.q_proj": 4 }, scalePrecision: "f16", outliers, method });
    await saved(beside, /q_proj" has outliers, and the format has no place beside the grid/);
    await saved(await quantized({ scalePrecision: "f16" }), /gate_proj": 40 outputs are no multiple of 32/);
    const sixes = await quantized({ bits: { "*.q_proj": 4 }, scalePrecision: "f16", groupSize: 6 });
    await saved(sixes, /32 inputs do not fill groups of 6/, saveCompressedTensors);
    // Groups in another order, which only GPTQ has an index for.
    const whole = await quantized({ bits: { "*.q_proj": 4 }, format: "gptq", groupSize: 16 });
    const layers = new Map([...whole.layers].map(([name, layer]) => {
      return [name, { ...layer, groupIndex: layer.groupIndex!.toReversed() }];
    }));
    await saved({ ...whole, layers }, /q_proj" are not grouped in their order/, saveCompressedTensors);
    await saved({ ...whole, layers }, /as ONNX: its columns are not grouped/, saveOnnx as Save);
    await saved({ ...whole, layers: new Map() }, /gptq: none of its layers is quantised/);
  });

  it("are kept to by savers: scales are rounded to f16, codes are not, and what is returned says so", async () => {
    for (const save of [saveGptq, saveCompressedTensors]) {
      const files = new Map<string, Uint8Array>(),
        keep = (name: string, bytes: Uint8Array) => void files.set(name, bytes);
      const free = await quantized({ bits: { "*.q_proj": 4 } }), { layers } = await save(free, keep);
      assert.deepEqual(layers, [...free.layers.keys()].map((name) => ({ name, exact: false })));
      for (const [name, { codes, scales, zeros }] of (await loadQuantized(files)).layers) {
        const given = free.layers.get(name)!;
        assert.deepEqual([codes, zeros.data], [given.codes, given.zeros.data]);
        scales.data.forEach((scale, at) => {
          assert.ok(Math.abs(scale - given.scales.data[at]) <= 2 ** -11 * scale);
        });
      }
      const kept = await save(await quantized({ bits: { "*.q_proj": 4 }, scalePrecision: "f16" }), keep);
      assert.ok(kept.layers.every(({ exact }) => exact));
    }
  });

  it("fix scales before the codes are chosen: the whole model's are in f16", async () => {
    const { layers } = await quantized({ bits: 3, format: "compressed-tensors", method: "auto", iterations: 2 });
    for (const { scales } of layers.values()) {
      assert.deepEqual(matrix(...scales.shape, Float32Array.from(scales.data)).data, scales.data);
      assert.ok(scales.data.every((scale) => encodeFloat16([scale])[0] > 0));
    }
  });
});
