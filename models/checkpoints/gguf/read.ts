/** Reading a model from a GGUF file: its files and weights as if it lay in the layout of Hugging Face. @module */

import { FormatError } from "../../../formats/errors.ts";
import { type GgufEntry, readGgufHeader, readGgufTensor } from "../../../formats/gguf.ts";
import { blockTypes, type GgufType } from "../../../formats/gguf_blocks.ts";
import { type ElementType, type Tensor, type TensorData, toVector } from "../../../formats/tensor.ts";
import type { Architecture } from "../../architecture.ts";
import type { ModelFiles } from "../../files.ts";
import type { Weights } from "../../weights.ts";
import { configOfGguf, valuesOf } from "./metadata.ts";
import { modelName, rowsOfFile } from "./names.ts";
import { tokenizerFiles } from "./tokenizer.ts";

/** A GGUF file, opened. */
export interface OpenedGguf {
  /** `config.json` and the tokenizer's files, made of its values. */
  readonly files: ModelFiles;
  readonly config: string;
  readonly weights: Weights;
  /** The architecture with what `config.json` has no words for. */
  complete(architecture: Architecture): Promise<Architecture>;
}

/** The name of the GGUF file, where there is one and no `config.json`. @throws {FormatError} where there are several */
export function ggufFile({ names = [], place }: ModelFiles): string | undefined {
  const found = names.filter((name) => /\.gguf$/i.test(name));
  if (found.length === 0 || names.includes("config.json")) return undefined;
  if (found.length === 1) return found[0];
  throw new FormatError("model", place, `holds several models: ${found.join(", ")}; name one of them`);
}

/**
 * Opens a file: its header is read at once, tensors when they are needed, and codes become the numbers they stand for.
 *
 * @throws {FormatError} for a file that is damaged, or of an architecture that is not known
 */
export async function openGguf(files: ModelFiles, name: string): Promise<OpenedGguf> {
  const source = await files.open(name);
  if (!source) throw new FormatError("model", name, `is missing in ${files.place}`);
  const header = await readGgufHeader(source), { metadata, entries } = header, values = valuesOf(metadata);
  if (values.number("split.count", 1) > 1) throw new FormatError("gguf", name, "is one of several parts of a model");
  const owners = new Map<string, string>();
  for (const short of entries.keys()) {
    const own = modelName(short);
    if (own !== undefined) owners.set(own, short);
  }
  const config = configOfGguf(metadata, !owners.has("lm_head.weight"));
  const {
    num_attention_heads: heads,
    num_key_value_heads: keyValueHeads,
    head_dim: headSize,
    model_type: architecture,
  } = JSON.parse(config);
  const find = (own: string): [string, GgufEntry] => {
    const short = owners.get(own);
    if (short === undefined) throw new FormatError("model", `tensor "${own}"`, `is missing in ${name}`);
    return [short, entries.get(short)!];
  };
  const weights: Weights = {
    names: [...owners.keys()],
    has: (own) => owners.has(own),
    describe(own) {
      const { type, shape, begin, end } = find(own)[1];
      const dtype = blockTypes[type as GgufType] ? "F32" : type as ElementType;
      return { dtype, shape, stored: { type, bytes: end - begin } };
    },
    async read(own) {
      const [short, { type }] = find(own), tensor = await readGgufTensor(source, header, short);
      // Scales of damaged blocks may be no numbers.
      const bad = blockTypes[type as GgufType] ? (tensor.data as Float32Array).findIndex((one) => !isFinite(one)) : -1;
      if (bad >= 0) throw new FormatError("gguf", `tensor "${short}"`, `holds ${tensor.data[bad]} at ${bad}`);
      const rows = rowsOfFile(short, architecture, { heads, keyValueHeads, headSize });
      return rows ? restored(tensor, rows) : tensor;
    },
  };
  const texts = new Map([["config.json", config], ...tokenizerFiles(metadata)]);
  return {
    config,
    weights,
    files: {
      place: files.place,
      names: [...texts.keys()],
      open(wanted) {
        const content = texts.get(wanted);
        if (content === undefined) return Promise.resolve(undefined);
        const bytes = new TextEncoder().encode(content);
        return Promise.resolve({
          size: bytes.length,
          read: (offset: number, length: number) => Promise.resolve(bytes.slice(offset, offset + length)),
        });
      },
    },
    async complete(given) {
      const { positions } = given;
      if (positions.kind !== "rotary") return given;
      const key = `${architecture}.rope.scaling.attn_factor`, factor = values.number(key, 1);
      if (!Number.isFinite(factor)) throw new FormatError("gguf", `the key "${key}"`, `is ${factor}`);
      if (!entries.has("rope_freqs.weight")) {
        return { ...given, positions: { ...positions, factor: positions.factor * factor } };
      }
      const factors = toVector(await readGgufTensor(source, header, "rope_freqs.weight"));
      if (factors.length !== positions.frequencies.length || !factors.every((one) => one > 0 && one < Infinity)) {
        const needed = `${positions.frequencies.length} positive factors`;
        throw new FormatError("gguf", 'tensor "rope_freqs.weight"', `must hold ${needed}, and has ${factors.length}`);
      }
      const frequencies = positions.frequencies.map((frequency, pair) => frequency / factors[pair]);
      return { ...given, positions: { kind: "rotary", frequencies, factor: positions.factor * factor } };
    },
  };
}

/** Rows back where they came from. */
function restored({ dtype, shape, data }: Tensor, rows: Uint32Array): Tensor {
  const result = data.slice() as TensorData, width = shape[1] ?? 1;
  if (rows.length !== shape[0]) throw new FormatError("gguf", "a tensor of queries or keys", `is [${shape}]`);
  rows.forEach((to, from) =>
    (result as Float32Array).set((data as Float32Array).subarray(from * width, (from + 1) * width), to * width)
  );
  return { dtype, shape, data: result };
}
