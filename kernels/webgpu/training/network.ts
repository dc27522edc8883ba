/**
 * Losses of networks and their gradients. Activations and deltas of all groups lie one sample after the other, an array a
 * layer; what groups do is done for all of them by one dispatch.
 */

import type {
  DeviceArray,
  NetworkArguments,
  NetworkGradientsArguments,
  NetworkOutputsArguments,
} from "../../contract.ts";
import {
  CONVOLUTION,
  DENSE,
  IDENTITY,
  LAYER_ACTIVATION,
  LAYER_HEIGHT,
  LAYER_INPUT_SIZE,
  LAYER_INPUTS,
  LAYER_KIND,
  LAYER_OUTPUT_SIZE,
  LAYER_OUTPUTS,
  LAYER_WEIGHTS,
  LAYER_WIDTH,
  LAYER_WORDS,
  PATCH,
  POOLING,
} from "../../contract/training/constants.ts";
import { type Dispatch, dispatch, type Lowering, type Scratch, strideOf, workgroupsFor } from "../shader.ts";
import { inputGradients, layerOutputs, tileSize, weightGradients } from "./layer_shader.ts";
import { lossShader } from "./loss_shader.ts";
import { addPartsShader, poolShader, poolThreads, spreadShader } from "./pool_shader.ts";

/** A layer, read from its words. */
interface Layer {
  readonly kind: number;
  readonly activation: number;
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly outputs: number;
  readonly weights: number;
  readonly inputSize: number;
  readonly outputSize: number;
}

function layersOf({ layers: { words } }: NetworkArguments): Layer[] {
  return Array.from({ length: words.length / LAYER_WORDS }, (_, l) => {
    const word = (index: number) => words[l * LAYER_WORDS + index];
    return {
      kind: word(LAYER_KIND),
      activation: word(LAYER_ACTIVATION),
      height: word(LAYER_HEIGHT),
      width: word(LAYER_WIDTH),
      inputs: word(LAYER_INPUTS),
      outputs: word(LAYER_OUTPUTS),
      weights: word(LAYER_WEIGHTS),
      inputSize: word(LAYER_INPUT_SIZE),
      outputSize: word(LAYER_OUTPUT_SIZE),
    };
  });
}

/** An array with a row for each sample of all groups. */
interface Rows {
  readonly array: DeviceArray;
  readonly offset: number;
  readonly stride: number;
}

/** Rows of a group above which its sums go in parts, and the most of these. */
const partRows = 1024, mostParts = 64;

const tilesOf = (count: number) => Math.ceil(count / tileSize);

/** Outputs of every layer, from the inputs on; those of the last go to `last`. */
function forward(operands: NetworkArguments, layers: readonly Layer[], last: Rows | undefined, scratch: Scratch) {
  const { inputs, batch, bounds, first, groups, largest, parameters } = operands, dispatches: Dispatch[] = [];
  const samples = groups * largest;
  const outputs: Rows[] = [{ array: inputs.array, offset: inputs.offset ?? 0, stride: strideOf(inputs) }];
  layers.forEach((layer, l) => {
    const { kind, height, width, outputSize } = layer, x = outputs[l];
    const own = { array: scratch("f32", samples * outputSize, `outputs of layer ${l}`), offset: 0, stride: outputSize };
    const z = l === layers.length - 1 && last || own;
    outputs.push(z);
    if (kind === POOLING) {
      dispatches.push(dispatch(poolShader, {
        parameters: { first, groups, height, width, channels: layer.inputs },
        arrays: { bounds, x: x.array, z: z.array },
        workgroups: workgroupsFor(Math.ceil(samples * outputSize / poolThreads)),
      }));
      return;
    }
    const rowTiles = tilesOf(largest * height * width), columnTiles = tilesOf(layer.outputs);
    dispatches.push(dispatch(layerOutputs, {
      parameters: {
        ...productParameters(operands, layer),
        ...inputParameters(l, x),
        ...weightParameters(operands, layer),
        activation: layer.activation,
        rowTiles,
        columnTiles,
        parts: 1,
        zOffset: z.offset,
        zStride: kind === CONVOLUTION ? layer.outputs : z.stride,
      },
      arrays: { bounds, batch, x: x.array, w: parameters.array, z: z.array },
      workgroups: workgroupsFor(rowTiles * columnTiles * groups),
    }));
  });
  return { dispatches, outputs };
}

function productParameters({ first, groups }: NetworkArguments, { kind, height, width, inputs, outputs }: Layer) {
  return { first, groups, convolution: kind === CONVOLUTION ? 1 : 0, height, width, inputs, outputs };
}

const inputParameters = (l: number, { offset, stride }: Rows) => ({
  gathered: l === 0 ? 1 : 0,
  xOffset: offset,
  xStride: stride,
});

function weightParameters({ parameters }: NetworkArguments, { weights }: Layer) {
  return {
    weights: (parameters.offset ?? 0) + weights,
    weightStride: parameters.rows === 1 ? 0 : strideOf(parameters),
  };
}

/** The mean loss of each group; with deltas, its gradient in the scores. */
function lossOf(
  { loss, batch, bounds, first, groups, targets, weights, losses }: NetworkArguments,
  { outputs }: Layer,
  scores: Rows,
  deltas: DeviceArray | undefined,
  scratch: Scratch,
): Dispatch {
  return dispatch(lossShader, {
    parameters: {
      loss,
      first,
      groups,
      count: outputs,
      differentiate: deltas ? 1 : 0,
      zOffset: scores.offset,
      zStride: scores.stride,
      targetOffset: targets.offset ?? 0,
      weightOffset: weights.offset ?? 0,
      lossOffset: losses.offset ?? 0,
    },
    arrays: {
      bounds,
      batch,
      z: scores.array,
      targets: targets.array,
      weights: weights.array,
      d: deltas ?? scratch("f32", 1, "no deltas"),
      losses: losses.array,
    },
    workgroups: workgroupsFor(groups),
  });
}

/** Lowering of {@linkcode Kernels.networkOutputs}. */
export const networkOutputs: Lowering<"networkOutputs"> = (operands: NetworkOutputsArguments, scratch) => {
  if (operands.groups === 0) return { dispatches: [] };
  const layers = layersOf(operands), { outputs: target } = operands;
  const last = { array: target.array, offset: target.offset ?? 0, stride: strideOf(target) };
  const { dispatches } = forward(operands, layers, last, scratch);
  return { dispatches: [...dispatches, lossOf(operands, layers.at(-1)!, last, undefined, scratch)] };
};

/** Lowering of {@linkcode Kernels.networkGradients}. */
export const networkGradients: Lowering<"networkGradients"> = (operands: NetworkGradientsArguments, scratch) => {
  const { batch, bounds, first, groups, largest, parameters, gradients } = operands, samples = groups * largest;
  if (groups === 0) return { dispatches: [] };
  const layers = layersOf(operands), { dispatches, outputs } = forward(operands, layers, undefined, scratch);
  const widest = Math.max(...layers.map(({ outputSize }) => outputSize));
  const delta = (l: number) => scratch("f32", samples * widest, `deltas ${l % 2}`);
  dispatches.push(lossOf(operands, layers.at(-1)!, outputs.at(-1)!, delta(layers.length - 1), scratch));
  for (let l = layers.length - 1; l >= 0; l--) {
    const layer = layers[l], { kind, height, width, inputSize } = layer, d = delta(l), x = outputs[l];
    const before = l > 0 ? layers[l - 1].activation : IDENTITY, rows = largest * height * width;
    if (kind === POOLING) {
      dispatches.push(dispatch(spreadShader, {
        parameters: { first, groups, height, width, channels: layer.inputs, activation: before },
        arrays: { bounds, d, a: x.array, dx: delta(l - 1) },
        workgroups: workgroupsFor(Math.ceil(samples * inputSize / poolThreads)),
      }));
      continue;
    }
    const depth = (kind === DENSE ? 1 : PATCH) * layer.inputs + 1, elements = depth * layer.outputs;
    const parts = Math.max(1, Math.min(mostParts, Math.floor(rows / partRows)));
    const target = { gradientOffset: (gradients.offset ?? 0) + layer.weights, gradientStride: strideOf(gradients) };
    const partials = parts > 1 ? scratch("f32", groups * parts * elements, "parts of a gradient") : undefined;
    const rowTiles = tilesOf(depth), columnTiles = tilesOf(layer.outputs);
    dispatches.push(dispatch(weightGradients, {
      parameters: {
        ...productParameters(operands, layer),
        ...inputParameters(l, x),
        ...partials ? { gradientOffset: 0, gradientStride: parts * elements } : target,
        activation: IDENTITY,
        rowTiles,
        columnTiles,
        parts,
        partStride: elements,
      },
      arrays: { bounds, batch, x: x.array, d, gradients: partials ?? gradients.array },
      workgroups: workgroupsFor(rowTiles * columnTiles * parts * groups),
    }));
    if (partials) {
      dispatches.push(dispatch(addPartsShader, {
        parameters: { groups, parts, elements, ...target },
        arrays: { partials, gradients: gradients.array },
        workgroups: workgroupsFor(Math.ceil(groups * elements / poolThreads)),
      }));
    }
    if (l === 0) break;
    const ownRowTiles = tilesOf(rows), inputTiles = tilesOf(layer.inputs);
    dispatches.push(dispatch(inputGradients, {
      parameters: {
        ...productParameters(operands, layer),
        ...weightParameters(operands, layer),
        activation: before,
        rowTiles: ownRowTiles,
        columnTiles: inputTiles,
        parts: 1,
      },
      arrays: { bounds, d, w: parameters.array, a: x.array, dx: delta(l - 1) },
      workgroups: workgroupsFor(ownRowTiles * inputTiles * groups),
    }));
  }
  return { dispatches };
};
