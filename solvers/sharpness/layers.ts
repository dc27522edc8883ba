/** The layers of a network, as kernels read them. @module */

import {
  CONVOLUTION,
  DENSE,
  IDENTITY,
  LAYER_ACTIVATION,
  LAYER_BIASES,
  LAYER_HEIGHT,
  LAYER_INPUT_AT,
  LAYER_INPUT_SIZE,
  LAYER_INPUTS,
  LAYER_KIND,
  LAYER_OUTPUT_AT,
  LAYER_OUTPUT_SIZE,
  LAYER_OUTPUTS,
  LAYER_WEIGHTS,
  LAYER_WIDTH,
  LAYER_WORDS,
  PATCH,
  POOLING,
  RELU,
  TANH,
} from "../../kernels/contract/training/constants.ts";
import type { Vector } from "../core/matrix.ts";
import { createRandom } from "../core/random.ts";

/** What is applied to the outputs of hidden layers. */
export type Activation = "tanh" | "relu";

/** A network in the words of its maker. */
export interface NetworkSpecification {
  /** Number of the inputs. */
  readonly features: number;
  /** Convolutions over images [height, width, channels], each of 3 x 3 pixels, followed by means of 2 x 2. */
  readonly convolution?: { readonly shape: readonly number[]; readonly channels: readonly number[] };
  /** Widths of the hidden layers. */
  readonly hidden: readonly number[];
  /** Number of the outputs. */
  readonly outputs: number;
  /** What follows each layer but the last. */
  readonly activation: Activation;
}

/** A network as kernels read it. */
export interface Layers {
  /** `LAYER_WORDS` words a layer. */
  readonly words: Int32Array;
  readonly features: number;
  readonly outputs: number;
  readonly parameterCount: number;
  /** Where each tensor of parameters begins, and where the last one ends: weights and biases in turn. */
  readonly segments: Uint32Array;
  /** Name and shape of each tensor. */
  readonly tensors: readonly { readonly name: string; readonly shape: readonly number[] }[];
  /** Multiply-adds of a forward pass of a sample. */
  readonly work: number;
}

/** Lays out the layers and their parameters. */
export function layersOf({ features, convolution, hidden, outputs, activation }: NetworkSpecification): Layers {
  const words: number[] = [], segments = [0], tensors: Layers["tensors"][number][] = [];
  const applied = activation === "tanh" ? TANH : RELU;
  let parameterCount = 0, before = 0, size = features, work = 0;
  const add = (kind: number, apply: number, height: number, width: number, inputs: number, outputs: number) => {
    const pixels = kind === POOLING ? (height >> 1) * (width >> 1) : height * width, outputSize = pixels * outputs;
    const depth = kind === POOLING ? 0 : kind === CONVOLUTION ? PATCH * inputs : inputs, weights = depth * outputs;
    const layer = new Array<number>(LAYER_WORDS);
    layer[LAYER_KIND] = kind;
    layer[LAYER_ACTIVATION] = apply;
    layer[LAYER_HEIGHT] = height;
    layer[LAYER_WIDTH] = width;
    layer[LAYER_INPUTS] = inputs;
    layer[LAYER_OUTPUTS] = outputs;
    layer[LAYER_WEIGHTS] = parameterCount;
    layer[LAYER_BIASES] = parameterCount + weights;
    layer[LAYER_INPUT_SIZE] = size;
    layer[LAYER_INPUT_AT] = before;
    layer[LAYER_OUTPUT_SIZE] = outputSize;
    layer[LAYER_OUTPUT_AT] = before + size;
    words.push(...layer);
    before += size;
    size = outputSize;
    if (kind === POOLING) return;
    work += pixels * weights;
    parameterCount += weights + outputs;
    segments.push(parameterCount - outputs, parameterCount);
    const name = `layers.${tensors.length / 2}`;
    const shape = kind === CONVOLUTION ? [3, 3, inputs, outputs] : [inputs, outputs];
    tensors.push({ name: `${name}.weight`, shape }, { name: `${name}.bias`, shape: [outputs] });
  };
  if (convolution) {
    let [height, width, channels] = convolution.shape;
    for (const count of convolution.channels) {
      add(CONVOLUTION, applied, height, width, channels, count);
      channels = count;
      if (height < 2 || width < 2) continue;
      add(POOLING, IDENTITY, height, width, channels, channels);
      height >>= 1;
      width >>= 1;
    }
  }
  for (const width of hidden) add(DENSE, applied, 1, 1, size, width);
  add(DENSE, IDENTITY, 1, 1, size, outputs);
  return {
    words: Int32Array.from(words),
    features,
    outputs,
    parameterCount,
    segments: Uint32Array.from(segments),
    tensors,
    work,
  };
}

/**
 * Parameters to begin with: biases 0, weights normal, of variance 1 over the inputs for tanh (Glorot & Bengio 2010) and
 * for outputs, twice that for what is rectified (He et al. 2015).
 */
export function initialParameters(
  { words, parameterCount }: Layers,
  seed: number,
): Float64Array {
  const random = createRandom(seed), parameters = new Float64Array(parameterCount);
  for (let at = 0; at < words.length; at += LAYER_WORDS) {
    if (words[at + LAYER_KIND] === POOLING) continue;
    const begin = words[at + LAYER_WEIGHTS], end = words[at + LAYER_BIASES];
    const depth = (end - begin) / words[at + LAYER_OUTPUTS];
    const deviation = Math.sqrt((words[at + LAYER_ACTIVATION] === RELU ? 2 : 1) / depth);
    for (let k = begin; k < end; k++) parameters[k] = deviation * random.normal();
  }
  return parameters;
}

/** The tensors of a network by name: views of its parameters. */
export function tensorsOf({ tensors, segments }: Layers, parameters: Vector): Map<string, TensorView> {
  return new Map(tensors.map(({ name, shape }, i) => {
    return [name, { shape, data: parameters.subarray(segments[i], segments[i + 1]) }];
  }));
}

/** A tensor of parameters. */
export interface TensorView {
  /** Its dimensions, as they are stored. */
  readonly shape: readonly number[];
  /** Its elements in row-major order: a view of the parameters. */
  readonly data: Vector;
}
