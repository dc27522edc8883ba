import {
  checkpointFormats,
  generate,
  generateTokens,
  type LanguageModel,
  linearLayers,
  type ModelLike,
  perplexity,
  type QuantizedLanguageModel,
  quantizeModel,
  type ResumeStore,
} from "../../../../models/mod.ts";
import type { DrawnLayer } from "../../../../pictures/mod.ts";
import { resolveOptions } from "../../../../solvers/core/resolve_options.ts";
import { type ModelContent, readModel, sequencesOf } from "../../contents/model.ts";
import type { Download, PanelSolver } from "../../solver.ts";
import { timeLeft } from "../words.ts";
import type { LanguageAnswer } from "./answer.ts";
import { exampleModel } from "./example.ts";
import { type LanguageOptions, languageOptions } from "./options.ts";
import { ownTexts } from "./own_texts.ts";

/** What was quantised last, or begun to be: the same again goes on from it, and another prompt is quick. */
interface Kept {
  readonly content: ModelContent;
  /** All that the codes depend on. */
  readonly key: string;
  readonly blocks: ResumeStore;
  quantized?: QuantizedLanguageModel;
}

let kept: Kept | undefined;

/** Quantises a model, judges it, lets it write, and saves it. */
export const solver: PanelSolver<ModelContent, LanguageAnswer, LanguageOptions> = {
  read: readModel,
  examples: { generated: exampleModel },
  async solve(data, options, run) {
    const { format, lines, prompt, tokens } = resolveOptions(languageOptions, options, "the panel");
    const { bits, format: _, lines: __, prompt: ___, tokens: ____, ...settings } = options;
    const { content } = data, { model } = content, { signal } = run;
    const key = JSON.stringify([settings, bits, format, lines, data.roles]);
    if (kept?.content !== content || kept.key !== key) kept = { content, key, blocks: memoryStore() };
    const mine = kept;

    const given = [await sequencesOf(data, "calibration"), await sequencesOf(data, "heldOut")] as const;
    const missing = given.filter((text) => !text).length;
    const own = (count: number, seed: number) =>
      ownTexts(model, count, seed, signal, (fraction) => run.progress("texts of its own", 0.1 * fraction));
    const calibration = (given[0] ?? await own(8, 1)).slice(0, lines);
    const heldOut = (given[1] ?? await own(4, 100)).slice(0, lines);

    let answer: LanguageAnswer = {
      family: model.architecture.family,
      parameters: parametersOf(model),
      layers: [],
      layerCount: linearLayers(model.architecture).length,
      ownTexts: missing > 0 || content.own === true,
    };
    const show = (found: Partial<LanguageAnswer>) => run.show(answer = { ...answer, ...found });
    const before = await perplexity(model, heldOut, run.watch(0.1, 0.2, "perplexity of the original"));
    show({ perplexity: { before: before.perplexity, tokens: before.tokens } });

    const blockOf = new Map(linearLayers(model.architecture).map(({ name, block }) => [name, block]));
    const layers: DrawnLayer[] = [];
    const quantized = mine.quantized ??= await quantizeModel(model, {
      ...settings,
      ...bits !== undefined && { bits },
      format,
      calibration,
      resume: mine.blocks,
      signal,
      onProgress({ stage, layer, relativeError, fraction, remainingMs }) {
        run.progress([layer ?? stage, timeLeft(remainingMs)].filter(Boolean).join(", "), 0.2 + 0.6 * fraction);
        if (layer === undefined || relativeError === undefined) return;
        layers.push({
          name: layer,
          block: blockOf.get(layer)!,
          bits: bits ?? settings.averageBits ?? 4,
          relativeError,
        });
        show({ layers });
      },
    });
    const { report } = quantized;
    show({ layers: report.layers, whole: report });
    const after = await perplexity(quantized, heldOut, run.watch(0.8, 0.9, "perplexity of the quantised model"));
    show({ perplexity: { before: before.perplexity, after: after.perplexity, tokens: before.tokens } });

    if (tokens > 0) {
      const write = async (of: ModelLike, from: number) => {
        run.progress("writing", from);
        return await continuation(of, model, prompt, tokens, signal);
      };
      show({
        sample: {
          prompt: model.tokenizer ? prompt : "",
          before: await write(model, 0.9),
          after: await write(quantized, 0.95),
        },
      });
    }
    const files: Download[] = [];
    run.progress("saving", 0.98);
    await checkpointFormats[format].save(quantized, (name, bytes) => {
      files.push({ name, content: bytes as Uint8Array<ArrayBuffer> });
    });
    show({ files: files.map(({ name }) => name) });
    return files;
  },
};

/** What a model writes; without a tokenizer, the numbers of its tokens. */
async function continuation(
  of: ModelLike,
  { tokenizer, architecture }: LanguageModel,
  prompt: string,
  tokens: number,
  signal: AbortSignal,
): Promise<string> {
  const pieces: (string | number)[] = [];
  if (!tokenizer) {
    const start = Uint32Array.of(architecture.beginningToken ?? 0);
    for await (const token of generateTokens(of, start, { tokens, signal })) pieces.push(token);
    return pieces.join(" ");
  }
  for await (const piece of generate(of, prompt, { tokens, signal })) pieces.push(piece);
  return pieces.join("");
}

function parametersOf({ weights }: LanguageModel): number {
  return weights.names.reduce(
    (sum, name) => sum + weights.describe(name).shape.reduce((product, size) => product * size, 1),
    0,
  );
}

/** Finished blocks, as long as the page is open. */
function memoryStore(): ResumeStore {
  const files = new Map<string, Uint8Array>();
  return {
    read: (name) => Promise.resolve(files.get(name)),
    write: (name, bytes) => Promise.resolve(void files.set(name, bytes)),
  };
}
