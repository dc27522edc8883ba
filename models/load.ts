import { checkParts } from "../solvers/core/kinds.ts";
import { ggufFile, openGguf } from "./checkpoints/gguf/read.ts";
import type { Architecture } from "./architecture.ts";
import { parseConfig } from "./config.ts";
import { describeModel } from "./families/mod.ts";
import { filesOf, type ModelFiles, type ModelSource, readText } from "./files.ts";
import { FormatError } from "../formats/errors.ts";
import { readTokenizer, type Tokenizer } from "./tokenizer.ts";
import { openOnnx } from "./checkpoints/onnx_reader.ts";
import { openStored } from "./checkpoints/open_stored.ts";
import type { StoredQuantization } from "./checkpoints/stored.ts";
import { withDense } from "./dense.ts";
import { openWeights, type Weights } from "./weights.ts";

/** A decoder: its description, its tensors and its tokenizer. Nothing but headers is in memory. */
export interface LanguageModel {
  /** Sizes and parts. */
  readonly architecture: Architecture;
  /** Tensors, read when they are needed. */
  readonly weights: Weights;
  /** Undefined where the model came without `tokenizer.json`. */
  readonly tokenizer?: Tokenizer;
  /** The text of `config.json`; without `quantization_config`, as tensors are dense. */
  readonly config: string;
  /** The layers that are stored as codes; their dense weights are made when they are read. */
  readonly quantization?: StoredQuantization;
  /** The files that it came from. */
  readonly files: ModelFiles;
}

/** A linear layer of a block. */
export interface LinearLayer {
  /** Name of its tensors without `.weight`. */
  readonly name: string;
  /** The block it belongs to. */
  readonly block: number;
  /** Rows of its weights. */
  readonly outputs: number;
  /** Columns of its weights. */
  readonly inputs: number;
}

/**
 * Opens a language model in the layout of Hugging Face: `config.json`, `model.safetensors` or its shards, and
 * `tokenizer.json`; or a GGUF file, such as {@linkcode saveGguf} writes, of a model that is made like Llama. Tensors are
 * read when a block is computed, and let go of with it. Of checkpoints in GPTQ, AWQ, compressed-tensors or ONNX, and of
 * GGUF, the weights are made dense when they are read; {@linkcode loadQuantized} gives the codes of all but GGUF.
 *
 * @param source The path of a folder, or of a file `.gguf`; files by name, or picked in a page; `{ hub: "owner/name" }`.
 * @throws {FormatError} for a file that is missing, damaged or cut short, a family that is not known, a tensor of another
 * shape, or a tokenizer that does not fit
 *
 * @example
 * ```ts
 * import { loadModel, serializeSafetensors } from "@minima/minima";
 * const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
 * const files = new Map([
 *   ["config.json", bytes({ model_type: "mamba" })],
 *   ["model.safetensors", serializeSafetensors({})],
 * ]);
 * const problem = await loadModel(files).catch((error) => error.message);
 * if (!problem.includes('"model_type" is "mamba"')) throw new Error(problem);
 * ```
 */
export async function loadModel(source: ModelSource): Promise<LanguageModel> {
  const given = await filesOf(source), single = ggufFile(given), gguf = single && await openGguf(given, single);
  const files = gguf ? gguf.files : given, config = gguf ? gguf.config : await readText(files, "config.json");
  if (config === undefined) throw new FormatError("model", "config.json", `is missing in ${files.place}`);
  // The family before the tensors: what is not known at all is told first.
  const parsed = parseConfig(config);
  const { transposed } = describeModel(parsed, () => false);
  const graph = gguf || await hasTensors(files) ? undefined : await openOnnx(files);
  const tensors = (gguf || graph)?.weights ?? await openWeights(files);
  const opened = graph ?? await openStored(parsed, tensors, files);
  const weights = opened ? denseOf(tensors, opened, transposed) : tensors,
    described = describeModel(parsed, weights.has);
  const architecture = gguf ? await gguf.complete(described) : described;
  checkTensors(architecture, weights);
  const tokenizer = await readTokenizer(files, architecture);
  const quantized = opened && { quantization: opened.stored, config: withoutQuantization(config) };
  return { architecture, weights, ...tokenizer && { tokenizer }, config, files, ...quantized };
}

/** The tensors with dense weights for layers that are stored as codes. */
function denseOf(
  tensors: Weights,
  { stored, owners }: { readonly stored: StoredQuantization; readonly owners: ReadonlyMap<string, string> },
  transposed: boolean,
): Weights {
  const sources = new Map([...stored.layers].map(([name, layer]) => [name, { ...layer, dtype: "F32" as const }]));
  return withDense(tensors, sources, owners, transposed);
}

async function hasTensors(files: ModelFiles): Promise<boolean> {
  return Boolean(await files.open("model.safetensors") ?? await files.open("model.safetensors.index.json"));
}

function withoutQuantization(config: string): string {
  const { quantization_config: _, "transformers.js_config": __, ...others } = JSON.parse(config);
  return JSON.stringify(others, null, 2);
}

/** Sizes of the layers of a block, in the order in which activations meet them. */
export function layerSizes(
  { hidden, intermediate, heads, keyValueHeads, headSize, names }: Architecture,
  block: number,
): LinearLayer[] {
  const { attention, output, expand, contract } = names.block(block);
  const queries = heads * headSize, keys = keyValueHeads * headSize;
  const outputs = attention.length === 1 ? [queries + 2 * keys] : [queries, keys, keys];
  return [
    ...attention.map((name, part) => ({ name, block, outputs: outputs[part], inputs: hidden })),
    { name: output, block, outputs: hidden, inputs: queries },
    ...expand.map((name) => ({ name, block, outputs: intermediate, inputs: hidden })),
    { name: contract, block, outputs: hidden, inputs: intermediate },
  ];
}

/** All linear layers of the blocks, in the order in which activations meet them. */
export function linearLayers(architecture: Architecture): LinearLayer[] {
  checkParts("architecture", architecture, { blocks: "count" }, "list the layers");
  return Array.from({ length: architecture.blocks }, (_, block) => layerSizes(architecture, block)).flat();
}

/** Sees that what the configuration promises is there, before anything is computed. */
function checkTensors(architecture: Architecture, weights: Weights): void {
  const { hidden, vocabulary, headSize, names, positions, context, transposed } = architecture;
  const check = (name: string, shape: readonly number[], least = false) => {
    const found = weights.describe(name).shape;
    const fits = found.length === shape.length &&
      shape.every((size, axis) => least && axis === 0 ? found[axis] >= size : found[axis] === size);
    if (!fits) {
      throw new FormatError("model", `tensor "${name}"`, `is [${found}], but config.json asks for [${shape}]`);
    }
  };
  const norm = (name: string | undefined, size: number) => name !== undefined && check(`${name}.weight`, [size]);
  check(`${names.embedding}.weight`, [vocabulary, hidden], true);
  check(`${names.head}.weight`, [vocabulary, hidden], true);
  norm(names.finalNorm, hidden);
  norm(names.embeddingNorm, hidden);
  if (positions.kind === "learned") check(`${positions.table}.weight`, [context + positions.offset, hidden], true);
  for (let block = 0; block < architecture.blocks; block++) {
    const parts = names.block(block), layers = layerSizes(architecture, block);
    norm(parts.attentionNorm, hidden);
    norm(parts.feedForwardNorm, hidden);
    norm(parts.queryNorm, headSize);
    norm(parts.keyNorm, headSize);
    for (const { name, outputs, inputs } of layers) {
      check(`${name}.weight`, transposed ? [inputs, outputs] : [outputs, inputs]);
      if (weights.has(`${name}.bias`)) check(`${name}.bias`, [outputs]);
    }
  }
}
