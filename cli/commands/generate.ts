import { generate, generateOptions } from "../../mod.ts";
import { command, UsageError } from "../command.ts";
import { openModel } from "../models.ts";

/** `minima generate`: how a model goes on. */
export const generateCommand = command({
  name: "generate",
  summary: "let a language model continue a text",
  usage: "MODEL --prompt TEXT [options]",
  details: `
MODEL is a folder in the layout of Hugging Face. The likeliest token follows each time, or with --seed one that is drawn by
its probability; what is written appears as it comes, and ends with an end token, behind --tokens of them, or where the
context of the model is full.

  minima generate SmolLM-135M --prompt 'Once upon a time'
  minima generate SmolLM-135M-3bit --prompt 'Once upon a time' --seed 1 --temperature 0.8 --tokens 200`,
  operands: [1, 1],
  options: { prompt: { kind: "text", value: "TEXT", about: "what the model continues" } },
  solver: { tables: [generateOptions], defaults: { tokens: 100 } },
  async run({ options: { prompt }, settings, operands: [folder], terminal, signal }) {
    if (prompt === undefined) throw new UsageError("Option --prompt is missing: what shall the model continue?");
    const model = await openModel(folder), asked = settings(generateOptions);
    terminal.write(prompt);
    try {
      for await (const piece of generate(model, prompt, { ...asked, signal })) terminal.write(piece);
    } finally {
      terminal.write("\n");
    }
  },
});
