/** Language models: reading, running and quantising them. @module */

export type { Bits } from "./bits.ts";
export type { Architecture, BlockNames, ModelNames, Positions, Rotary } from "./architecture.ts";
export type { HubClient, HubModel, ModelFiles, ModelSource } from "./files.ts";
export {
  type BlockGrid,
  type CheckpointFormat,
  checkpointFormats,
  type FormatConstraints,
  type FormatName,
  type GgufLayer,
  type GgufReport,
  type LayerSettings,
  loadQuantized,
  saveCompressedTensors,
  type SavedLayer,
  saveGguf,
  type SaveGgufOptions,
  saveGgufOptions,
  saveGptq,
  saveOnnx,
  type SaveReport,
  saveSafetensors,
  type SaveTarget,
  type StoredLayer,
  type StoredQuantization,
} from "./checkpoints/mod.ts";
export { generate, generateTokens } from "./generate.ts";
export { type LanguageModel, type LinearLayer, linearLayers, loadModel } from "./load.ts";
export { type GenerateOptions, generateOptions, type PerplexityOptions, perplexityOptions } from "./options.ts";
export { logits, type ModelLike, type Perplexity, perplexity } from "./perplexity.ts";
export { quantizeModel } from "./quantize.ts";
export {
  type ModelProgress,
  type ModelSettings,
  type OpenModelSettings,
  type QuantizeModelOptions,
  quantizeModelOptions,
  type ResumeStore,
} from "./quantize_options.ts";
export type { LayeredModel, LayerReport, ModelReport, QuantizedLanguageModel, UnquantizedLayer } from "./quantized.ts";
export type { Sequences } from "./sequences.ts";
export type { Tokenizer } from "./tokenizer.ts";
export type { TensorDescription, Weights } from "./weights.ts";
