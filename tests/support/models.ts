/** Models for tests: files in memory, from the fixtures or made up. */

import { serializeSafetensors, type TensorInput } from "../../formats/mod.ts";
import { encodeBfloat16, encodeFloat16 } from "../../formats/half.ts";
import { createRandom } from "../../solvers/core/random.ts";
import type { ModelFixture } from "../fixtures/models.ts";

/** The numbers of a linear congruential generator, as `tests/fixtures/models.py` makes them. */
function numbers(seed: number, count: number): Float32Array {
  let state = seed;
  return Float32Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.fround(Math.fround(state) / 2 ** 32) - 0.5;
  });
}

/** The tensors of a fixture. */
export function fixtureTensors({ tensors }: Pick<ModelFixture, "tensors">): Map<string, TensorInput> {
  const shapes: [string, number[]][] = Object.entries(JSON.parse(tensors));
  return new Map(shapes.map(([name, shape], at) => {
    const data = numbers(at + 1, shape.reduce((product, size) => product * size, 1));
    if (shape.length === 1 && name.endsWith("weight")) { for (let i = 0; i < data.length; i++) data[i] += 1; }
    return [name, { shape, data }];
  }));
}

/** The files of a model, in memory; its tensors in one file, or a shard each few of them. */
export function modelFiles(
  config: string | object,
  tensors: ReadonlyMap<string, TensorInput>,
  shards = 1,
): Map<string, Uint8Array> {
  const text = typeof config === "string" ? config : JSON.stringify(config);
  const files = new Map<string, Uint8Array>([["config.json", new TextEncoder().encode(text)]]);
  if (shards === 1) return files.set("model.safetensors", serializeSafetensors(tensors));
  const entries = [...tensors], map: Record<string, string> = {};
  for (let shard = 0; shard < shards; shard++) {
    const file = `model-${shard + 1}-of-${shards}.safetensors`, part = entries.filter((_, at) => at % shards === shard);
    part.forEach(([name]) => map[name] = file);
    files.set(file, serializeSafetensors(new Map(part)));
  }
  return files.set("model.safetensors.index.json", new TextEncoder().encode(JSON.stringify({ weight_map: map })));
}

/** The files of a fixture whose sizes of 16 and more are twice as large. */
export function widenedFixture({ config, tensors }: Pick<ModelFixture, "config" | "tensors">): Map<string, Uint8Array> {
  const shapes: [string, number[]][] = Object.entries(JSON.parse(tensors));
  const wide = (size: number) => size >= 16 && size !== 29 && size !== 32 ? 2 * size : size;
  const widened = Object.fromEntries(shapes.map(([name, shape]) => [name, shape.map(wide)]));
  const fields = Object.entries(JSON.parse(config)).map(([name, value]) => {
    return [name, ["hidden_size", "intermediate_size", "n_embd"].includes(name) ? wide(value as number) : value];
  });
  return modelFiles(Object.fromEntries(fields), fixtureTensors({ tensors: JSON.stringify(widened) }));
}

/** The same tensor in fewer bits. */
export function narrowed(tensor: TensorInput, dtype: "F16" | "BF16"): TensorInput {
  const data = tensor.data as Float32Array;
  return { dtype, shape: tensor.shape, data: dtype === "F16" ? encodeFloat16(data) : encodeBfloat16(data) };
}

/** The `tokenizer.json` of so many words `w0`, `w1` and so on. */
export const wordTokenizer = (words: number) => ({
  version: "1.0",
  added_tokens: [],
  normalizer: null,
  pre_tokenizer: { type: "Whitespace" },
  post_processor: null,
  decoder: null,
  model: {
    type: "WordLevel",
    vocab: Object.fromEntries(Array.from({ length: words }, (_, k) => [`w${k}`, k])),
    unk_token: "w0",
  },
});

/** f32 numbers from base64. */
export function floatsOf(text: string): Float32Array {
  return new Float32Array(Uint8Array.from(atob(text), (byte) => byte.charCodeAt(0)).buffer);
}

/** The files of a Llama of this width with random weights, and as many random tokens as its context holds. */
export function randomLlama(hidden: number, context: number, intermediate = 3 * hidden) {
  const { normal } = createRandom(hidden), vocabulary = 300;
  const config = {
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: intermediate,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    vocab_size: vocabulary,
    max_position_embeddings: context,
    tie_word_embeddings: true,
  };
  const tensor = (...shape: number[]) => ({
    shape,
    data: Float32Array.from(
      { length: shape.reduce((product, size) => product * size, 1) },
      () => shape.length === 1 ? 1 : normal() / Math.sqrt(hidden),
    ),
  });
  const tensors = new Map([
    ["model.embed_tokens.weight", tensor(vocabulary, hidden)],
    ["model.norm.weight", tensor(hidden)],
  ]);
  for (let block = 0; block < 3; block++) {
    const root = `model.layers.${block}.`;
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) {
      tensors.set(`${root}${norm}.weight`, tensor(hidden));
    }
    for (const part of ["q", "k", "v", "o"]) {
      tensors.set(`${root}self_attn.${part}_proj.weight`, tensor(hidden, hidden));
    }
    for (const part of ["gate", "up"]) tensors.set(`${root}mlp.${part}_proj.weight`, tensor(intermediate, hidden));
    tensors.set(`${root}mlp.down_proj.weight`, tensor(hidden, intermediate));
  }
  const { integer } = createRandom(context);
  return {
    files: modelFiles(config, tensors),
    tokens: Uint32Array.from({ length: context }, () => integer(vocabulary)),
  };
}
