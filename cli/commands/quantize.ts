import { rm, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
import {
  type Bits,
  type CheckpointFormat,
  checkpointFormats,
  type ModelProgress,
  type ModelReport,
  quantizeModel,
  quantizeModelOptions,
} from "../../mod.ts";
import { drawLayers } from "../../pictures/mod.ts";
import { command, UsageError } from "../command.ts";
import { attempt, FileError } from "../files.ts";
import { formatBytes, formatDuration, shorten, table } from "../layout.ts";
import { openModel, readLines } from "../models.ts";
import type { Terminal } from "../terminal.ts";

/** `minima quantize`: a whole language model. */
export const quantize = command({
  name: "quantize",
  summary: "quantise a language model on calibration text",
  usage: "MODEL --calibration TEXT --out FOLDER [options]",
  details: `
MODEL is a folder in the layout of Hugging Face: config.json, model.safetensors or its shards, tokenizer.json. Each line of
TEXT that is not empty is a sequence of its own. The layers are quantised block by block, on what is quantised so far and
towards the outputs of the original model; with --average-bits each gets the bits that what it does to the model
makes worth their size.
Embeddings, norms and the head stay as they are.

Finished blocks are kept in the folder FOLDER.blocks, or that of --resume, until the model is saved: the same command goes
on from there after Ctrl-C, a kill or a loss of power, and ends with the same bytes.

Formats:
${Object.entries(checkpointFormats).map(([name, { about }]) => `  ${name}: ${about}`).join("\n")}

  minima quantize SmolLM-135M --bits 3 --calibration wiki.txt --out SmolLM-135M-3bit
  minima quantize SmolLM-135M --bits '*.down_proj=4,*=3' --group-size 64 --calibration wiki.txt --out mixed`,
  operands: [1, 1],
  options: {
    bits: {
      kind: "text",
      value: "BITS",
      about: "bits of a code: 2, 3, 4 or 8, or PATTERN=BITS between commas (default: 4)",
    },
    calibration: { kind: "input", value: "TEXT", about: "what the model is run on, a sequence a line" },
    out: { kind: "text", value: "FOLDER", about: "where to write the model" },
    report: { kind: "output", value: "FILE", about: "where to write the report of every layer, as JSON" },
    plot: { kind: "output", value: "FILE", about: "where to draw the error of every layer, as SVG" },
    json: { kind: "flag", about: "report as JSON" },
  },
  solver: { tables: [quantizeModelOptions], defaults: { format: "safetensors" } },
  async run({ options, settings, operands: [folder], write, terminal, signal }) {
    const { calibration, out } = options;
    if (calibration === undefined) {
      throw new UsageError("Option --calibration is missing: on what text shall the model run?");
    }
    if (out === undefined) throw new UsageError("Option --out is missing: where shall the model go?");
    const { resume = `${out}.blocks`, format = "safetensors", ...asked } = settings(quantizeModelOptions);
    const saver: CheckpointFormat = checkpointFormats[format];
    const bits = options.bits === undefined ? undefined : readBits(options.bits);
    if (resolve(out) === resolve(folder)) {
      throw new UsageError(`Option --out would overwrite ${folder}: it is the input.`);
    }
    await refuseUsed(out);
    const model = await openModel(folder), lines = await readLines(calibration, signal);
    await saver.check?.(model);
    const quantized = await quantizeModel(model, {
      ...asked,
      format,
      ...bits !== undefined && { bits },
      calibration: lines,
      resume,
      signal,
      onProgress: (event) => terminal.progress.show(taskOf(event), event),
    }).catch((error) =>
      (error as { code?: string }).code ? attempt(resume, () => Promise.reject(error)) : Promise.reject(error)
    );
    terminal.progress.clear();
    signal.throwIfAborted();
    const saved = await attempt(out, () => saver.save(quantized, out));
    await write("plot", () => drawLayers(quantized.report.layers));
    await write("report", () => JSON.stringify(quantized.report, null, 2) + "\n");
    // A folder of the user's own choice is the user's to remove.
    if (resume === `${out}.blocks`) await rm(resume, { recursive: true, force: true });
    if (options.json) terminal.print(JSON.stringify(quantized.report, null, 2));
    else printReport(terminal, quantized.report, out);
    const inexact = saved?.layers.filter(({ exact }) => !exact) ?? [];
    const rounded = inexact.filter(({ problem }) => problem === undefined);
    for (const { name, problem } of inexact) if (problem !== undefined) terminal.note(`${name} is dense: ${problem}`);
    if (rounded.length > 0) terminal.note(`The scales of ${rounded.length} layers were rounded to f16.`);
  },
});

/** What stands before the bar: the layer, and the time left. */
function taskOf({ layer, remainingMs }: ModelProgress): string {
  const left = remainingMs === undefined ? "" : `${formatDuration(remainingMs)} left`;
  return [layer && shorten(layer, 40), left].filter(Boolean).join(", ");
}

/** `3`, or patterns with their bits. */
function readBits(text: string): Bits | Record<string, Bits> {
  if (!text.includes("=")) return Number(text) as Bits;
  return Object.fromEntries(
    text.split(",").map((part) => {
      const at = part.lastIndexOf("=");
      if (at < 1) throw new UsageError(`Option --bits needs PATTERN=BITS between commas, received ${part}.`);
      return [part.slice(0, at).trim(), Number(part.slice(at + 1)) as Bits];
    }),
  );
}

async function refuseUsed(out: string): Promise<void> {
  const found = await stat(out).catch(() => undefined);
  if (found && !found.isDirectory()) throw new FileError(`Cannot write ${out}: it is no folder.`);
  for (const name of ["config.json", "model.gguf"]) {
    if (found && await stat(join(out, name)).then(() => true, () => false)) {
      throw new FileError(`Cannot write ${out}: it holds a model already, ${name}.`);
    }
  }
}

function printReport(terminal: Terminal, report: ModelReport, out: string): void {
  const heading = ["layer", "shape", "bits", "error", "time"];
  const rows = report.layers.map(({ name, shape, bits, relativeError, elapsedMs }) => [
    name,
    shape.join(" x "),
    String(bits),
    relativeError.toPrecision(4),
    formatDuration(elapsedMs),
  ]);
  const [first, ...lines] = table([heading, ...rows]);
  terminal.print([terminal.style.dim(first), ...lines].join("\n"));
  terminal.print("");
  terminal.facts([
    ["mean error", report.meanRelativeError.toPrecision(4)],
    [
      "size",
      `${formatBytes(report.bytesBefore)} in 16 bits to ${formatBytes(report.bytes)}: ${
        report.averageBits.toFixed(2)
      } bits a code`,
    ],
    ["calibration", `${report.calibrationTokens} tokens`],
    [
      "time",
      formatDuration(report.elapsedMs) +
      (report.resumedBlocks > 0 ? `, after ${report.resumedBlocks} blocks were there` : ""),
    ],
    ["wrote", out],
  ]);
  if (report.status === "time-limit") {
    terminal.note("The time limit cut the work short: what was left is rounded to nearest.");
  }
  for (const { name, reason } of report.unquantized) terminal.note(`${name} keeps its weights: ${reason}`);
  for (const { name, remarks } of report.layers) for (const remark of remarks) terminal.note(`${name}: ${remark}`);
}
