import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { memoryUsage } from "../../solvers/core/mod.ts";
import { bitsByLayer, chooseBits } from "../../models/bits.ts";
import {
  type Bits,
  linearLayers,
  loadModel,
  logits,
  type ModelProgress,
  perplexity,
  quantizeModel,
  type QuantizeModelOptions,
  saveSafetensors,
} from "../../models/mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { models } from "../fixtures/models.ts";
import { dataPath, needsData, readDataText } from "../support/data.ts";
import { fixtureTensors, modelFiles } from "../support/models.ts";

const open = (name: string) => loadModel(modelFiles(models[name].config, fixtureTensors(models[name])));
const random = createRandom(4);
const calibration = Array.from({ length: 12 }, () => Uint32Array.from({ length: 20 }, () => random.integer(29)));
const tokens = Uint32Array.from(models.llama.tokens);

/** Codes and scales of all layers. */
const contentOf = (quantized: Awaited<ReturnType<typeof quantizeModel>>) =>
  [...quantized.layers].map(([name, { codes, scales, zeros }]) => [name, codes, scales.data, zeros.data]);

/** A place for finished blocks; it may be full after so many. */
function memoryStore(room = Infinity) {
  const files = new Map<string, Uint8Array>();
  return {
    files,
    read: (name: string) => Promise.resolve(files.get(name)),
    write(name: string, bytes: Uint8Array) {
      if (files.size >= room) return Promise.reject(new Error("no space left"));
      files.set(name, bytes.slice());
      return Promise.resolve();
    },
  };
}

describe("quantizeModel", () => {
  for (const name of Object.keys(models)) {
    it(`of ${name} at 8 bits computes nearly what the model does, and less so at 2`, async () => {
      const model = await open(name), before = (await logits(model, tokens)).data, off: number[] = [];
      for (const bits of [8, 2] as const) {
        const quantized = await quantizeModel(model, { calibration, bits, iterations: 3 });
        const after = (await logits(quantized, tokens)).data;
        off.push(
          Math.sqrt(Array.from(before).reduce((sum, value, k) => sum + (value - after[k]) ** 2, 0) / before.length),
        );
        assert.deepEqual([...quantized.layers.keys()], linearLayers(model.architecture).map(({ name }) => name));
        assert.equal(quantized.report.averageBits, bits);
        assert.ok(quantized.report.bytes < quantized.report.bytesBefore);
      }
      assert.ok(off[0] < 0.03 && off[1] > 3 * off[0], `${off}`);
    });
  }

  it("solves the layers in order, on what is quantised so far, towards the original as far as it is told", async () => {
    const model = await open("llama"),
      at = (options: Partial<QuantizeModelOptions>) => quantizeModel(model, { calibration, bits: 2, ...options });
    const [apart, half, whole] = [await at({ originalShare: 0 }), await at({}), await at({ originalShare: 1 })];
    const layer = (quantized: typeof half, name: string) => [...quantized.layers.get(`model.layers.${name}`)!.codes];
    // Nothing is quantised before the first stage: there the target is the same.
    assert.deepEqual(layer(apart, "0.self_attn.q_proj"), layer(whole, "0.self_attn.q_proj"));
    assert.notDeepEqual(layer(apart, "1.self_attn.q_proj"), layer(whole, "1.self_attn.q_proj"));
    assert.notDeepEqual(layer(half, "1.mlp.down_proj"), layer(whole, "1.mlp.down_proj"));
    const truth = (await logits(model, tokens)).data;
    const held = Array.from({ length: 6 }, () => Uint32Array.from({ length: 20 }, () => random.integer(29)));
    assert.ok(Number.isFinite((await perplexity(half, held)).perplexity) && truth.length > 0);
  });

  it("gives the same on any number of threads", async () => {
    const model = await open("qwen3"), one = await quantizeModel(model, { calibration, bits: 3, threads: 1 });
    assert.deepEqual(contentOf(await quantizeModel(model, { calibration, bits: 3, threads: 2 })), contentOf(one));
  });

  it("keeps the other parameters, biases too, and transposed weights where they are", async () => {
    const model = await open("gpt2"),
      { model: quantized, layers } = await quantizeModel(model, { calibration, bits: 4 });
    const name = "transformer.h.0.attn.c_attn";
    assert.deepEqual(quantized.weights.describe(`${name}.weight`), { dtype: "F32", shape: [16, 48] });
    assert.deepEqual(layers.get(name)!.shape, [48, 16]);
    const bias = await quantized.weights.read(`${name}.bias`);
    assert.deepEqual(bias.data, (await model.weights.read(`${name}.bias`)).data);
  });

  it("is saved so that it reads back to the bit, transposed weights and those left alone too", async () => {
    for (const name of ["gpt2", "bloom"]) {
      const pattern = name === "gpt2" ? "*.mlp.*" : "*.dense*";
      const quantized = await quantizeModel(await open(name), { calibration, bits: { [pattern]: 3 }, iterations: 2 });
      const files = new Map<string, Uint8Array>();
      await saveSafetensors(quantized, (name, bytes) => void files.set(name, bytes));
      const again = await loadModel(files);
      assert.deepEqual((await logits(again, tokens)).data, (await logits(quantized, tokens)).data);
      assert.equal(JSON.parse(again.config).torch_dtype, "float32");
    }
  });

  it("takes bits by pattern, groups and outliers, and leaves out what no pattern names", async () => {
    const model = await open("llama");
    const { layers, report } = await quantizeModel(model, {
      calibration,
      bits: { "*.down_proj": 4, "model.layers.1.*": 2 },
      groupSize: 6,
      outliers: { fraction: 0.02 },
    });
    assert.equal(layers.size, 2 + 6);
    assert.equal(layers.get("model.layers.1.mlp.down_proj")!.bits, 4);
    // 20 inputs in groups of 6: the last has 2.
    assert.equal(layers.get("model.layers.1.mlp.down_proj")!.scales.shape[1], 4);
    assert.equal(layers.get("model.layers.1.self_attn.k_proj")!.bits, 2);
    assert.ok(layers.get("model.layers.1.mlp.up_proj")!.outliers!.data.length > 0);
    assert.deepEqual(JSON.parse(JSON.stringify(report)), report);
  });

  it("spends average bits where they count, within the budget", async () => {
    const tensors = fixtureTensors(models.mistral), faint = "model.layers.0.self_attn.o_proj.weight";
    const { shape, data } = tensors.get(faint)!;
    tensors.set(faint, { shape, data: (data as Float32Array).map((weight) => weight / 1000) });
    const model = await loadModel(modelFiles(models.mistral.config, tensors));
    const { report } = await quantizeModel(model, { calibration, averageBits: 3.5, method: "gptq" });
    assert.ok(report.averageBits <= 3.5 && report.averageBits > 3.3, `${report.averageBits}`);
    // Relative to their own outputs all layers err alike; but hardly anything of this part reaches the model.
    const bitsOf = (name: string) => report.layers.filter((layer) => layer.name.endsWith(name)).map(({ bits }) => bits);
    assert.deepEqual([bitsOf("0.self_attn.v_proj"), bitsOf("0.self_attn.o_proj")], [[2], [2]]);
    assert.ok(bitsOf("1.mlp.down_proj")[0] > 2);
  });

  it("goes on where it was stopped, and ends with the same codes", async () => {
    const model = await open("qwen2"), options = { calibration, bits: 3, iterations: 5 } as const;
    const whole = await quantizeModel(model, options), store = memoryStore(), stop = new AbortController();
    const cut = quantizeModel(model, {
      ...options,
      resume: store,
      signal: stop.signal,
      onProgress: ({ layer }) => layer?.startsWith("model.layers.1") && stop.abort(new Error("stopped")),
    });
    await assert.rejects(cut, /stopped/);
    assert.deepEqual([...store.files.keys()], ["block-0000.safetensors"]);
    const rest = await quantizeModel(model, { ...options, resume: store });
    assert.deepEqual(contentOf(rest), contentOf(whole));
    assert.equal(rest.report.resumedBlocks, 1);
    // Nothing is left to do, and the report says the same of the layers.
    const again = await quantizeModel(model, { ...options, resume: store });
    assert.deepEqual([again.report.resumedBlocks, again.report.layers], [2, rest.report.layers]);
    assert.deepEqual(contentOf(again), contentOf(whole));
    const other = quantizeModel(model, { ...options, bits: 4, resume: store });
    await assert.rejects(other, /block-0000\.safetensors is of another model, calibration or choice of options/);
    const mixed = { calibration, averageBits: 3, method: "gptq", resume: memoryStore() } as const;
    const first = await quantizeModel(model, mixed);
    assert.deepEqual(contentOf(await quantizeModel(model, mixed)), contentOf(first));
  });

  it("refuses to keep what is done in what is no folder and no store", async () => {
    const model = await open("llama");
    for (const resume of [null, 3, {}, { read: () => Promise.resolve(undefined) }]) {
      await assert.rejects(quantizeModel(model, { calibration, resume: resume as never }), {
        name: "OptionError",
        message: /"resume": expected the name of a folder, or \{ read, write \}, received/,
      });
    }
  });

  it("fails where what is done cannot be kept", async () => {
    const full = quantizeModel(await open("llama"), { calibration, bits: 2, resume: memoryStore(1) });
    await assert.rejects(full, /no space left/);
  });

  it("keeps to its time: what is left over is rounded", async () => {
    const model = await open("llama"),
      { report, layers } = await quantizeModel(model, { calibration, bits: 3, timeLimitMs: 0 });
    assert.equal(report.status, "time-limit");
    assert.equal(layers.size, 14);
    assert.ok(report.layers.every(({ status }) => status === "time-limit"));
  });

  it("tells of each layer, its error and the time that is left", async () => {
    const events: ModelProgress[] = [], model = await open("llama");
    await quantizeModel(model, { calibration, bits: 3, onProgress: (event) => void events.push(event) });
    const solved = events.filter(({ relativeError }) => relativeError !== undefined);
    assert.deepEqual(solved.map(({ layer }) => layer), linearLayers(model.architecture).map(({ name }) => name));
    events.forEach(({ fraction }, at) => assert.ok(fraction >= (events[at - 1]?.fraction ?? 0) && fraction <= 1));
    assert.ok(events.at(-1)!.fraction > 0.99 && events.some(({ remainingMs }) => remainingMs! > 0));
  });

  it("lets go of memory on abort, and says what it cannot use", async () => {
    const model = await open("llama"), { used } = memoryUsage(), stop = new AbortController();
    const under = quantizeModel(model, {
      calibration,
      signal: stop.signal,
      onProgress: ({ layer }) => layer === "model.layers.1.mlp.up_proj" && stop.abort(new Error("enough")),
    });
    await assert.rejects(under, /enough/);
    assert.equal(memoryUsage().used, used);
    const refused = (options: object, message: RegExp) =>
      assert.rejects(quantizeModel(model, { calibration, ...options }), message);
    await refused({ bits: 5 }, /"bits": expected 2, 3, 4 or 8, received 5/);
    await refused({ bits: { "*.o_proj": 7 } }, /"bits\["\*\.o_proj"\]": expected 2, 3, 4 or 8/);
    await refused({ bits: { "*.dense": 3 } }, /no layer is called "\*\.dense"; one is "model\.layers\.0/);
    await refused({ averageBits: 3, bits: 3 }, /"averageBits" with "bits"/);
    await refused({ averageBits: 1.5 }, /"averageBits": expected a number from 2 to 8/);
    await refused({ calibration: undefined }, /"calibration" is missing/);
    await refused({ calibration: [Uint32Array.of(1, 40)] }, /"calibration\[0\]": it has the token 40/);
    await refused({ orignalShare: 1 }, /"orignalShare".*nearest is "originalShare"/);
  });

  it("of stories260k at 3 bits reaches the perplexity that is asked for", needsData("stories260k"), async () => {
    const model = await loadModel(dataPath("stories260k"));
    const lines = async (file: string) => (await readDataText(`stories260k/${file}.txt`)).split("\n").filter(Boolean);
    const quantized = await quantizeModel(model, {
      calibration: await lines("calibration"),
      bits: 3,
      groupSize: 32,
      iterations: 2,
    });
    const found = (await perplexity(quantized, await lines("evaluation"))).perplexity;
    assert.ok(found < 6.8, `${found}`);
  });
});

describe("averageBits", () => {
  it("of stories260k is better than as many bits for every layer", needsData("stories260k"), async () => {
    const model = await loadModel(dataPath("stories260k"));
    const [text, other] = (await readDataText("stories260k/calibration.txt")).split("\n").filter(Boolean)
      .reduce<string[][]>((parts, line, at) => (parts[at % 3 === 0 ? 1 : 0].push(line), parts), [[], []]);
    const after = async (options: Partial<QuantizeModelOptions>) =>
      await perplexity(await quantizeModel(model, { calibration: text, method: "gptq", ...options }), other);
    const [mixed, uniform] = [await after({ averageBits: 3 }), await after({ bits: 3 })];
    assert.ok(mixed.perplexity < uniform.perplexity, `${mixed.perplexity}, ${uniform.perplexity}`);
  });
});

describe("chooseBits", () => {
  it("finds the best of all choices", () => {
    for (let seed = 1; seed < 40; seed++) {
      const { integer, uniform } = createRandom(seed), widths: readonly Bits[] = [2, 3, 4, 8];
      const layers = Array.from(
        { length: 5 },
        (_, block) => ({ name: `l${block}`, block, outputs: 1 + integer(5), inputs: 3 }),
      );
      const errors = new Map(layers.map(({ name }) => {
        const scale = uniform();
        return [name, new Map(widths.map((width) => [width, scale * 4 ** -width * (0.5 + uniform())]))];
      }));
      const total = layers.reduce((sum, { outputs, inputs }) => sum + outputs * inputs, 0), average = 2 + 4 * uniform();
      const valueOf = (choice: readonly Bits[]) => ({
        bits: choice.reduce<number>((sum, bits, at) => sum + bits * layers[at].outputs * layers[at].inputs, 0) / total,
        error: choice.reduce((sum, bits, at) => sum + errors.get(`l${at}`)!.get(bits)!, 0),
      });
      let best = Infinity;
      for (let code = 0; code < 4 ** 5; code++) {
        const { bits, error } = valueOf(layers.map((_, at) => widths[code >> 2 * at & 3]));
        if (bits <= average + 1e-9) best = Math.min(best, error);
      }
      const found = chooseBits(layers, errors, average), value = valueOf(layers.map(({ name }) => found.get(name)!));
      assert.ok(
        value.bits <= average + 1e-9 && Math.abs(value.error - best) <= 1e-12,
        `${seed}: ${value.error}, ${best}`,
      );
    }
  });

  it("takes the first pattern that fits", () => {
    const layers = ["a.q", "a.v", "b.q"].map((name) => ({ name, block: 0, outputs: 1, inputs: 1 }));
    assert.deepEqual([...bitsByLayer(layers, { "a.*": 2, "*.q": 4 })], [["a.q", 2], ["a.v", 2], ["b.q", 4]]);
  });
});
