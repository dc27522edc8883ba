import { checkKind, checkParts } from "../solvers/core/kinds.ts";
import { withWorkspace } from "../kernels/engine/mod.ts";
import { type Matrix, matrix } from "../solvers/core/matrix.ts";
import { resolveOptions } from "../solvers/core/resolve_options.ts";
import { startRun } from "../solvers/core/run.ts";
import { forwardFlops, forwardRequest } from "./forward.ts";
import type { LanguageModel } from "./load.ts";
import { type PerplexityOptions, perplexityOptions } from "./options.ts";
import { batchTokens, largestBatch, runModel } from "./run.ts";
import { batchesOf, encodeSequences, encodeText, type Sequences } from "./sequences.ts";

/** What {@linkcode perplexity} finds. */
export interface Perplexity {
  /** `exp(negativeLogLikelihood / tokens)`. */
  readonly perplexity: number;
  /** Sum over the predicted tokens, in nats. */
  readonly negativeLogLikelihood: number;
  /** Tokens that were predicted: all but the first of each sequence. */
  readonly tokens: number;
}

/** A model, or one that was quantised. */
export type ModelLike = LanguageModel | { readonly model: LanguageModel };

/** The model itself, checked. */
export function modelOf(model: ModelLike): LanguageModel {
  checkKind("model", model, "object", action);
  if (!("model" in model)) return checked("model", model);
  return checked("model.model", model.model);
}

const action = "use the model";

function checked(argument: string, model: LanguageModel): LanguageModel {
  checkParts(argument, model, { architecture: "object", weights: "object", config: "text", files: "object" }, action);
  return model;
}

/**
 * The perplexity of a model on sequences: each is one of its own, beginning token first, and cut at the context length.
 * Activations are f32, and the likelihoods summed in f64.
 *
 * Complexity: two operations a weight and token, and attention. Memory: the weights of one block or of the head, and the
 * activations of all tokens.
 *
 * @param sequences Texts, for the model's tokenizer, or tokens.
 * @throws {InputError} for sequences that cannot be used
 *
 * @example
 * ```ts
 * import { type LanguageModel, perplexity } from "@minima/minima";
 * async function compare(before: LanguageModel, after: LanguageModel, lines: string[]) {
 *   const [one, other] = [await perplexity(before, lines), await perplexity(after, lines)];
 *   return other.perplexity / one.perplexity;
 * }
 * ```
 */
export async function perplexity(
  model: ModelLike,
  sequences: Sequences,
  options: PerplexityOptions = {},
): Promise<Perplexity> {
  const resolved = resolveOptions(perplexityOptions, options, "perplexity"), run = startRun(resolved);
  const language = modelOf(model), batches = batchesOf(encodeSequences(language, sequences, "sequences"), batchTokens);
  const count = batches.reduce((sum, { tokens }) => sum + tokens.length, 0),
    flops = forwardFlops(language.architecture);
  return await withWorkspace(forwardRequest(count * (flops.blocks + flops.head), resolved), async (workspace) => {
    const rows = largestBatch(batches), targets = workspace.allocate("u32", rows, "targets");
    const losses = { array: workspace.allocate("f64", rows, "losses"), length: 0 };
    let negativeLogLikelihood = 0, predicted = 0;
    await runModel(workspace, language, batches, run, async (logits, { tokens, segments }, begin) => {
      const next = new Uint32Array(logits.rows);
      next.set(tokens.subarray(begin + 1, begin + 1 + logits.rows));
      workspace.write(targets, next);
      await workspace.kernels.tokenLosses({ logits, targets, losses: { ...losses, length: logits.rows } });
      const found = await workspace.read(losses.array, 0, logits.rows);
      const last = new Set(segments.map((segment) => segment.begin + segment.length - 1));
      found.forEach((loss, i) => {
        if (last.has(begin + i)) return;
        negativeLogLikelihood += loss;
        predicted++;
      });
    });
    return { perplexity: Math.exp(negativeLogLikelihood / predicted), negativeLogLikelihood, tokens: predicted };
  });
}

/**
 * The logits of the token that follows each token of a sequence.
 *
 * @param text Text or tokens, cut at the context length.
 * @returns [tokens, vocabulary], in f32.
 * @throws {InputError} for a sequence that cannot be used
 */
export async function logits(
  model: ModelLike,
  text: string | Uint32Array,
  options: PerplexityOptions = {},
): Promise<Matrix> {
  const resolved = resolveOptions(perplexityOptions, options, "logits"), run = startRun(resolved);
  const language = modelOf(model), { context, vocabulary } = language.architecture;
  const tokens = encodeText(language, text, "text").subarray(0, context), flops = forwardFlops(language.architecture);
  const result = matrix(tokens.length, vocabulary, new Float32Array(tokens.length * vocabulary));
  if (tokens.length === 0) return result;
  await withWorkspace(forwardRequest(tokens.length * (flops.blocks + flops.head), resolved), async (workspace) => {
    const batch = { tokens, segments: [{ begin: 0, length: tokens.length, first: 0 }] };
    await runModel(workspace, language, [batch], run, async ({ array, rows }, _, begin) => {
      (result.data as Float32Array).set(
        await workspace.read(array, 0, rows * vocabulary) as Float32Array,
        begin * vocabulary,
      );
    });
  });
  return result;
}
