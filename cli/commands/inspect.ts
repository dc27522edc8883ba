import { stat } from "node:fs/promises";
import { linearLayers, type StoredQuantization } from "../../mod.ts";
import { command } from "../command.ts";
import { openTensors } from "../files.ts";
import { formatBytes, table } from "../layout.ts";
import { codesOf, descriptionOf, openModel, sizeOf, sizeOfTensors } from "../models.ts";
import type { Terminal } from "../terminal.ts";

/** `minima inspect`: what is in a checkpoint. */
export const inspect = command({
  name: "inspect",
  summary: "show what is in the checkpoint of a language model, or in a file of tensors",
  usage: "MODEL|FILE [options]",
  details: `
MODEL is a folder in the layout of Hugging Face, also with layers in GPTQ, AWQ or compressed-tensors, or a file .gguf. Every
shard and every tensor that the configuration asks for is looked at, but nothing is computed. FILE is a safetensors file; of
quantised layers, as quantize-layer writes them, bits and groups are told.

  minima inspect SmolLM-135M
  minima inspect SmolLM-135M-Q4_0.gguf
  minima inspect layers.safetensors
  minima inspect SmolLM-135M --tensors`,
  operands: [1, 1],
  options: {
    tensors: { kind: "flag", about: "list every tensor" },
    json: { kind: "flag", about: "report as JSON" },
  },
  async run({ options, operands: [folder], terminal }) {
    const file = await stat(folder).then((found) => found.isFile(), () => false);
    if (file && !/\.gguf$/i.test(folder)) return await inspectFile(folder, options.json === true, terminal);
    const model = await openModel(folder), { parameters, bytes, types } = sizeOf(model);
    const layers = linearLayers(model.architecture), description = descriptionOf(model);
    const { quantization } = model;
    const inLayers = layers.reduce((sum, { outputs, inputs }) => sum + outputs * inputs, 0);
    const tensors = model.weights.names.map((name) => {
      const { dtype, shape, stored } = model.weights.describe(name);
      return { name, dtype: stored?.type ?? dtype, shape };
    });
    if (options.json) {
      const report = {
        ...description,
        parameters,
        bytes,
        types,
        tokenizer: model.tokenizer !== undefined,
        layers,
        ...quantization && { quantization: { format: quantization.format, layers: codedLayers(quantization) } },
        tensors,
      };
      return terminal.print(JSON.stringify(report, null, 2));
    }
    terminal.facts([
      ...Object.entries(description).map(([name, value]) => [words(name), String(value)] as const),
      [
        "parameters",
        `${parameters.toLocaleString("en-US")} in ${tensors.length} tensors, ${formatBytes(bytes)}, ${
          types.join(", ")
        }`,
      ],
      ["linear layers", `${layers.length}, ${(100 * inLayers / parameters).toFixed(1)} % of the parameters`],
      ...quantization ? [["quantized", codesOf(quantization)] as const] : [],
      ["tokenizer", model.tokenizer ? "tokenizer.json" : "none"],
    ]);
    const rows = options.tensors
      ? [["tensor", "type", "shape"], ...tensors.map(({ name, dtype, shape }) => [name, dtype, shape.join(" x ")])]
      : [
        ["layers of the first block", "shape"],
        ...layers.filter(({ block }) => block === 0).map((
          { name, outputs, inputs },
        ) => [name, `${outputs} x ${inputs}`]),
      ];
    const [heading, ...lines] = table(rows);
    terminal.print("");
    terminal.print([terminal.style.dim(heading), ...lines].join("\n"));
  },
});

/** The layers that are stored as codes, as plain JSON. */
function codedLayers({ layers }: StoredQuantization): unknown[] {
  return [...layers].map(([name, { shape, bits, groupSize, bytes }]) => ({ name, shape, bits, groupSize, bytes }));
}

/** The tensors of a file, its metadata, and the layers that it holds quantised. */
async function inspectFile(path: string, json: boolean, terminal: Terminal): Promise<void> {
  const { entries, metadata } = await openTensors(path);
  const tensors = [...entries].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  const layers = Object.entries(describedLayers(metadata)).map(([name, { bits, groupSize }]) => {
    const shape = entries.get(`${name}.codes`)?.shape ?? [];
    return { name, shape, bits, groupSize, outliers: entries.get(`${name}.outliers.data`)?.shape[0] ?? 0 };
  });
  const { parameters, bytes, types } = sizeOfTensors(tensors);
  if (json) return terminal.print(JSON.stringify({ parameters, bytes, types, metadata, layers, tensors }, null, 2));
  terminal.facts([
    ["tensors", `${tensors.length}, ${formatBytes(bytes)}, ${types.join(", ") || "none"}`],
    ...layers.length > 0 ? [["quantised layers", String(layers.length)] as const] : [],
    ...Object.entries(metadata).filter(([key]) => !key.startsWith("minima.")),
  ]);
  const rows = layers.length > 0
    ? [
      ["layer", "shape", "bits", "group", "outliers"],
      ...layers.map(({ name, shape, bits, groupSize, outliers }) => [
        name,
        shape.join(" x "),
        String(bits),
        String(groupSize),
        String(outliers),
      ]),
    ]
    : [["tensor", "type", "shape"], ...tensors.map(({ name, dtype, shape }) => [name, dtype, shape.join(" x ")])];
  const [heading, ...lines] = table(rows);
  terminal.print("");
  terminal.print([terminal.style.dim(heading), ...lines].join("\n"));
}

/** What a file of quantised layers says of them; nothing in others. */
function describedLayers({ "minima.layers": text }: Readonly<Record<string, string>>) {
  return JSON.parse(text ?? "{}") as Readonly<Record<string, { readonly bits: number; readonly groupSize: number }>>;
}

const words = (name: string) => name.replace(/[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`);
