/** The weights of a block where the kernels run. @module */

import type { MatrixOperand, VectorOperand } from "../kernels/contract.ts";
import type { Workspace } from "../kernels/engine/mod.ts";
import type { Architecture } from "./architecture.ts";
import { layerSizes } from "./load.ts";
import { readElements, readLinear, type Weights } from "./weights.ts";

/** A linear layer: `y = x W^T + b`. */
export interface LoadedLinear {
  /** `W` [outputs, inputs]. */
  readonly weights: MatrixOperand;
  readonly bias?: VectorOperand;
}

/** A norm. */
export interface LoadedNorm {
  readonly weight: VectorOperand;
  readonly bias?: VectorOperand;
}

/** A block. */
export interface LoadedBlock {
  readonly index: number;
  readonly attentionNorm: LoadedNorm;
  /** The norm of attention, where it serves both. */
  readonly feedForwardNorm: LoadedNorm;
  readonly queryNorm?: LoadedNorm;
  readonly keyNorm?: LoadedNorm;
  readonly query: LoadedLinear;
  readonly key: LoadedLinear;
  readonly value: LoadedLinear;
  readonly output: LoadedLinear;
  readonly gate?: LoadedLinear;
  readonly up: LoadedLinear;
  readonly down: LoadedLinear;
  /** Takes other weights [outputs, inputs] for the layer of this name. */
  replace(name: string, values: Float32Array | Float64Array): void;
  release(): void;
}

/** Reads vectors into a workspace. */
async function loadVector(
  workspace: Workspace,
  weights: Weights,
  name: string,
  length: number,
): Promise<VectorOperand> {
  const array = workspace.allocate("f32", length, name);
  workspace.write(array, await readElements(weights, name, [length]));
  return { array, length };
}

/** Reads a norm; its bias is left out where there is none. */
export async function loadNorm(
  workspace: Workspace,
  weights: Weights,
  name: string,
  size: number,
): Promise<LoadedNorm> {
  const weight = await loadVector(workspace, weights, `${name}.weight`, size);
  if (!weights.has(`${name}.bias`)) return { weight };
  return { weight, bias: await loadVector(workspace, weights, `${name}.bias`, size) };
}

/**
 * Reads a block, a tensor at a time. Layers of attention are stacked to one matrix, of which queries, keys and values
 * are ranges of rows.
 */
export async function loadBlock(
  workspace: Workspace,
  { architecture, weights }: { readonly architecture: Architecture; readonly weights: Weights },
  index: number,
): Promise<LoadedBlock> {
  const { hidden, heads, keyValueHeads, headSize, transposed, names } = architecture, parts = names.block(index);
  const sizes = new Map(layerSizes(architecture, index).map((layer) => [layer.name, layer]));
  const taken: Workspace["allocate"] extends (...given: never[]) => infer A ? A[] : never = [];
  const holder: Workspace = {
    ...workspace,
    allocate(dtype, length, label) {
      const array = workspace.allocate(dtype, length, label);
      taken.push(array);
      return array;
    },
  };
  const release = () => taken.splice(0).forEach((array) => workspace.free(array));

  /** How to write the weights of each layer. */
  const writers = new Map<string, (values: Float32Array | Float64Array) => void>();

  /** Rows of layers on end, in another order where `rows` tells one. */
  async function stacked(layers: readonly string[], rows?: Uint32Array): Promise<LoadedLinear> {
    const { inputs } = sizes.get(layers[0])!;
    const outputs = layers.reduce((sum, name) => sum + sizes.get(name)!.outputs, 0);
    const array = holder.allocate("f32", outputs * inputs, layers[0]);
    const biased = layers.some((name) => weights.has(`${name}.bias`));
    const bias = biased ? holder.allocate("f32", outputs, `${layers[0]}.bias`) : undefined;
    let begin = 0;
    for (const name of layers) {
      const { outputs } = sizes.get(name)!, values = await readLinear(weights, name, outputs, inputs, transposed);
      const offsets = weights.has(`${name}.bias`) ? await readElements(weights, `${name}.bias`, [outputs]) : undefined;
      const first = begin;
      const write = (values: Float32Array | Float64Array) => {
        if (!rows) return workspace.write(array, values, first * inputs);
        rows.forEach((row, at) =>
          workspace.write(array, values.subarray(row * inputs, (row + 1) * inputs), at * inputs)
        );
      };
      write(values);
      writers.set(name, write);
      if (bias && offsets) {
        if (rows) holder.write(bias, Float32Array.from(rows, (row) => offsets[row]));
        else holder.write(bias, offsets, begin);
      }
      begin += outputs;
    }
    return {
      weights: { array, rows: outputs, columns: inputs },
      ...bias && { bias: { array: bias, length: outputs } },
    };
  }

  const rowsOf = ({ weights, bias }: LoadedLinear, begin: number, rows: number): LoadedLinear => ({
    weights: { ...weights, rows, offset: begin * weights.columns },
    ...bias && { bias: { ...bias, length: rows, offset: begin } },
  });

  try {
    const norm = (name: string, size: number) => loadNorm(holder, weights, name, size);
    const attentionNorm = await norm(parts.attentionNorm, hidden), { feedForwardNorm, queryNorm, keyNorm } = parts;
    const attention = await stacked(parts.attention, parts.attentionRows);
    const queries = heads * headSize, keys = keyValueHeads * headSize, { expand } = parts;
    return {
      index,
      attentionNorm,
      feedForwardNorm: feedForwardNorm === undefined ? attentionNorm : await norm(feedForwardNorm, hidden),
      ...queryNorm !== undefined && { queryNorm: await norm(queryNorm, headSize) },
      ...keyNorm !== undefined && { keyNorm: await norm(keyNorm, headSize) },
      query: rowsOf(attention, 0, queries),
      key: rowsOf(attention, queries, keys),
      value: rowsOf(attention, queries + keys, keys),
      output: await stacked([parts.output]),
      ...expand.length > 1 && { gate: await stacked([expand[0]]) },
      up: await stacked([expand.at(-1)!]),
      down: await stacked([parts.contract]),
      replace: (name, values) => writers.get(name)!(values),
      release,
    };
  } catch (error) {
    release();
    throw error;
  }
}
