/** Checkpoints: how a quantised model is saved, by format. @module */

import type { LanguageModel } from "../load.ts";
import type { QuantizedLanguageModel } from "../quantized.ts";
import { type FormatConstraints, formatConstraints, type FormatName } from "./constraints.ts";
import { saveCompressedTensors } from "./compressed_tensors.ts";
import { saveGptq } from "./gptq.ts";
import { checkGguf, saveGguf } from "./gguf/save.ts";
import { saveOnnx } from "./onnx.ts";
import { saveSafetensors } from "./safetensors.ts";
import type { SaveReport } from "./packed.ts";
import type { SaveTarget } from "./target.ts";

export type { FormatConstraints, FormatName, LayerSettings } from "./constraints.ts";
export type { BlockGrid } from "./gguf/grids.ts";
export { saveCompressedTensors } from "./compressed_tensors.ts";
export { saveGptq } from "./gptq.ts";
export { loadQuantized } from "./load_quantized.ts";
export { saveOnnx } from "./onnx.ts";
export { type GgufLayer, type GgufReport, saveGguf, type SaveGgufOptions, saveGgufOptions } from "./gguf/save.ts";
export { saveSafetensors } from "./safetensors.ts";
export type { SavedLayer, SaveReport } from "./packed.ts";
export type { StoredLayer, StoredQuantization } from "./stored.ts";
export type { SaveTarget } from "./target.ts";

/** A format that quantised models are saved in. */
export interface CheckpointFormat {
  /** What it holds and who reads it, in a line. */
  readonly about: string;
  /** What it demands of a quantisation; `quantizeModel` keeps to it where it is told the format. */
  readonly constraints: FormatConstraints;
  /** Sees that it has words for a model beside its layers, before they are quantised. @throws as `save` does */
  check?(model: LanguageModel): Promise<void>;
  /** Saves a model. @returns of formats with scales in f16, which layers are held to the bit */
  save(model: QuantizedLanguageModel, target: SaveTarget): Promise<SaveReport | void>;
}

/** Every format, by the name that the interfaces know it by. */
export const checkpointFormats: Readonly<Record<FormatName, CheckpointFormat>> = {
  safetensors: {
    about: "layers dense, in f32, for any program that reads the model",
    constraints: formatConstraints.safetensors,
    save: saveSafetensors,
  },
  onnx: {
    about: "MatMulNBits, for onnxruntime-web and transformers.js (Llama, Mistral, Qwen)",
    constraints: formatConstraints.onnx,
    save: saveOnnx,
  },
  gptq: {
    about: "packed codes, for GPTQModel, transformers and vLLM",
    constraints: formatConstraints.gptq,
    save: saveGptq,
  },
  "compressed-tensors": {
    about: "packed codes, for transformers and vLLM",
    constraints: formatConstraints["compressed-tensors"],
    save: saveCompressedTensors,
  },
  gguf: {
    about: "one file for llama.cpp and what is built on it: Q3_K, Q4_K, Q4_0, Q4_1, Q8_0 (Llama, Mistral, Qwen)",
    constraints: formatConstraints.gguf,
    check: checkGguf,
    save: saveGguf,
  },
};
