/** What GGUF calls the parts of models that are made like Llama, and how it orders the rows of their queries and keys. @module */

import type { Architecture } from "../../architecture.ts";

/** GGUF's architecture for each family. */
export const architectures: Readonly<Record<string, string>> = {
  llama: "llama",
  mistral: "llama",
  qwen2: "qwen2",
  qwen3: "qwen3",
};

/** Parts outside the blocks, in Hugging Face's names. */
const parts: Readonly<Record<string, string>> = {
  token_embd: "embed_tokens",
  output_norm: "norm",
  output: "lm_head",
};

/** Parts of a block. */
const partsOfBlock: Readonly<Record<string, string>> = {
  attn_norm: "input_layernorm",
  attn_q: "self_attn.q_proj",
  attn_k: "self_attn.k_proj",
  attn_v: "self_attn.v_proj",
  attn_q_norm: "self_attn.q_norm",
  attn_k_norm: "self_attn.k_norm",
  attn_output: "self_attn.o_proj",
  ffn_norm: "post_attention_layernorm",
  ffn_gate: "mlp.gate_proj",
  ffn_up: "mlp.up_proj",
  ffn_down: "mlp.down_proj",
};

const turned = (names: Readonly<Record<string, string>>) =>
  Object.fromEntries(Object.entries(names).map(([one, other]) => [other, one]));
const shortParts = turned(parts), shortPartsOfBlock = turned(partsOfBlock);

const own = (names: Readonly<Record<string, string>>, name: string) =>
  Object.hasOwn(names, name) ? names[name] : undefined;

/** GGUF's name of a tensor; undefined for one that it has no place for, such as tables of angles. */
export function ggufName(name: string): string | undefined {
  const [, base, kind] = /^(?:model\.)?(.*)\.(weight|bias)$/.exec(name) ?? [];
  if (base === undefined) return undefined;
  const [, block, part] = /^layers\.(\d+)\.(.*)$/.exec(base) ?? [];
  const short = block === undefined ? own(shortParts, base) : own(shortPartsOfBlock, part);
  return short && `${block === undefined ? "" : `blk.${block}.`}${short}.${kind}`;
}

/** Hugging Face's name of a tensor; undefined for one that these models do not have. */
export function modelName(name: string): string | undefined {
  const [, block, short, kind] = /^(?:blk\.(\d+)\.)?(\w+)\.(weight|bias)$/.exec(name) ?? [];
  if (short === undefined) return undefined;
  const part = own(block === undefined ? parts : partsOfBlock, short);
  if (part === undefined) return undefined;
  return `${short === "output" ? "" : "model."}${block === undefined ? "" : `layers.${block}.`}${part}.${kind}`;
}

/**
 * Where the rows of queries and keys come from in a file: `llama` rotates columns 2i and 2i + 1 of a head together, where
 * Hugging Face rotates i and i + half. The rows are reordered so that both compute the same. Undefined for tensors that
 * stay as they are.
 */
export function rowsOfFile(
  short: string,
  architecture: string,
  { heads, keyValueHeads, headSize }: Pick<Architecture, "heads" | "keyValueHeads" | "headSize">,
): Uint32Array | undefined {
  const part = /^blk\.\d+\.attn_([qk])\.(?:weight|bias)$/.exec(short)?.[1];
  if (architecture !== "llama" || part === undefined) return undefined;
  const half = headSize / 2;
  return Uint32Array.from({ length: (part === "q" ? heads : keyValueHeads) * headSize }, (_, row) => {
    const column = row % headSize;
    return row - column + (column >> 1) + (column & 1) * half;
  });
}
