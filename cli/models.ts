/** Language models on the command line: opening them, texts, and what is told of them. @module */

import { FormatError, type LanguageModel, loadModel, type SafetensorsEntry, type StoredQuantization } from "../mod.ts";
import { elementBits, elementCount } from "../formats/tensor.ts";
import { FileError, inputName, readInput } from "./files.ts";

/** Opens a model; what is wrong with it is told with its folder or file. */
export async function openModel(folder: string): Promise<LanguageModel> {
  try {
    return await loadModel(folder);
  } catch (error) {
    if (error instanceof FormatError) error.message = `${folder}: ${error.message}`;
    throw error;
  }
}

/** The lines of a text that are not empty: a sequence each. */
export async function readLines(path: string, signal: AbortSignal): Promise<string[]> {
  const text = new TextDecoder().decode(await readInput(path, signal));
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== "");
  if (lines.length === 0) throw new FileError(`${inputName(path)}: there is no text in it.`);
  return lines;
}

/** Parameters of a model, their bytes in its files, and the types of those that are not stored as codes. */
export function sizeOf(
  { weights, quantization }: LanguageModel,
): { parameters: number; bytes: number; types: string[] } {
  let parameters = 0, bytes = 0;
  const types = new Set<string>();
  for (const name of weights.names) {
    const { dtype, shape, stored } = weights.describe(name), count = elementCount(shape);
    parameters += count;
    const coded = quantization?.layers.get(name.replace(/\.weight$/, ""));
    if (coded && name.endsWith(".weight")) {
      bytes += coded.bytes;
      continue;
    }
    bytes += stored?.bytes ?? count * elementBits(dtype) / 8;
    types.add(stored?.type ?? dtype);
  }
  return { parameters, bytes, types: [...types] };
}

/** The same of any tensors. */
export function sizeOfTensors(tensors: readonly Pick<SafetensorsEntry, "dtype" | "shape">[]) {
  const counts = tensors.map(({ shape }) => elementCount(shape));
  return {
    parameters: counts.reduce((sum, count) => sum + count, 0),
    bytes: tensors.reduce((sum, { dtype }, at) => sum + counts[at] * elementBits(dtype) / 8, 0),
    types: [...new Set(tensors.map(({ dtype }) => dtype))],
  };
}

/** How many layers of a checkpoint have how many bits, and what their groups are. */
export function codesOf({ format, layers }: StoredQuantization): string {
  const counts = new Map<string, number>();
  for (const { bits, groupSize, shape } of layers.values()) {
    const kind = `${bits} bits${groupSize < shape[1] ? ` in groups of ${groupSize}` : ""}`;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  const kinds = [...counts].sort(([, one], [, other]) => other - one).map(([kind, count]) => `${count} of ${kind}`);
  return `${format}: ${kinds.join(", ")}`;
}

/** What stands for a model in reports. */
export function descriptionOf(model: LanguageModel): Readonly<Record<string, string | number>> {
  const { family, blocks, hidden, intermediate, heads, keyValueHeads, headSize, vocabulary, context, positions } =
    model.architecture;
  return {
    family,
    blocks,
    hidden,
    intermediate,
    heads,
    keyValueHeads,
    headSize,
    vocabulary,
    context,
    positions: positions.kind,
  };
}
