/** Sequences of tokens, and how they are put together to batches. @module */

import { DataError, InputError } from "../solvers/core/errors.ts";
import { shown } from "../solvers/core/shown.ts";
import type { Segment } from "./forward.ts";
import type { LanguageModel } from "./load.ts";

/** Sequences that go through the layers together. */
export interface Batch {
  readonly tokens: Uint32Array;
  readonly segments: readonly Segment[];
}

/** Texts, or tokens as they are. */
export type Sequences = readonly string[] | readonly Uint32Array[];

/** Tokens of a text, or tokens that were given, checked. */
export function encodeText(
  { architecture, tokenizer, files }: LanguageModel,
  text: string | Uint32Array,
  name: string,
) {
  if (text instanceof Uint32Array) {
    const wrong = text.findIndex((token) => token >= architecture.vocabulary);
    if (wrong >= 0) {
      const problem = `token ${text[wrong]} at ${wrong}, and the model has ${architecture.vocabulary}`;
      throw new DataError(name, `Cannot use "${name}": it has the ${problem}.`);
    }
    return text;
  }
  if (typeof text !== "string") {
    throw new InputError(name, `Cannot use "${name}": expected text or tokens, received ${shown(text)}.`);
  }
  if (!tokenizer) {
    const problem = `text needs a tokenizer, and ${files.place} has no tokenizer.json; tokens can be given instead`;
    throw new InputError(name, `Cannot use "${name}": ${problem}.`);
  }
  return tokenizer.encode(text);
}

/**
 * Sequences of tokens of at least two each, cut at the context length; those that are shorter have nothing to predict and
 * are left out.
 *
 * @throws {InputError} for what is no list of texts or tokens, and where nothing is left
 */
export function encodeSequences(model: LanguageModel, sequences: Sequences, name: string): Uint32Array[] {
  if (!Array.isArray(sequences)) {
    throw new InputError(
      name,
      `Cannot use "${name}": expected an array of texts or of Uint32Array, received ${shown(sequences)}.`,
    );
  }
  const encoded = (sequences as readonly (string | Uint32Array)[])
    .map((text, at) => encodeText(model, text, `${name}[${at}]`).subarray(0, model.architecture.context))
    .filter(({ length }) => length > 1);
  if (encoded.length > 0) return encoded;
  throw new InputError(name, `Cannot use "${name}": no sequence has two tokens or more.`);
}

/** Puts sequences together until a batch has so many tokens; longer ones are batches of their own. */
export function batchesOf(sequences: readonly Uint32Array[], most: number): Batch[] {
  const groups: Uint32Array[][] = [];
  let rows = Infinity;
  for (const sequence of sequences) {
    if (rows + sequence.length > most) {
      groups.push([]);
      rows = 0;
    }
    groups.at(-1)!.push(sequence);
    rows += sequence.length;
  }
  return groups.map((group) => {
    const tokens = new Uint32Array(group.reduce((sum, { length }) => sum + length, 0)), segments: Segment[] = [];
    let begin = 0;
    for (const sequence of group) {
      tokens.set(sequence, begin);
      segments.push({ begin, length: sequence.length, first: 0 });
      begin += sequence.length;
    }
    return { tokens, segments };
  });
}
