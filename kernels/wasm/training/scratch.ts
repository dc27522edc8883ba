/** Sizes of a network, and the working memory of a group: see `assembly/training/network.ts`. @module */

import type { HostArray, NetworkArguments, NetworkLayers } from "../../contract.ts";
import {
  CONVOLUTION,
  LAYER_HEIGHT,
  LAYER_INPUT_SIZE,
  LAYER_INPUTS,
  LAYER_KIND,
  LAYER_OUTPUT_AT,
  LAYER_OUTPUT_SIZE,
  LAYER_WIDTH,
  LAYER_WORDS,
  PATCH,
} from "../../contract/training/constants.ts";
import { PRODUCT_SCRATCH } from "../dense/blocking.ts";
import { addressOf, bytesPerElement, type Parameter, strideOf } from "../launch.ts";

/** Sizes of a network, in elements a sample. */
interface Sizes {
  readonly count: number;
  /** Activations, the inputs included. */
  readonly activations: number;
  /** Outputs of the widest layer, or its inputs where the first is not the widest. */
  readonly widest: number;
  /** Patches of the largest convolution. */
  readonly patches: number;
}

/** They are asked for at each call, and need not be found again. */
const known = new WeakMap<Int32Array, Sizes>();

function sizesOf({ words }: NetworkLayers): Sizes {
  const sizes = known.get(words) ?? measured(words);
  known.set(words, sizes);
  return sizes;
}

function measured(words: Int32Array): Sizes {
  const count = words.length / LAYER_WORDS;
  let widest = 0, patches = 0, activations = 0;
  for (let l = 0; l < count; l++) {
    const word = (index: number) => words[l * LAYER_WORDS + index];
    widest = Math.max(widest, word(LAYER_OUTPUT_SIZE), l > 0 ? word(LAYER_INPUT_SIZE) : 0);
    if (word(LAYER_KIND) === CONVOLUTION) {
      patches = Math.max(patches, word(LAYER_HEIGHT) * word(LAYER_WIDTH) * PATCH * word(LAYER_INPUTS));
    }
    activations = word(LAYER_OUTPUT_AT) + word(LAYER_OUTPUT_SIZE);
  }
  return { count, activations, widest, patches };
}

/** The parameters that all launches of a network begin with. */
export function networkParameters(
  { layers, loss, inputs, targets, weights, batch, bounds, first, largest, parameters, losses }: NetworkArguments,
): Parameter[] {
  const { count, activations, widest, patches } = sizesOf(layers);
  return [
    (layers.array as HostArray).address,
    count,
    loss,
    activations,
    widest,
    patches,
    largest,
    addressOf(inputs),
    strideOf(inputs),
    inputs.columns,
    addressOf(targets),
    addressOf(weights),
    (batch as HostArray).address,
    (bounds as HostArray).address,
    first,
    addressOf(parameters),
    parameters.rows === 1 ? 0 : strideOf(parameters),
    addressOf(losses),
  ];
}

/** Bytes of working memory, with so many arrays of activations, of deltas, and squares of the largest group. */
export function scratchBytes(
  { layers, largest, parameters }: NetworkArguments,
  activationArrays: number,
  deltaArrays: number,
  squares = 0,
): number {
  const { activations, widest, patches } = sizesOf(layers), bytes = bytesPerElement[parameters.array.dtype];
  const part = (elements: number) => Math.ceil(elements * bytes / 64) * 64;
  return activationArrays * part(largest * activations) + deltaArrays * part(largest * widest) +
    squares * part(largest * largest) + part(patches) +
    PRODUCT_SCRATCH * bytes + 64;
}
