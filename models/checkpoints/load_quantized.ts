import { FormatError } from "../../formats/errors.ts";
import type { QuantizedWeights } from "../../solvers/quantization/layer.ts";
import type { ModelSource } from "../files.ts";
import { loadModel } from "../load.ts";
import { type LayeredModel, withLayers } from "../quantized.ts";

/**
 * Reads a checkpoint with its quantised layers: GPTQ (`gptq`, `gptq_v2`), AWQ (`gemm`) and compressed-tensors
 * (`pack-quantized`), whoever wrote it, and the graphs of
 * {@linkcode saveOnnx}. Codes, scales and zero points are as they are stored, so that it can be saved in
 * another format that holds them.
 *
 * @param source As {@linkcode loadModel} takes it.
 * @returns Layers by name, and the model with their dense weights.
 * @throws {FormatError} where nothing is quantised, and as {@linkcode loadModel} does
 */
export async function loadQuantized(source: ModelSource): Promise<LayeredModel> {
  const model = await loadModel(source), { files, quantization } = model;
  if (!quantization) {
    throw new FormatError(
      "model",
      "config.json",
      `has no "quantization_config" in ${files.place}: nothing is quantised`,
    );
  }
  const layers = new Map<string, QuantizedWeights>();
  for (const [name, layer] of quantization.layers) layers.set(name, await layer.read());
  return { model: withLayers(model, layers), layers };
}
