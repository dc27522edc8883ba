import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { FormatError, parseGguf, parseOnnx, serializeOnnx, type Tensor } from "../../formats/mod.ts";
import {
  type CheckpointFormat,
  checkpointFormats,
  loadModel,
  loadQuantized,
  type QuantizedLanguageModel,
  quantizeModel,
  type QuantizeModelOptions,
} from "../../models/mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { randomLlama } from "../support/models.ts";

type Files = Map<string, Uint8Array>;
/** Files with other bytes, for each format. */
const trials = 60;

type FormatName = keyof typeof checkpointFormats;

/** A small model in every format, some with groups of columns. */
const { files: llama, tokens } = randomLlama(32, 12);
const options: Readonly<Record<FormatName, Partial<QuantizeModelOptions>>> = {
  safetensors: { bits: 4 },
  onnx: { bits: 3, groupSize: 16 },
  gptq: { bits: { "*.q_proj": 3, "*": 4 }, groupSize: 16 },
  "compressed-tensors": { bits: { "*.q_proj": 3, "*": 4 }, groupSize: 16 },
  gguf: { bits: 4 },
};

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const saved = new Map<FormatName, Promise<Files>>();

/** The files of the model in a format; made once. */
function savedAs(name: FormatName): Promise<Files> {
  if (!saved.has(name)) saved.set(name, save(name));
  return saved.get(name)!;
}

async function save(name: FormatName): Promise<Files> {
  const files: Files = new Map(), saver: CheckpointFormat = checkpointFormats[name];
  const asked = { calibration: [tokens], method: "rtn", format: name, ...options[name] } as const;
  const model: QuantizedLanguageModel = await quantizeModel(await loadModel(llama), asked);
  await saver.save(model, (file, bytes) => void files.set(file, bytes));
  return files;
}

/** Reads all that the files hold: it is sound, or refused as damage. @returns whether it was refused */
async function isRefused(files: Files, packed: boolean, what: string): Promise<boolean> {
  try {
    if (packed) await loadQuantized(files);
    else {
      const { weights } = await loadModel(files);
      for (const name of weights.names) await weights.read(name);
    }
    return false;
  } catch (error) {
    assert.ok(error instanceof FormatError, `${what}: ${(error as Error).stack}`);
    assert.ok(error.message.length < 1000, `${what}: ${error.message.length} characters`);
    return true;
  }
}

/** What no field of a configuration may be, or not in every place. */
const strange: readonly unknown[] = [null, -1, 0.5, 1e9, 2 ** 53, "strange", [null], {}];

/** The same with another value in one place, for every place. */
function* changed(value: unknown, path = "it"): Generator<[path: string, value: unknown]> {
  for (const other of strange) yield [`${path} = ${JSON.stringify(other)}`, other];
  if (typeof value !== "object" || value === null) return;
  for (const [key, part] of Object.entries(value)) {
    for (const [where, other] of changed(part, `${path}.${key}`)) {
      const copy = Array.isArray(value) ? [...value] : { ...value };
      yield [where, Object.assign(copy, { [key]: other })];
    }
  }
}

describe("what would take much memory or time", () => {
  const refused = (files: Files, message: RegExp, load: (files: Files) => Promise<unknown> = loadModel) =>
    assert.rejects(load(files), { name: "FormatError", message });
  const configured = (fields: object) => {
    const config = { ...JSON.parse(decode(llama.get("config.json")!)), ...fields };
    return new Map(llama).set("config.json", new TextEncoder().encode(JSON.stringify(config)));
  };

  it("is refused before it is made: heads and their columns by the billion, frequencies that are no numbers", async () => {
    await refused(configured({ hidden_size: 1e9 }), /"num_attention_heads" makes \d+ heads of \d+ columns/);
    await refused(configured({ head_dim: 1e9 }), /heads of 1000000000 columns/);
    const rope_parameters = { rope_type: "linear", factor: 0 };
    await refused(configured({ rope_parameters }), /"rope_parameters" makes frequencies that are no positive numbers/);
  });

  it("is refused in GGUF: counts that are not true, scales that are no numbers", async () => {
    const bytes = (await savedAs("gguf")).get("model.gguf")!, { entries } = parseGguf(bytes);
    const changed = (change: (view: DataView) => void) => {
      const copy = bytes.slice();
      change(new DataView(copy.buffer));
      return new Map([["model.gguf", copy]]);
    };
    await refused(
      changed((view) => view.setBigUint64(8, 10n ** 9n, true)),
      /the number of tensors is 1000000000, more/,
    );
    await refused(
      changed((view) => view.setBigUint64(16, 2n ** 53n, true)),
      /the number of values has the number 9007/,
    );
    const { begin } = entries.get("blk.0.ffn_up.weight")!;
    const read = async (files: Files) =>
      await (await loadModel(files)).weights.read("model.layers.0.mlp.up_proj.weight");
    const message = /tensor "blk\.0\.ffn_up\.weight" holds NaN at 0/;
    await refused(changed((view) => view.setUint16(begin, 0x7e00, true)), message, read);
  });

  it("is refused in ONNX: parts of a layer of other types, scales that are no numbers", async () => {
    const files = await savedAs("onnx"), name = "onnx/model_q4.onnx", model = parseOnnx(files.get(name)!);
    const changed = (part: string, change: (tensor: Tensor) => Tensor) => {
      const tensors = new Map(model.tensors), key = `model.layers.0.mlp.up_proj.${part}`;
      return new Map(files).set(
        name,
        serializeOnnx({ ...model, tensors: tensors.set(key, change(tensors.get(key) as Tensor)) }),
      );
    };
    const wide = changed(
      "codes",
      ({ shape, data }) => ({ dtype: "F32", shape, data: Float32Array.from(data as Uint8Array) }),
    );
    await refused(wide, /the codes of "model.*" should be bytes of whole blocks/, loadQuantized);
    const none = changed(
      "scales",
      ({ data, ...others }) => ({ ...others, data: new Float32Array(data.length).fill(NaN) }),
    );
    await refused(none, /the scales of "model.*" should be finite/, loadQuantized);
  });
});

for (const name of Object.keys(options) as FormatName[]) {
  const packed = name !== "safetensors" && name !== "gguf";

  describe(`damaged files of ${name}`, () => {
    it("are refused where they are cut short, wherever that is", async () => {
      const files = await savedAs(name);
      for (const [file, bytes] of files) {
        const step = Math.ceil(bytes.length / 30);
        for (let end = 0; end < bytes.length - 1; end += end < 40 ? 3 : step) {
          const cut = new Map(files).set(file, bytes.subarray(0, end));
          const refused = await isRefused(cut, packed, `${file} at ${end}`);
          assert.ok(refused || file === "quantize_config.json", `${file} at ${end} of ${bytes.length}`);
        }
      }
    });

    it("are sound or refused as damage where bytes are others", async () => {
      const files = await savedAs(name), { integer } = createRandom(11);
      const [file, bytes] = [...files].reduce((one, other) => other[1].length > one[1].length ? other : one);
      for (let trial = 0; trial < trials; trial++) {
        const damaged = bytes.slice(), places: number[] = [];
        for (let k = 0; k < 1 + integer(3); k++) {
          const place = integer(Math.min(bytes.length, trial % 2 === 0 ? 4000 : bytes.length));
          places.push(place);
          damaged[place] = trial % 3 === 0 ? 255 : integer(256);
        }
        await isRefused(new Map(files).set(file, damaged), packed, `${file} at ${places}`);
      }
    });

    it("are sound or refused as damage where the configuration is another", async () => {
      const files = await savedAs(name);
      const file = "config.json", text = files.get(file), cases = text ? [...changed(JSON.parse(decode(text)))] : [];
      // A third of them where there are many.
      for (let at = 0; at < cases.length; at += cases.length > 300 ? 3 : 1) {
        const [where, value] = cases[at], other = new TextEncoder().encode(JSON.stringify(value));
        await isRefused(new Map(files).set(file, other), packed, `${file}: ${where}`);
      }
    });
  });
}
