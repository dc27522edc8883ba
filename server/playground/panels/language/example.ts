import { serializeSafetensors, type TensorInput } from "../../../../formats/mod.ts";
import { loadModel } from "../../../../models/mod.ts";
import { createRandom } from "../../../../solvers/core/random.ts";
import { resolveOptions } from "../../../../solvers/core/resolve_options.ts";
import type { ModelContent } from "../../contents/model.ts";
import type { Values } from "../../panel.ts";
import { exampleOptions } from "./example_options.ts";
import { ownTexts } from "./own_texts.ts";

const vocabulary = 256, headSize = 16;

/**
 * A Llama with random weights. Channels of the embedding have different scales, so that inputs of layers do as well, and
 * the head is steep enough for a likeliest token.
 */
export async function exampleModel(options: Values, signal: AbortSignal): Promise<ModelContent> {
  const { hidden: asked, blocks, seed } = resolveOptions(exampleOptions, options, "the example");
  const hidden = 32 * Math.round(asked / 32), intermediate = 3 * hidden, heads = hidden / headSize;
  const { normal } = createRandom(seed),
    config = {
      model_type: "llama",
      hidden_size: hidden,
      intermediate_size: intermediate,
      num_hidden_layers: blocks,
      num_attention_heads: heads,
      num_key_value_heads: heads / 2,
      vocab_size: vocabulary,
      max_position_embeddings: 256,
    };
  const tensors = new Map<string, TensorInput>();
  const add = (name: string, scale: (column: number) => number, ...shape: number[]) => {
    const columns = shape.at(-1)!, count = shape.reduce((product, size) => product * size, 1);
    tensors.set(`${name}.weight`, { shape, data: Float32Array.from({ length: count }, (_, k) => scale(k % columns)) });
  };
  const scales = Float64Array.from({ length: hidden }, () => Math.exp(0.5 * normal()));
  const layer = (name: string, outputs: number, inputs: number) =>
    add(name, () => normal() / Math.sqrt(inputs), outputs, inputs);
  const norm = (name: string) => add(name, () => 1, hidden);
  add("model.embed_tokens", (column) => scales[column] * normal(), vocabulary, hidden);
  norm("model.norm");
  add("lm_head", () => 2.5 * normal() / Math.sqrt(hidden), vocabulary, hidden);
  for (let block = 0; block < blocks; block++) {
    const root = `model.layers.${block}.`;
    norm(`${root}input_layernorm`);
    norm(`${root}post_attention_layernorm`);
    layer(`${root}self_attn.q_proj`, hidden, hidden);
    layer(`${root}self_attn.k_proj`, hidden / 2, hidden);
    layer(`${root}self_attn.v_proj`, hidden / 2, hidden);
    layer(`${root}self_attn.o_proj`, hidden, hidden);
    layer(`${root}mlp.gate_proj`, intermediate, hidden);
    layer(`${root}mlp.up_proj`, intermediate, hidden);
    layer(`${root}mlp.down_proj`, hidden, intermediate);
  }
  const files = new Map([
    ["config.json", new TextEncoder().encode(JSON.stringify(config))],
    ["model.safetensors", serializeSafetensors(tensors)],
  ]);
  const model = await loadModel(files);
  const texts = new Map([
    ["calibration", await ownTexts(model, 8, 1000 * seed, signal)],
    ["heldOut", await ownTexts(model, 4, 1000 * seed + 500, signal)],
  ]);
  const fields = Array.from(texts.keys(), (name) => ({ name, kind: "text" as const }));
  return { model, fields, own: true, read: (name) => Promise.resolve(texts.get(name)!) };
}
