import { modelOf } from "../perplexity.ts";
import { type OnnxTensor, serializeOnnx } from "../../formats/onnx.ts";
import { bytesOf } from "../../formats/tensor.ts";
import type { LanguageModel } from "../load.ts";
import type { QuantizedLanguageModel } from "../quantized.ts";
import { layersKey } from "./matmul_nbits.ts";
import { buildGraph } from "./onnx_graph.ts";
import { pendingBytes, type PendingTensor } from "./pending.ts";
import { jsonBytes, openTarget, type SaveTarget, writeCompanions } from "./target.ts";

/** Tensors that stay in the graph wherever the others are: its shapes depend on them. */
const smallBytes = 1024;

/** The names that transformers.js gives files, by the bits of their widest codes. */
const dtypes = { 2: "q2", 3: "q4", 4: "q4", 8: "q8" } as const;
const suffixes = { q2: "_q2", q4: "_q4", q8: "_quantized", fp32: "" } as const;

/** Version 17 of the operators of ONNX, and 1 of those of ONNX Runtime. */
const operators = { "": 17, "com.microsoft": 1 };

/**
 * Saves a model, quantised or not, as a graph of ONNX with its cache of keys and values, in the layout of transformers.js: `config.json`, the
 * tokenizer, and `onnx/model_q4.onnx`, by the bits of the widest layer `_q2`, `_q4` or `_quantized`. Its inputs are
 * `input_ids`, `attention_mask`, `position_ids` and `past_key_values.<block>.<key or value>`, its outputs `logits` and
 * `present.<block>.<key or value>`.
 *
 * Layers are MatMulNBits of ONNX Runtime, with scales in f32 and sums in f32, so that the logits are those of the quantised
 * model up to rounding; codes of 3 bits take 4, and widths that are no multiple of a block are padded. Groups are multiples
 * of 16, or the whole row. Outliers are columns of f32 beside them. Other tensors are f32, or f16 where they were.
 *
 * Tensors beyond a GiB lie in `.onnx_data`, `.onnx_data_1` and so on beside the graph. `config.json` is written last.
 *
 * @param target A folder, made where it is not there, that holds no model; or a function that takes each file.
 * @throws {InputError} for families without a graph (all but Llama, Mistral, Qwen2, Qwen3), groups of other sizes, outliers
 * in more than an eighth of a layer's columns, and a folder that holds a `config.json`
 */
export async function saveOnnx(model: LanguageModel | QuantizedLanguageModel, target: SaveTarget): Promise<void> {
  await writeOnnx(model, target, 2 ** 30);
}

/** The same, with at most so many bytes of tensors in a file. */
export async function writeOnnx(
  given: LanguageModel | QuantizedLanguageModel,
  target: SaveTarget,
  fileBytes: number,
): Promise<void> {
  const model = modelOf(given);
  const layers: QuantizedLanguageModel["layers"] = "layers" in given ? given.layers : new Map();
  const graph = buildGraph(model, layers), write = await openTarget(target);
  const widest = Math.max(...[...layers.values()].map(({ bits }) => bits)) as keyof typeof dtypes;
  const dtype = layers.size > 0 ? dtypes[widest] : "fp32", name = `model${suffixes[dtype]}.onnx`;
  const { tensors, files } = await place(graph.tensors, name, fileBytes, (file, bytes) => write(`onnx/${file}`, bytes));
  const facts = Object.fromEntries([...layers].map(([name, { bits, groupSize }]) => [name, { bits, groupSize }]));
  const metadata = { [layersKey]: JSON.stringify(facts) };
  await write(`onnx/${name}`, serializeOnnx({ ...graph, tensors, operators, metadata }));
  await writeCompanions(model.files, write);
  const config = JSON.parse(model.config), external = files > 0 ? { use_external_data_format: { [name]: files } } : {};
  await write(
    "config.json",
    jsonBytes({ ...config, "transformers.js_config": { ...config["transformers.js_config"], dtype, ...external } }),
  );
}

/** Reads all tensors; those that a file cannot hold together are written beside it. */
async function place(
  pending: ReadonlyMap<string, PendingTensor>,
  name: string,
  fileBytes: number,
  write: (file: string, bytes: Uint8Array) => Promise<void> | void,
): Promise<{ tensors: Map<string, OnnxTensor>; files: number }> {
  const tensors = new Map<string, OnnxTensor>();
  const total = [...pending.values()].reduce((sum, tensor) => sum + pendingBytes(tensor), 0), apart = total > fileBytes;
  let files = 0, gathered: Uint8Array[] = [], filled = 0;
  const fileOf = () => `${name}_data${files === 0 ? "" : `_${files}`}`;
  async function flush(): Promise<void> {
    if (filled === 0) return;
    const bytes = new Uint8Array(filled);
    let at = 0;
    for (const part of gathered) {
      bytes.set(part, at);
      at += part.length;
    }
    gathered = [];
    filled = 0;
    await write(fileOf(), bytes);
    files++;
  }
  for (const [key, tensor] of pending) {
    const length = pendingBytes(tensor);
    if (!apart || length <= smallBytes) {
      tensors.set(key, await tensor.read());
      continue;
    }
    if (filled + length > fileBytes) await flush();
    const { dtype, shape } = tensor;
    tensors.set(key, { dtype, shape, place: { file: fileOf(), offset: filled, length } });
    gathered.push(bytesOf(await tensor.read()));
    filled += length;
  }
  await flush();
  return { tensors, files };
}
