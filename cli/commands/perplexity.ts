import { perplexity, perplexityOptions } from "../../mod.ts";
import { command } from "../command.ts";
import { formatDuration } from "../layout.ts";
import { openModel, readLines } from "../models.ts";
import { underWatch } from "../solver_options.ts";

/** `minima perplexity`: how well a model predicts a text. */
export const perplexityCommand = command({
  name: "perplexity",
  summary: "measure how well a language model predicts a text",
  usage: "MODEL TEXT [options]",
  details: `
MODEL is a folder in the layout of Hugging Face (config.json, model.safetensors or its shards, tokenizer.json), or a file
.gguf. Each line of TEXT that is not empty is a sequence of its own: beginning token first, and cut at the context length.

  minima perplexity SmolLM-135M evaluation.txt`,
  operands: [2, 2],
  options: { json: { kind: "flag", about: "report as JSON" } },
  solver: { tables: [perplexityOptions] },
  async run({ options, settings, operands: [folder, text], terminal, signal }) {
    const model = await openModel(folder), lines = await readLines(text, signal), started = performance.now();
    const found = await perplexity(model, lines, { ...settings(perplexityOptions), ...underWatch(terminal, signal) });
    terminal.progress.clear();
    if (options.json) return terminal.print(JSON.stringify(found, null, 2));
    terminal.facts([
      ["perplexity", found.perplexity.toPrecision(6)],
      ["likelihood", `-${(found.negativeLogLikelihood / found.tokens).toPrecision(6)} a token, in nats`],
      ["tokens", `${found.tokens} predicted, in ${lines.length} sequences`],
      ["time", formatDuration(performance.now() - started)],
    ]);
  },
});
