/** Checkpoints: how a quantised model is saved, by format. @module */

import type { QuantizedLanguageModel } from "../quantized.ts";
import { saveOnnx } from "./onnx.ts";
import { saveSafetensors } from "./safetensors.ts";
import type { SaveTarget } from "./target.ts";

export { saveOnnx } from "./onnx.ts";
export { readOnnxLayers } from "./onnx_reader.ts";
export { saveSafetensors } from "./safetensors.ts";
export type { SaveTarget } from "./target.ts";

/** A format that quantised models are saved in. */
export interface CheckpointFormat {
  /** What it holds and who reads it, in a line. */
  readonly about: string;
  /** Saves a model. */
  save(model: QuantizedLanguageModel, target: SaveTarget): Promise<void>;
}

/** Every format, by the name that the interfaces know it by. */
export const checkpointFormats = {
  safetensors: { about: "layers dense, in f32, for any program that reads the model", save: saveSafetensors },
  onnx: { about: "MatMulNBits, for onnxruntime-web and transformers.js (Llama, Mistral, Qwen)", save: saveOnnx },
} as const satisfies Record<string, CheckpointFormat>;
