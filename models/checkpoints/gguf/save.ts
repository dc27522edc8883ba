import type { GgufType } from "../../../formats/gguf_blocks.ts";
import { bytesOfTensor, type GgufTensorInput, layOutGguf } from "../../../formats/gguf.ts";
import { encodeBfloat16, encodeFloat16 } from "../../../formats/half.ts";
import { toVector } from "../../../formats/tensor.ts";
import type { Vector } from "../../../solvers/core/matrix.ts";
import { choice, type OptionTable } from "../../../solvers/core/options.ts";
import { resolveOptions } from "../../../solvers/core/resolve_options.ts";
import { type ModelLike, modelOf } from "../../perplexity.ts";
import type { QuantizedLanguageModel } from "../../quantized.ts";
import type { LanguageModel } from "../../load.ts";
import type { SavedLayer, SaveReport } from "../packed.ts";
import { openTarget, type SaveTarget } from "../target.ts";
import { type PackedLayer, packLayer } from "./layers.ts";
import { describeForGguf, type Metadata, u32 } from "./metadata.ts";
import { ggufName, rowsOfFile } from "./names.ts";
import { tokenizerForGguf } from "./tokenizer.ts";

/** Options of {@linkcode saveGguf}. */
export interface SaveGgufOptions {
  /** Type of the matrices that are not quantised, such as embeddings; vectors are f32. @default "f16" */
  readonly dense?: "f32" | "f16" | "bf16";
}

/** Table of the options of {@linkcode saveGguf}. */
export const saveGgufOptions: OptionTable<SaveGgufOptions> = {
  dense: choice(["f32", "f16", "bf16"], {
    default: "f16",
    about: "Type of the matrices that are not quantised, such as embeddings; vectors are f32.",
  }),
};

/** What {@linkcode saveGguf} tells of a layer. */
export interface GgufLayer extends SavedLayer {
  /** Type that it is saved in. */
  readonly type: GgufType;
}

/** What {@linkcode saveGguf} did, as plain JSON. */
export interface GgufReport extends SaveReport {
  /** Name of the file. */
  readonly file: string;
  /** Its bytes. */
  readonly bytes: number;
  /** The quantised layers. */
  readonly layers: readonly GgufLayer[];
}

/** A tensor of the file: what it is called, and what makes its bytes. */
interface Part extends GgufTensorInput {
  bytes(): Promise<Uint8Array>;
}

const dense = { f32: "F32", f16: "F16", bf16: "BF16" } as const;
/** Most that f16 holds, and the least magnitude it has in full. */
const largestHalf = 65504, smallestHalf = 2 ** -14;

/**
 * Saves a model as one GGUF file, which llama.cpp and what is built on it read: Llama, Mistral, Qwen2, Qwen3 and SmolLM, with
 * configuration and tokenizer. Quantised layers are saved in the smallest type that holds their codes: 4 bits symmetric in
 * `Q4_0` and asymmetric in `Q4_1`, fewer bits there too, 8 bits in `Q8_0`; in groups of a multiple of 32 columns. Scales are
 * f16 there; those that are not are rounded, by 2^-11 at most relatively, and the report says so. A layer that no type
 * holds, because its width is no multiple of 32 for instance, is saved dense, and the report says why.
 *
 * The file is written wholly or not at all. Memory: the file.
 *
 * @param model What {@linkcode quantizeModel} returns, or a model as it is.
 * @param target A folder, for `model.gguf`; the path of a file `.gguf`; or a function that takes the file.
 * @throws {InputError} for a family or positions that these programs cannot compute, and where the file is there already
 * @throws {FormatError} for a tokenizer that GGUF has no words for
 */
export async function saveGguf(
  model: ModelLike,
  target: SaveTarget,
  options: SaveGgufOptions = {},
): Promise<GgufReport> {
  const settings = resolveOptions(saveGgufOptions, options, "saving as GGUF"), language = modelOf(model);
  const described = describeForGguf(language.architecture, language.config);
  const metadata: Metadata = new Map([...described.metadata, ...await tokenizerForGguf(language)]);
  const layers: GgufLayer[] = [], parts = await listParts(language, described.architecture, dense[settings.dense]);
  const { layers: quantized } = model as Partial<QuantizedLanguageModel>;
  if (quantized) packLayers(quantized, language, described.architecture, parts, layers);
  if (described.ropeFactors) {
    const factors = described.ropeFactors;
    parts.set("rope_freqs.weight", partOf("F32", [factors.length], () => Promise.resolve(factors)));
  }
  metadata.set("general.file_type", u32(fileType(parts)));
  metadata.set("general.quantization_version", u32(2));
  metadata.set("general.alignment", u32(32));
  const [place, file] = placeOf(target), write = await openTarget(place, file);
  const { header, places, size } = layOutGguf(metadata, parts), bytes = new Uint8Array(size);
  bytes.set(header);
  for (const [name, part] of parts) bytes.set(await part.bytes(), places.get(name)!);
  await write(file, bytes);
  return { file, bytes: size, layers };
}

/** Sees that GGUF has words for a model and its tokenizer, before anything is solved. @throws as {@linkcode saveGguf} does */
export async function checkGguf(model: LanguageModel): Promise<void> {
  describeForGguf(model.architecture, model.config);
  await tokenizerForGguf(model);
}

/** The folder and the name of the file. */
function placeOf(target: SaveTarget): [SaveTarget, string] {
  const [, folder, file] = typeof target === "string" ? /^(.*[\\/])?([^\\/]+\.gguf)$/i.exec(target) ?? [] : [];
  return file === undefined ? [target, "model.gguf"] : [folder ?? ".", file];
}

/** All tensors of the model, dense. */
async function listParts(model: LanguageModel, architecture: string, matrices: GgufType): Promise<Map<string, Part>> {
  const { weights, architecture: { names, vocabulary } } = model, parts = new Map<string, Part>();
  for (const name of weights.names) {
    const short = ggufName(name), { shape } = weights.describe(name);
    // A head that is the embedding, which some checkpoints hold twice.
    if (short === undefined || short.startsWith("output.") && names.head === names.embedding) continue;
    const rows = rowsOfFile(short, architecture, model.architecture);
    const cut = short === "token_embd.weight" || short === "output.weight" ? vocabulary : shape[0];
    const sizes = [cut, ...shape.slice(1)], width = shape[1] ?? 1;
    const read = async () => {
      const values = toVector(await weights.read(name)).subarray(0, cut * width);
      return rows ? reordered(values, rows, width) : values;
    };
    const type = shape.length === 1 ? "F32" : matrices;
    parts.set(short, partOf(type === "F16" && !fitsHalf(await read()) ? "F32" : type, sizes, read));
  }
  return parts;
}

/** Whether f16 holds numbers of this size. */
function fitsHalf(values: Vector): boolean {
  let most = 0;
  for (let at = 0; at < values.length; at++) most = Math.max(most, Math.abs(values[at]));
  return most === 0 || most <= largestHalf && most >= smallestHalf;
}

/** A tensor of numbers. */
function partOf(type: GgufType, shape: readonly number[], read: () => Promise<Vector>): Part {
  return {
    type,
    shape,
    async bytes() {
      const values = await read();
      const { buffer, byteOffset, byteLength } = type === "F16"
        ? encodeFloat16(values)
        : type === "BF16"
        ? encodeBfloat16(values)
        : Float32Array.from(values);
      return new Uint8Array(buffer, byteOffset, byteLength);
    },
  };
}

/** Rows in another order. */
function reordered<T extends Vector | Uint8Array>(values: T, rows: Uint32Array, width: number): T {
  const result = values.slice() as T;
  rows.forEach((from, to) => result.set(values.subarray(from * width, (from + 1) * width), to * width));
  return result;
}

/** Puts the quantised layers in the place of dense ones, as far as blocks hold them. */
function packLayers(
  layers: QuantizedLanguageModel["layers"],
  model: LanguageModel,
  architecture: string,
  parts: Map<string, Part>,
  report: GgufLayer[],
): void {
  for (const [name, layer] of layers) {
    const short = ggufName(`${name}.weight`)!, packed: PackedLayer | { problem: string } = packLayer(layer);
    if ("problem" in packed) {
      report.push({ name, type: parts.get(short)!.type, exact: false, problem: packed.problem });
      continue;
    }
    const { type, exact } = packed, rows = rowsOfFile(short, architecture, model.architecture);
    const width = bytesOfTensor(type, [layer.shape[1]]);
    const bytes = rows ? reordered(packed.bytes, rows, width) : packed.bytes;
    parts.set(short, { type, shape: layer.shape, bytes: () => Promise.resolve(bytes) });
    report.push({ name, type, exact });
  }
}

/** The number that stands for the type of most weights. */
function fileType(parts: ReadonlyMap<string, Part>): number {
  const sizes = new Map<GgufType, number>();
  for (const { type, shape } of parts.values()) {
    sizes.set(type, (sizes.get(type) ?? 0) + shape.reduce((product, size) => product * size, 1));
  }
  const [most] = [...sizes].sort(([, one], [, other]) => other - one)[0] ?? ["F32"];
  const numbers: Partial<Record<GgufType, number>> = {
    F32: 0,
    F16: 1,
    Q4_0: 2,
    Q4_1: 3,
    Q8_0: 7,
    Q3_K: 12,
    Q4_K: 14,
    BF16: 32,
  };
  return numbers[most] ?? 0;
}
