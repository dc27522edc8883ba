/** A Llama of any shape with random weights, written to a folder: for memory and time, which do not ask what it says. */

import { createRandom } from "../solvers/core/random.ts";
import { encodeBfloat16 } from "../formats/half.ts";
import { serializeSafetensors, type TensorInput } from "../mod.ts";

/** What of its sizes is chosen. */
export interface LlamaShape {
  readonly hidden: number;
  readonly intermediate: number;
  readonly blocks: number;
  readonly heads: number;
}

const vocabulary = 8192;

/**
 * Writes the model in bf16, a shard for each block. Embeddings are mixtures of decaying scales, and a few of their
 * columns ten times larger, so that the inputs of the layers are correlated as those of language models are.
 */
export async function writeLlama(folder: string, { hidden, intermediate, blocks, heads }: LlamaShape): Promise<void> {
  const { normal } = createRandom(1), map: Record<string, string> = {};
  const config = {
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: blocks,
    num_attention_heads: heads,
    vocab_size: vocabulary,
    max_position_embeddings: 512,
    tie_word_embeddings: true,
  };
  const write = async (file: string, tensors: Map<string, TensorInput>) => {
    for (const name of tensors.keys()) map[name] = file;
    await Deno.writeFile(`${folder}/${file}`, serializeSafetensors(tensors));
  };
  const tensor = (shape: readonly number[], value: (at: number) => number): TensorInput => {
    const length = shape.reduce((product, size) => product * size, 1);
    return { dtype: "BF16", shape, data: encodeBfloat16(Float32Array.from({ length }, (_, at) => value(at))) };
  };
  const factors = 64, mix = Float32Array.from({ length: factors * hidden }, normal);
  const scores = new Float32Array(factors);
  const embedding = tensor([vocabulary, hidden], (at) => {
    const j = at % hidden;
    if (j === 0) { for (let f = 0; f < factors; f++) scores[f] = normal() / Math.sqrt(1 + f); }
    let sum = 0.3 * normal();
    for (let f = 0; f < factors; f++) sum += scores[f] * mix[f * hidden + j];
    return sum * (j % 101 === 50 ? 10 : 1);
  });
  const ones = tensor([hidden], () => 1);
  await write("ends.safetensors", new Map([["model.embed_tokens.weight", embedding], ["model.norm.weight", ones]]));
  for (let block = 0; block < blocks; block++) {
    const layer = (outputs: number, inputs: number) => tensor([outputs, inputs], () => normal() / Math.sqrt(inputs));
    const name = (part: string) => `model.layers.${block}.${part}.weight`;
    const tensors = new Map<string, TensorInput>();
    for (const part of ["q", "k", "v", "o"]) tensors.set(name(`self_attn.${part}_proj`), layer(hidden, hidden));
    for (const part of ["gate", "up"]) tensors.set(name(`mlp.${part}_proj`), layer(intermediate, hidden));
    tensors.set(name("mlp.down_proj"), layer(hidden, intermediate));
    for (const part of ["input_layernorm", "post_attention_layernorm"]) tensors.set(name(part), ones);
    await write(`block-${block}.safetensors`, tensors);
  }
  await Deno.writeTextFile(`${folder}/model.safetensors.index.json`, JSON.stringify({ weight_map: map }));
  await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(config));
}
