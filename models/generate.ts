import type { MatrixOperand } from "../kernels/contract.ts";
import { openWorkspace, type Workspace } from "../kernels/engine/mod.ts";
import { InputError } from "../solvers/core/errors.ts";
import { createRandom } from "../solvers/core/random.ts";
import { resolveOptions } from "../solvers/core/resolve_options.ts";
import { type Run, startRun } from "../solvers/core/run.ts";
import { loadBlock, type LoadedBlock, loadNorm } from "./block.ts";
import { loadHead, readEmbedding } from "./embedding.ts";
import { type Cache, createForward, forwardFlops, forwardRequest, stepCount } from "./forward.ts";
import type { LanguageModel } from "./load.ts";
import { type GenerateOptions, generateOptions } from "./options.ts";
import { type ModelLike, modelOf } from "./perplexity.ts";
import { place } from "./run.ts";
import { encodeText } from "./sequences.ts";

/**
 * Continues a text, a piece at a time: by the likeliest token, or drawn from a seed. It ends with an end token, at the
 * limit, or where the context is full.
 *
 * Memory: all weights in f32, and keys and values of the positions so far.
 *
 * @param prompt Text, or tokens.
 * @throws {InputError} where the model has no tokenizer, or the prompt is empty or fills the context
 *
 * @example
 * ```ts
 * import { generate, type LanguageModel } from "@minima/minima";
 * async function tell(model: LanguageModel) {
 *   let text = "";
 *   for await (const piece of generate(model, "Once upon a time", { tokens: 40 })) text += piece;
 *   return text;
 * }
 * ```
 */
export async function* generate(
  model: ModelLike,
  prompt: string | Uint32Array,
  options: GenerateOptions,
): AsyncGenerator<string, void, void> {
  const { tokenizer } = modelOf(model);
  if (!tokenizer) throw new InputError("model", 'Cannot generate text: "model" has no tokenizer.');
  const start = encodeText(modelOf(model), prompt, "prompt"), tokens = [...start];
  // With what comes before, because tokens may lose a space at the beginning of a text.
  let told = tokenizer.decode(tokens).length;
  for await (const token of generateTokens(model, start, options)) {
    tokens.push(token);
    const text = tokenizer.decode(tokens);
    // A character of which bytes are still to come.
    if (text.endsWith("\uFFFD")) continue;
    const piece = text.slice(told);
    told = text.length;
    if (piece) yield piece;
  }
}

/** The same, token by token. @throws {InputError} where the prompt is empty or fills the context */
export async function* generateTokens(
  model: ModelLike,
  prompt: string | Uint32Array,
  options: GenerateOptions,
): AsyncGenerator<number, void, void> {
  const resolved = resolveOptions(generateOptions, options, "generation"), run = startRun(resolved);
  const language = modelOf(model), { architecture } = language, { context, endTokens } = architecture;
  let next = encodeText(language, prompt, "prompt");
  if (next.length === 0 || next.length >= context) {
    const problem = `it has ${next.length} tokens, and 1 to ${context - 1} are needed`;
    throw new InputError("prompt", `Cannot generate text: ${problem}.`);
  }
  const most = Math.min(context, next.length + resolved.tokens), flops = forwardFlops(architecture);
  const random = resolved.seed === undefined ? undefined : createRandom(resolved.seed);
  const choose = (logits: ArrayLike<number>) =>
    random ? drawn(logits, resolved.temperature, random.uniform()) : likeliest(logits);
  const workspace = await openWorkspace(forwardRequest(most * (flops.blocks + flops.head), resolved));
  try {
    const decoder = await loadDecoder(workspace, language, most, next.length);
    for (let length = 0; length < most;) {
      const logits = await decoder.step(next, length, run);
      length += next.length;
      const token = choose(logits);
      if (endTokens.includes(token)) return;
      if (length < most) yield token;
      next = Uint32Array.of(token);
    }
  } finally {
    workspace.release();
  }
}

/** A whole model in memory, which remembers keys and values. */
interface Decoder {
  /** Takes tokens at the positions from `first` on; gives the logits behind the last of them. */
  step(tokens: Uint32Array, first: number, run: Run): Promise<ArrayLike<number>>;
}

async function loadDecoder(
  workspace: Workspace,
  model: LanguageModel,
  positions: number,
  capacity: number,
): Promise<Decoder> {
  const { architecture, weights } = model, { hidden, vocabulary, names } = architecture;
  const width = architecture.keyValueHeads * architecture.headSize;
  const memory = (label: string): MatrixOperand => ({
    array: workspace.allocate("f32", positions * width, label),
    rows: positions,
    columns: width,
  });
  const blocks: LoadedBlock[] = [], caches: Cache[] = [];
  for (let index = 0; index < architecture.blocks; index++) {
    blocks.push(await loadBlock(workspace, model, index));
    caches.push({ keys: memory("key cache"), values: memory("value cache") });
  }
  const forward = createForward(workspace, architecture, capacity), embedding = await readEmbedding(model);
  const behind = names.embeddingNorm && await loadNorm(workspace, weights, names.embeddingNorm, hidden);
  const final = await loadNorm(workspace, weights, names.finalNorm, hidden), head = await loadHead(workspace, model);
  const logits = { array: workspace.allocate("f32", vocabulary, "logits"), rows: 1, columns: vocabulary };
  return {
    async step(tokens, first, run) {
      const segments = [{ begin: 0, length: tokens.length, first }];
      place(workspace, forward, embedding.embed(tokens, segments), segments);
      if (behind) await forward.begin(behind);
      for (const [at, block] of blocks.entries()) {
        for (let step = 0; step < stepCount; step++) await forward.step(step, block, caches[at]);
        await run.checkpoint({ stage: "forward", fraction: at / blocks.length, iteration: first });
      }
      const normed = await forward.finish(final), last = { ...normed, rows: 1, offset: (tokens.length - 1) * hidden };
      await workspace.kernels.gemm({ a: last, b: head, c: logits, transposeB: true });
      return await workspace.read(logits.array);
    },
  };
}

/** The first of the largest. */
function likeliest(logits: ArrayLike<number>): number {
  let best = 0;
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token;
  return best;
}

/** The token at a share of the probability. */
function drawn(logits: ArrayLike<number>, temperature: number, share: number): number {
  const most = logits[likeliest(logits)];
  const weights = Float64Array.from(logits, (logit) => Math.exp((logit - most) / temperature));
  let left = share * weights.reduce((sum, weight) => sum + weight, 0);
  for (let token = 0; token < weights.length; token++) {
    left -= weights[token];
    if (left < 0) return token;
  }
  return likeliest(logits);
}
