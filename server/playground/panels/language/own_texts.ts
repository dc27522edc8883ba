import { generateTokens, type LanguageModel } from "../../../../models/mod.ts";

/** Tokens of a text at most. */
const longest = 96;

/**
 * Texts that a model writes by itself, from seeds `first` on: what stands in for text that there is none of. Its own
 * likelihood judges them, so they show how far the quantised model is from it, not how good either is.
 */
export async function ownTexts(
  model: LanguageModel,
  count: number,
  first: number,
  signal: AbortSignal,
  told: (fraction: number) => void = () => {},
): Promise<Uint32Array[]> {
  const { beginningToken = 0, context } = model.architecture, texts: Uint32Array[] = [];
  for (let at = 0; at < count; at++) {
    told(at / count);
    const tokens = [beginningToken], options = { tokens: Math.min(longest, context - 1), seed: first + at, signal };
    for await (const token of generateTokens(model, Uint32Array.of(beginningToken), options)) tokens.push(token);
    // A text of one token predicts none.
    if (tokens.length > 1) texts.push(Uint32Array.from(tokens));
  }
  if (texts.length === 0) throw new Error("The model writes no text by itself: pick one beside its files.");
  return texts;
}
