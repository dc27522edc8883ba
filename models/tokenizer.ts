import { FormatError } from "../formats/errors.ts";
import type { Architecture } from "./architecture.ts";
import { type ModelFiles, readText } from "./files.ts";

/** Text to tokens and back. */
export interface Tokenizer {
  /** The tokens of a text, with the beginning token where the model has one. */
  encode(text: string): Uint32Array;
  /** The text of tokens, without special ones. */
  decode(tokens: Iterable<number>): string;
}

/**
 * The tokenizer in `tokenizer.json`, by the package `@huggingface/tokenizers`; undefined where there is no such file.
 *
 * @throws {FormatError} for a file that is damaged, or whose tokens the model has no embedding for
 */
export async function readTokenizer(files: ModelFiles, architecture: Architecture): Promise<Tokenizer | undefined> {
  const text = await readText(files, "tokenizer.json");
  if (text === undefined) return undefined;
  const parsed = parse("tokenizer.json", text), settings = await readText(files, "tokenizer_config.json");
  const config = settings === undefined ? {} : parse("tokenizer_config.json", settings);
  const { Tokenizer } = await import("@huggingface/tokenizers").catch((cause) => {
    const problem = 'the package "@huggingface/tokenizers" is needed for "tokenizer.json" and is not installed';
    throw new Error(`Cannot read the model: ${problem}.`, { cause });
  });
  let tokenizer: InstanceType<typeof Tokenizer>;
  try {
    tokenizer = new Tokenizer(parsed, config);
  } catch (error) {
    throw new FormatError("model", "tokenizer.json", `cannot be used (${(error as Error).message})`);
  }
  let most = -1;
  for (const token of tokenizer.get_vocab().values()) most = Math.max(most, token);
  if (most >= architecture.vocabulary) {
    throw new FormatError(
      "model",
      "tokenizer.json",
      `does not fit: it has the token ${most}, and the model has embeddings for ${architecture.vocabulary}`,
    );
  }
  const { beginningToken } = architecture, adds = (config as { add_bos_token?: unknown }).add_bos_token !== false;
  return {
    encode(text) {
      const { ids } = tokenizer.encode(text);
      const begins = beginningToken === undefined || !adds || ids[0] === beginningToken;
      return Uint32Array.from(begins ? ids : [beginningToken, ...ids]);
    },
    decode: (tokens) => tokenizer.decode([...tokens], { skip_special_tokens: true }),
  };
}

function parse(file: string, text: string): object {
  try {
    const value = JSON.parse(text);
    if (typeof value === "object" && value !== null) return value;
  } catch (error) {
    throw new FormatError("model", file, `is not JSON (${(error as Error).message})`);
  }
  throw new FormatError("model", file, "must be an object");
}
