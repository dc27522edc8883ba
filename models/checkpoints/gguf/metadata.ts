/** The configuration of a model as values of GGUF, and back. @module */

import { FormatError } from "../../../formats/errors.ts";
import type { GgufValue } from "../../../formats/gguf_values.ts";
import { InputError } from "../../../solvers/core/errors.ts";
import type { Architecture } from "../../architecture.ts";
import { architectures } from "./names.ts";

/** Values by key. */
export type Metadata = Map<string, GgufValue>;

/** A whole number. */
export const u32 = (value: number): GgufValue => ({ type: "u32", value });
/** A number. */
const f32 = (value: number): GgufValue => ({ type: "f32", value });
/** Text. */
export const text = (value: string): GgufValue => ({ type: "string", value });

/** What is written of a model, and the factors that its angles are divided by, where there are any. */
export interface Described {
  readonly architecture: string;
  readonly metadata: Metadata;
  readonly ropeFactors?: Float32Array;
}

/**
 * Describes a model to readers of GGUF.
 *
 * @throws {InputError} for what they cannot compute
 */
export function describeForGguf(architecture: Architecture, config: string): Described {
  const { family, positions, activation, headSize, window, blocks } = architecture;
  const name = Object.hasOwn(architectures, family) ? architectures[family] : undefined;
  const refuse = (problem: string) => new InputError("model", `Cannot save the model as GGUF: ${problem}.`);
  if (name === undefined) {
    throw refuse(`its family is ${family}, and ${Object.keys(architectures).join(", ")} are known`);
  }
  if (activation !== "silu") throw refuse(`its activation is ${activation}, and silu is needed`);
  if (positions.kind !== "rotary") throw refuse(`its positions are ${positions.kind}, and rotary ones are needed`);
  if (2 * positions.frequencies.length !== headSize) {
    throw refuse(`it rotates ${2 * positions.frequencies.length} of the ${headSize} columns of a head, and not all`);
  }
  // Within the shortest window all is as without one.
  const windows = Array.from({ length: blocks }, (_, block) => window?.(block) ?? Infinity);
  const { rope_theta, rope_parameters } = JSON.parse(config);
  const base = Number(rope_parameters?.rope_theta ?? rope_theta ?? 10000);
  const factors = positions.frequencies.map((frequency, pair) => base ** (-2 * pair / headSize) / frequency);
  const key = (part: string) => `${name}.${part}`, changed = (value: number) => Math.abs(value - 1) > 1e-9;
  const metadata: Metadata = new Map([
    ["general.architecture", text(name)],
    [key("block_count"), u32(blocks)],
    [key("context_length"), u32(Math.min(architecture.context, ...windows))],
    [key("embedding_length"), u32(architecture.hidden)],
    [key("feed_forward_length"), u32(architecture.intermediate)],
    [key("attention.head_count"), u32(architecture.heads)],
    [key("attention.head_count_kv"), u32(architecture.keyValueHeads)],
    [key("attention.key_length"), u32(headSize)],
    [key("attention.value_length"), u32(headSize)],
    [key("attention.layer_norm_rms_epsilon"), f32(architecture.norm.epsilon)],
    [key("rope.dimension_count"), u32(headSize)],
    [key("rope.freq_base"), f32(base)],
    [key("vocab_size"), u32(architecture.vocabulary)],
  ]);
  const scaled = factors.some(changed), even = factors.every((factor) => Math.abs(factor / factors[0] - 1) < 1e-9);
  if (scaled && even) {
    metadata.set(key("rope.scaling.type"), text("linear")).set(key("rope.scaling.factor"), f32(factors[0]));
  } else if (scaled && name !== "llama") {
    throw refuse(`angles of ${family} that are scaled unevenly are not known`);
  }
  if (changed(positions.factor)) {
    if (name !== "llama") throw refuse(`angles of ${family} with a factor are not known`);
    metadata.set(key("rope.scaling.attn_factor"), f32(positions.factor));
  }
  return { architecture: name, metadata, ...scaled && !even && { ropeFactors: Float32Array.from(factors) } };
}

/** Values that are asked for by key and kind. */
export interface Values {
  number(key: string, otherwise?: number): number;
  text(key: string, otherwise?: string): string;
  flag(key: string): boolean | undefined;
  list(key: string): readonly (number | bigint | boolean | string)[] | undefined;
}

/** @throws {FormatError} from its functions, for a value that is missing or of another kind */
export function valuesOf(metadata: ReadonlyMap<string, GgufValue>): Values {
  const refuse = (key: string, problem: string) => new FormatError("gguf", `the key "${key}"`, problem);
  const read = <T>(
    key: string,
    what: string,
    otherwise: T | undefined,
    take: (value: GgufValue) => T | undefined,
  ): T => {
    const value = metadata.get(key);
    if (value === undefined && otherwise !== undefined) return otherwise;
    if (value === undefined) throw refuse(key, `is missing; ${what} is needed`);
    const taken = take(value);
    if (taken === undefined) throw refuse(key, `is ${value.type}; ${what} is needed`);
    return taken;
  };
  return {
    number: (key, otherwise) =>
      read(key, "a number", otherwise, ({ type, value }) => {
        if (typeof value === "bigint" || typeof value === "number") {
          return type === "f32" ? shortest(value as number) : Number(value);
        }
        return undefined;
      }),
    text: (key, otherwise) =>
      read(key, "text", otherwise, ({ value }) => typeof value === "string" ? value : undefined),
    flag(key) {
      const value = metadata.get(key)?.value;
      return typeof value === "boolean" ? value : undefined;
    },
    list(key) {
      const value = metadata.get(key);
      return value?.type === "array" ? value.value : undefined;
    },
  };
}

/** The number of fewest digits that f32 rounds to this one: 1e-5 again, and not 0.000009999999747378752. */
function shortest(value: number): number {
  for (let digits = 6; digits < 10; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

/**
 * The text of `config.json` that says what the values of a file do.
 *
 * @param tied whether the head is the embedding
 * @throws {FormatError} for an architecture that is not known, and a value that is missing
 */
export function configOfGguf(metadata: ReadonlyMap<string, GgufValue>, tied: boolean): string {
  const values = valuesOf(metadata), architecture = values.text("general.architecture");
  const known = [...new Set(Object.values(architectures))];
  if (!known.includes(architecture)) {
    const problem = `is ${JSON.stringify(architecture)}; known are ${known.join(", ")}`;
    throw new FormatError("gguf", 'the key "general.architecture"', problem);
  }
  const key = (part: string) => `${architecture}.${part}`,
    number = (part: string, otherwise?: number) => values.number(key(part), otherwise);
  const hidden = number("embedding_length"), heads = number("attention.head_count");
  const headSize = number("attention.key_length", hidden / heads),
    scaling = values.text(key("rope.scaling.type"), "none");
  const theta = number("rope.freq_base", 10000), tokens = values.list("tokenizer.ggml.tokens");
  if (
    number("attention.value_length", headSize) !== headSize || number("rope.dimension_count", headSize) !== headSize
  ) {
    throw new FormatError(
      "gguf",
      `the key "${key("attention.value_length")}"`,
      "or that of the rotated columns differs",
    );
  }
  if (!["none", "linear", "yarn"].includes(scaling)) {
    throw new FormatError("gguf", `the key "${key("rope.scaling.type")}"`, `is ${JSON.stringify(scaling)}`);
  }
  const context = number("context_length");
  const token = (kind: string) => {
    const id = values.number(`tokenizer.ggml.${kind}_token_id`, -1);
    return id < 0 ? undefined : id;
  };
  const [eos, eot] = [token("eos"), token("eot")];
  return JSON.stringify({
    model_type: architecture,
    hidden_size: hidden,
    intermediate_size: number("feed_forward_length"),
    num_hidden_layers: number("block_count"),
    num_attention_heads: heads,
    num_key_value_heads: number("attention.head_count_kv", heads),
    head_dim: headSize,
    vocab_size: number("vocab_size", tokens?.length),
    max_position_embeddings: context,
    rms_norm_eps: number("attention.layer_norm_rms_epsilon"),
    rope_parameters: {
      rope_type: scaling === "none" ? "default" : scaling,
      rope_theta: theta,
      ...scaling !== "none" && { factor: number("rope.scaling.factor") },
      ...scaling === "yarn" &&
        { original_max_position_embeddings: number("rope.scaling.original_context_length", context) },
    },
    hidden_act: "silu",
    tie_word_embeddings: tied,
    bos_token_id: token("bos"),
    eos_token_id: eot !== undefined && eot !== eos ? [eos, eot] : eos,
  });
}
