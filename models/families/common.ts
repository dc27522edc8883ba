/** What the families share. @module */

import type { Activation } from "../../kernels/contract.ts";
import type { Architecture } from "../architecture.ts";
import { type Config, tokenList } from "../config.ts";

/** Finds the prefix of tensors: checkpoints of the bare decoder lack it. */
export type HasTensor = (name: string) => boolean;

/** A family of models. */
export interface Family {
  /** `model_type` of the configurations that it describes. */
  readonly types: readonly string[];
  /** @throws {FormatError} for a configuration that is incomplete or asks for what is not known */
  describe(config: Config, has: HasTensor): Architecture;
}

const activations: Readonly<Record<string, Activation>> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  relu: "relu",
};

/** The activation that a field names. */
export function activationOf(config: Config, name: string, otherwise: string): Activation {
  const given = config.text(name, otherwise);
  if (Object.hasOwn(activations, given)) return activations[given];
  throw config.refuse(name, `is ${JSON.stringify(given)}; ${Object.keys(activations).join(", ")} are known`);
}

/** Most heads, and columns of one: what is made for each before any tensor is looked at stays small. */
const mostHeads = 2 ** 16;

/** Columns of a head: as given, or `hidden / heads`, which must be whole. */
export function headSizeOf(config: Config, hidden: number, heads: number, given = hidden / heads): number {
  if (!Number.isInteger(given)) {
    throw config.refuse("num_attention_heads", `is ${heads}, which does not divide the hidden size ${hidden}`);
  }
  if (Math.max(heads, given) <= mostHeads) return given;
  throw config.refuse(
    "num_attention_heads",
    `makes ${heads} heads of ${given} columns; at most ${mostHeads} are known`,
  );
}

/** The tokens that begin and end texts. */
export function textTokens(config: Config): Pick<Architecture, "beginningToken" | "endTokens"> {
  const [beginningToken] = tokenList(config, "bos_token_id");
  return { ...beginningToken !== undefined && { beginningToken }, endTokens: tokenList(config, "eos_token_id") };
}

/** Where queries, keys and values of all heads stand in a layer whose rows come as [heads, 3, headSize]. */
export function interleavedRows(heads: number, headSize: number): Uint32Array {
  return Uint32Array.from({ length: 3 * heads * headSize }, (_, row) => {
    const part = Math.floor(row / (heads * headSize)), head = Math.floor(row / headSize) % heads;
    return (3 * head + part) * headSize + row % headSize;
  });
}
