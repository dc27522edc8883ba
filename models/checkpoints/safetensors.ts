import { type ModelLike, modelOf } from "../perplexity.ts";
import { writeShards } from "./shards.ts";
import { jsonBytes, openTarget, type SaveTarget, writeCompanions } from "./target.ts";

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
  const tensors = new Map(weights.names.map((name) => {
    const { dtype, shape } = weights.describe(name);
    return [name, { dtype, shape, read: () => weights.read(name) }];
  }));
  await writeShards(write, tensors);
  await writeCompanions(files, write);
  const wide = [...tensors.values()].some(({ dtype }) => dtype === "F32");
  // What readers round to unless they are told otherwise.
  await write("config.json", jsonBytes({ ...JSON.parse(config), ...wide && { torch_dtype: "float32" } }));
}
