/** The tokenizer of a model as values of GGUF, and back. @module */

import { FormatError } from "../../../formats/errors.ts";
import type { GgufValue } from "../../../formats/gguf_values.ts";
import type { Architecture } from "../../architecture.ts";
import { type ModelFiles, readText } from "../../files.ts";
import type { Tokenizer } from "../../tokenizer.ts";
import { type Metadata, text, u32, valuesOf } from "./metadata.ts";

/** Kinds of tokens, by their numbers in GGUF. */
const kinds = { normal: 1, unknown: 2, control: 3, defined: 4, unused: 5, byte: 6 } as const;

/** A token that was added beside the model's. */
interface AddedToken {
  readonly id: number;
  readonly content: string;
  readonly special?: boolean;
}

/** What is read of `tokenizer.json`. */
interface TokenizerFile {
  readonly model: {
    readonly type?: string;
    readonly vocab: Readonly<Record<string, number>>;
    readonly merges?: readonly (string | readonly [string, string])[];
    readonly byte_fallback?: boolean;
    readonly unk_token?: string | null;
  };
  readonly added_tokens?: readonly AddedToken[];
  readonly normalizer?: unknown;
  readonly pre_tokenizer?: unknown;
}

/** What is needed of a model. */
interface TokenizedModel {
  readonly architecture: Architecture;
  readonly files: ModelFiles;
  readonly tokenizer?: Tokenizer;
}

/** Key of the whole file, by which this library reads it again as it was. */
const fileKey = "tokenizer.huggingface.json", root = "tokenizer.ggml.";

/**
 * The tokenizer of a model: byte-level BPE with its merges, or sentencepiece's BPE with scores; special tokens alone
 * where it has none.
 *
 * @throws {FormatError} for one that GGUF has no words for
 */
export async function tokenizerForGguf(model: TokenizedModel): Promise<Metadata> {
  const content = await readText(model.files, "tokenizer.json"), metadata: Metadata = new Map();
  const { architecture: { vocabulary, beginningToken, endTokens } } = model;
  const special = (tokens: Readonly<Record<string, number | undefined>>) => {
    for (const [kind, id] of Object.entries(tokens)) {
      if (id !== undefined) metadata.set(`${root}${kind}_token_id`, u32(id));
    }
  };
  special({ bos: beginningToken, eos: endTokens[0], eot: endTokens[1] });
  if (content === undefined || !model.tokenizer) return metadata.set(`${root}model`, text("no_vocab"));
  const file: TokenizerFile = JSON.parse(content), { type, byte_fallback: byBytes } = file.model;
  if (type !== undefined && type !== "BPE") throw refuse(`is of type ${type}; BPE is needed`);
  const settings = JSON.parse(await readText(model.files, "tokenizer_config.json") ?? "{}");
  const { tokens, types } = listTokens(file, vocabulary), merges = (file.model.merges ?? []).map(pairOf);
  const strings = (value: readonly string[]): GgufValue => ({ type: "array", of: "string", value });
  const flag = (value: boolean): GgufValue => ({ type: "bool", value });
  metadata.set(`${root}model`, text(byBytes ? "llama" : "gpt2"));
  metadata.set(`${root}pre`, text(byBytes ? "default" : preOf(file)));
  metadata.set(`${root}tokens`, strings(tokens));
  metadata.set(`${root}token_type`, { type: "array", of: "i32", value: types });
  if (byBytes) {
    metadata.set(`${root}scores`, { type: "array", of: "f32", value: scoresOf(tokens, merges) });
    metadata.set(`${root}add_space_prefix`, flag(prefixesSpace(file)));
  } else metadata.set(`${root}merges`, strings(merges.map((pair) => pair.join(" "))));
  const idOf = (given: unknown) => {
    const name = typeof given === "string" ? given : (given as { content?: string } | null)?.content;
    const id = name === undefined ? -1 : tokens.indexOf(name);
    return id < 0 ? undefined : id;
  };
  special({
    ...beginningToken === undefined && { bos: idOf(settings.bos_token) },
    ...endTokens.length === 0 && { eos: idOf(settings.eos_token) },
    unknown: idOf(file.model.unk_token ?? settings.unk_token),
    padding: idOf(settings.pad_token),
  });
  const begins = beginningToken !== undefined && model.tokenizer.encode("a")[0] === beginningToken;
  metadata.set(`${root}add_bos_token`, flag(begins)).set(`${root}add_eos_token`, flag(false));
  if (typeof settings.chat_template === "string") metadata.set("tokenizer.chat_template", text(settings.chat_template));
  return metadata.set(fileKey, text(content));
}

function refuse(problem: string): FormatError {
  return new FormatError("model", "tokenizer.json", `${problem} to be saved as GGUF`);
}

const pairOf = (merge: string | readonly [string, string]): readonly string[] =>
  typeof merge === "string" ? merge.split(" ") : merge;

/** Tokens and their kinds by number, up to the size of the vocabulary. */
function listTokens({ model, added_tokens: added = [] }: TokenizerFile, vocabulary: number) {
  const tokens = Array.from({ length: vocabulary }, (_, id) => `[PAD${id}]`);
  const types: number[] = new Array(vocabulary).fill(kinds.unused);
  for (const [token, id] of Object.entries(model.vocab)) {
    tokens[id] = token;
    types[id] = model.byte_fallback && /^<0x[0-9A-F]{2}>$/.test(token) ? kinds.byte : kinds.normal;
  }
  for (const { id, content, special } of added) {
    tokens[id] = content;
    types[id] = content === model.unk_token ? kinds.unknown : special ? kinds.control : kinds.defined;
  }
  return { tokens, types };
}

/**
 * Scores by which sentencepiece merges as the merges say: the sooner, the higher.
 *
 * @throws {FormatError} where one token is merged both before and after another, which no score can say
 */
function scoresOf(tokens: readonly string[], merges: readonly (readonly string[])[]): number[] {
  const scores = new Map<string, number>();
  let last: string | undefined;
  for (const pair of merges) {
    const token = pair.join("");
    if (token === last) continue;
    if (scores.has(token)) throw refuse(`merges "${token}" both before and after "${last}", and must have scores`);
    scores.set(token, -scores.size);
    last = token;
  }
  // What nothing is merged into is never compared.
  return tokens.map((token) => scores.get(token) ?? -scores.size);
}

/** Whether a space is put before a text. */
function prefixesSpace({ normalizer, pre_tokenizer }: TokenizerFile): boolean {
  const parts = [normalizer, pre_tokenizer].flatMap(partsOf);
  return parts.some(({ type, prepend_scheme, add_prefix_space }) =>
    type === "Prepend" || type === "Metaspace" && prepend_scheme !== "never" && add_prefix_space !== false
  );
}

interface Part {
  readonly type?: string;
  readonly [field: string]: unknown;
}

/** The parts of a sequence, or the one there is. */
function partsOf(part: unknown): readonly Part[] {
  if (typeof part !== "object" || part === null) return [];
  const { normalizers, pretokenizers } = part as { normalizers?: unknown[]; pretokenizers?: unknown[] };
  return (normalizers ?? pretokenizers)?.flatMap(partsOf) ?? [part as Part];
}

/** What a regular expression of GPT-4's kind takes of words, with the contractions in either case, and up to so many digits. */
const words = (digits: string) =>
  `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}${digits}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+`;

/** Names of the ways to cut text before merging, by their regular expressions. */
const splits: Readonly<Record<string, string>> = { [words("")]: "qwen2", [words("{1,3}")]: "llama-bpe" };

/** The name that GGUF has for the way text is cut before merging. */
function preOf({ pre_tokenizer }: TokenizerFile): string {
  const parts = partsOf(pre_tokenizer), kindsOfParts = parts.map(({ type }) => type).join(" ");
  const pattern = (parts[0]?.pattern as { Regex?: string } | undefined)?.Regex;
  if (kindsOfParts === "ByteLevel" && parts[0].use_regex !== false) return "gpt-2";
  if (kindsOfParts === "Digits ByteLevel" && parts[0].individual_digits === true && parts[1].use_regex !== false) {
    return "smollm";
  }
  if (kindsOfParts === "Split ByteLevel" && pattern !== undefined && Object.hasOwn(splits, pattern)) {
    return splits[pattern];
  }
  const cut = pattern === undefined ? kindsOfParts || "nothing" : `/${pattern}/`;
  throw refuse(`cuts text by ${cut}, and must do so as GPT-2, SmolLM, Qwen2 or Llama 3 does`);
}

/** The files `tokenizer.json` and `tokenizer_config.json` of a GGUF file, where it has a tokenizer that can be read. */
export function tokenizerFiles(metadata: ReadonlyMap<string, GgufValue>): Map<string, string> {
  const values = valuesOf(metadata), files = new Map<string, string>();
  const whole = metadata.get(fileKey)?.value, tokens = values.list(`${root}tokens`) as readonly string[] | undefined;
  if (typeof whole !== "string" || !tokens) return files;
  const named = (kind: string) => tokens[values.number(`${root}${kind}_token_id`, -1)];
  const template = metadata.get("tokenizer.chat_template")?.value;
  const settings = {
    add_bos_token: values.flag(`${root}add_bos_token`) ?? true,
    add_eos_token: false,
    bos_token: named("bos"),
    eos_token: named("eos"),
    unk_token: named("unknown"),
    pad_token: named("padding"),
    chat_template: template,
  };
  return files.set("tokenizer.json", whole).set("tokenizer_config.json", JSON.stringify(settings));
}
