import { serializeSafetensors } from "../../formats/safetensors.ts";
import { elementBits, elementCount, type TensorInput } from "../../formats/tensor.ts";
import { type ModelLike, modelOf } from "../perplexity.ts";
import { jsonBytes, openTarget, type SaveTarget, writeCompanions } from "./target.ts";

/** Most bytes of tensors in a file. */
const shardBytes = 2 ** 30;

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
  const { weights, config, files } = modelOf(model), write = await openTarget(target);
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
  if (shards.length > 1) {
    await write("model.safetensors.index.json", jsonBytes({ metadata: { total_size: total }, weight_map: map }));
  }
  await writeCompanions(files, write);
  // What readers round to unless they are told otherwise.
  await write("config.json", jsonBytes({ ...JSON.parse(config), ...wide && { torch_dtype: "float32" } }));
}
