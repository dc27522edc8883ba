/** A model of which layers are quantised. @module */

import type { Status } from "../solvers/core/result.ts";
import type { QuantizedLayer, QuantizedWeights } from "../solvers/quantization/layer.ts";
import { withDense } from "./dense.ts";
import type { LanguageModel, LinearLayer } from "./load.ts";

/** What is reported of a layer; plain JSON. */
export interface LayerReport {
  /** Name of the layer. */
  readonly name: string;
  /** The block it belongs to. */
  readonly block: number;
  /** Rows and columns of its weights. */
  readonly shape: readonly [outputs: number, inputs: number];
  /** Bits of a code. */
  readonly bits: number;
  /** Columns that share a scale. */
  readonly groupSize: number;
  /** How its solve ended. */
  readonly status: Status;
  /** As {@linkcode QuantizedLayer} says it. */
  readonly relativeError: number;
  /** The objective of the solve. */
  readonly objective: number;
  /** Codes, scales and zero points in 16 bits each, outliers in 16 bits and their places. */
  readonly bytes: number;
  /** Milliseconds of the solve. */
  readonly elapsedMs: number;
  /** What the data would not allow. */
  readonly remarks: readonly string[];
}

/** A model, and those of its layers that are quantised: what formats save. */
export interface LayeredModel {
  /** The model with dense weights for these layers. */
  readonly model: LanguageModel;
  /** Layers by name. */
  readonly layers: ReadonlyMap<string, QuantizedWeights>;
}

/** A layer that keeps its weights though codes were asked for. */
export interface UnquantizedLayer {
  /** Name of the layer. */
  readonly name: string;
  /** Why the format cannot hold it. */
  readonly reason: string;
}

/** What is reported of a model; plain JSON. */
export interface ModelReport {
  /** `time-limit` where it has cut the work short. */
  readonly status: Status;
  /** Each layer, in the order of the work. */
  readonly layers: readonly LayerReport[];
  /** Layers that keep their weights, because the format cannot hold them quantised. */
  readonly unquantized: readonly UnquantizedLayer[];
  /** Mean over the layers. */
  readonly meanRelativeError: number;
  /** Mean bits of a code over all weights of the layers. */
  readonly averageBits: number;
  /** Bytes of all layers that are quantised. */
  readonly bytes: number;
  /** What they take in 16 bits a weight. */
  readonly bytesBefore: number;
  /** Tokens of the calibration. */
  readonly calibrationTokens: number;
  /** Blocks that were taken from the folder `resume`. */
  readonly resumedBlocks: number;
  /** Milliseconds of the whole call. */
  readonly elapsedMs: number;
}

/** What {@linkcode quantizeModel} returns. */
export interface QuantizedLanguageModel extends LayeredModel {
  /** Layers by name, ready for {@linkcode dequantize}. */
  readonly layers: ReadonlyMap<string, QuantizedLayer>;
  /** The model with the dense weights of these layers in place of its own: they are made when they are read. */
  readonly model: LanguageModel;
  /** What was done, as plain JSON. */
  readonly report: ModelReport;
}

/** Bytes of a layer as checkpoints hold it. */
export function layerBytes({ bits, shape: [outputs, inputs], scales, outliers }: QuantizedLayer): number {
  const kept = outliers ? 6 * outliers.data.length + 4 * outliers.indptr.length : 0;
  return Math.ceil(outputs * inputs * bits / 8) + 4 * scales.data.length + kept;
}

/** Facts of a layer. */
export function reportOf({ name, block }: LinearLayer, layer: QuantizedLayer): LayerReport {
  const { shape, bits, groupSize, status, relativeError, objective, elapsedMs, remarks } = layer;
  const bytes = layerBytes(layer);
  return { name, block, shape, bits, groupSize, status, relativeError, objective, bytes, elapsedMs, remarks };
}

/** The model with other weights for some layers. */
export function withLayers(model: LanguageModel, layers: ReadonlyMap<string, QuantizedWeights>): LanguageModel {
  const { weights, architecture: { transposed }, quantization: _, ...others } = model;
  const sources = new Map([...layers].map(([name, layer]) => {
    const dtype = layer.scales.data instanceof Float32Array ? "F32" as const : "F64" as const;
    return [name, { shape: layer.shape, dtype, read: () => Promise.resolve(layer) }];
  }));
  const owners = new Map([...layers.keys()].map((name) => [`${name}.weight`, name]));
  return { ...others, architecture: model.architecture, weights: withDense(weights, sources, owners, transposed) };
}
