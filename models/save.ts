import { serializeSafetensors } from "../formats/safetensors.ts";
import { elementBits, elementCount, type TensorInput } from "../formats/tensor.ts";
import { InputError } from "../solvers/core/errors.ts";
import { readText } from "./files.ts";
import { type ModelLike, modelOf } from "./perplexity.ts";
import { folderStore } from "./resume.ts";

/** Most bytes of tensors in a file. */
const shardBytes = 2 ** 30;

/** Files that go along, where the model has them. */
const companions = ["tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "generation_config.json"];

/** Where files go: a folder, or a function that is given one after the other. */
export type SaveTarget = string | ((name: string, bytes: Uint8Array) => Promise<void> | void);

/**
 * Saves a model in the layout of Hugging Face: `config.json`, `model.safetensors` or shards of a GiB with their index, and
 * the tokenizer. Layers that are quantised are saved dense, in f32, so that the perplexity is to the bit that of the
 * quantised model, also in programs that know nothing of codes.
 *
 * Files are written wholly or not at all, and `config.json` last: a folder with it is complete.
 *
 * @param target A folder, made where it is not there, that holds no model; or a function that takes each file.
 * @throws {InputError} for a folder that holds a `config.json`, and what the file system says
 */
export async function saveSafetensors(model: ModelLike, target: SaveTarget): Promise<void> {
  const { weights, config, files } = modelOf(model), write = await writerOf(target);
  const shards: string[][] = [];
  let filled = Infinity, total = 0, wide = false;
  for (const name of weights.names) {
    const { dtype, shape } = weights.describe(name), bytes = elementCount(shape) * elementBits(dtype) / 8;
    if (filled + bytes > shardBytes) {
      shards.push([]);
      filled = 0;
    }
    shards.at(-1)!.push(name);
    filled += bytes;
    total += bytes;
    wide ||= dtype === "F32";
  }
  const map: Record<string, string> = {};
  for (const [at, names] of shards.entries()) {
    const number = (index: number) => String(index).padStart(5, "0");
    const file = shards.length === 1
      ? "model.safetensors"
      : `model-${number(at + 1)}-of-${number(shards.length)}.safetensors`;
    const tensors = new Map<string, TensorInput>();
    for (const name of names) {
      tensors.set(name, await weights.read(name));
      map[name] = file;
    }
    await write(file, serializeSafetensors(tensors, { format: "pt" }));
  }
  const text = (value: unknown) => new TextEncoder().encode(JSON.stringify(value, null, 2) + "\n");
  if (shards.length > 1) {
    await write("model.safetensors.index.json", text({ metadata: { total_size: total }, weight_map: map }));
  }
  for (const name of companions) {
    const content = await readText(files, name);
    if (content !== undefined) await write(name, new TextEncoder().encode(content));
  }
  // What readers round to unless they are told otherwise.
  await write("config.json", text({ ...JSON.parse(config), ...wide && { torch_dtype: "float32" } }));
}

async function writerOf(target: SaveTarget): Promise<(name: string, bytes: Uint8Array) => Promise<void> | void> {
  if (typeof target === "function") return target;
  const store = await folderStore(target);
  if (await store.read("config.json")) {
    throw new InputError("target", `Cannot save the model: the folder ${target} holds one already.`);
  }
  return store.write;
}
