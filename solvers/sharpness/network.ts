/** A network over the arrays of a workspace: its samples, their losses, gradients and products with the Hessian. @module */

import type { FloatDtype, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import {
  DENSE,
  LAYER_INPUT_SIZE,
  LAYER_INPUTS,
  LAYER_KIND,
  LAYER_OUTPUT_SIZE,
  LAYER_OUTPUTS,
  LAYER_WORDS,
} from "../../kernels/contract/training/constants.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Matrix, Vector } from "../core/matrix.ts";
import type { Layers } from "./layers.ts";
import type { GradientSource } from "./chunks.ts";

/** Samples that are worked on together where there is no batch: their activations stay in the cache. */
const groupSamples = 64;

/** What a network is made over. */
export interface NetworkData {
  readonly layers: Layers;
  readonly loss: number;
  readonly dtype: FloatDtype;
  readonly X: Matrix;
  /** A label or number for each sample. */
  readonly targets: ArrayLike<number>;
  /** What the loss of each sample counts; 1 on average. */
  readonly weights: ArrayLike<number>;
  /** Most samples of a batch, its parts, and samples of the largest part. */
  readonly batch: { readonly samples: number; readonly parts: number; readonly largest: number };
}

/** A network and its samples. */
export interface Network {
  /** Sets the batch that gradients are of: samples, and where each micro-batch begins. */
  setBatch(samples: Uint32Array, bounds: Uint32Array): void;
  readonly source: GradientSource;
  /** Groups of some samples that passes over all of them go through. */
  passOver(samples: Uint32Array): Pass;
}

/** Passes over some samples, a few groups at a time. */
export interface Pass {
  readonly count: number;
  /** Scores [samples, outputs] and the mean loss. */
  outputs(parameters: VectorOperand, pause: Pause): Promise<{ scores: Vector; loss: number }>;
  /** The gradient of the mean loss into `target`; returns the loss. */
  gradient(parameters: VectorOperand, target: VectorOperand, pause: Pause): Promise<number>;
  /** The Hessian of the mean loss times the direction, into `target`. */
  product(parameters: VectorOperand, direction: VectorOperand, target: VectorOperand, pause: Pause): Promise<void>;
  /** Frees its arrays. */
  free(): void;
}

/** What is called between groups. @returns whether the time is up */
export type Pause = () => Promise<unknown>;

/** Groups that are worked on by one call, unless their gradients would not fit; a power of two. */
const mostGroups = 16;

/** Bytes of gradients of groups. */
const groupBytes = 16 << 20;

/** Bytes of the largest array of a network whose batches have at most so many samples. */
export function largestArrayBytes({ words, parameterCount }: Layers, samples: number, batch: number): number {
  let widest = 0;
  for (let at = 0; at < words.length; at += LAYER_WORDS) widest = Math.max(widest, words[at + LAYER_OUTPUT_SIZE]);
  const outputs = widest * Math.max(batch, mostGroups * groupSamples);
  return Math.max(groupBytes, 4 * Math.max(samples * words[LAYER_INPUT_SIZE], parameterCount, outputs));
}

/** Multiply-adds that a parameter takes as long as, which is read and written some times less; products of few rows. */
const workOfParameter = 16, workOfRows = 1.5;

/** Whether one step of ascent from slopes of so many samples takes less than from gradients of all parameters. */
function ascentPays({ words, parameterCount }: Layers, samples: number): boolean {
  let saved = workOfParameter * parameterCount, spent = 0;
  for (let at = 0; at < words.length; at += LAYER_WORDS) {
    if (words[at + LAYER_KIND] !== DENSE) return false;
    const inputs = words[at + LAYER_INPUTS], outputs = words[at + LAYER_OUTPUTS];
    // The first layer is spared a product and a gradient of weights, others the latter, for more products of rows.
    saved += (at === 0 ? 2 : 1) * samples * inputs * outputs;
    spent += samples * samples * (at === 0 ? inputs + 2 * outputs : 3 * (inputs + outputs));
  }
  return workOfRows * spent < saved;
}

/** A network over fresh arrays of the workspace. */
export function createNetwork(workspace: Workspace, data: NetworkData): Network {
  const { layers, loss, dtype, X, batch: most } = data, { kernels, widest } = workspace, [rows, columns] = X.shape;
  const size = layers.parameterCount;
  const words = { array: workspace.allocate("i32", layers.words.length, "layers"), words: layers.words };
  workspace.write(words.array, layers.words);
  const inputs: MatrixOperand = { array: workspace.allocate(dtype, rows * columns, "samples"), rows, columns };
  workspace.write(inputs.array, X.data);
  const numbers = (label: string, values: ArrayLike<number>): VectorOperand => {
    const array = workspace.allocate(widest, rows, label);
    workspace.write(array, values);
    return { array, length: rows };
  };
  const targets = numbers("targets", data.targets), weights = numbers("weights", data.weights);
  const batch = workspace.allocate("u32", most.samples, "batch");
  const bounds = workspace.allocate("u32", most.parts + 1, "micro-batches");
  const common = { layers: words, loss, inputs, targets, weights };

  return {
    setBatch(samples, begins) {
      workspace.write(batch, samples);
      workspace.write(bounds, begins);
    },
    source: {
      evaluation(parameters, first, gradients, losses) {
        const { rows: groups } = gradients, { largest } = most;
        const call = { ...common, batch, bounds, first, groups, largest, parameters, gradients, losses };
        Object.freeze(call);
        return () => kernels.networkGradients(call);
      },
      ascent(parameters, first, gradients, ascent) {
        const { rows: groups } = gradients, { largest } = most;
        if (!ascentPays(layers, largest)) return undefined;
        const call = { ...common, ...ascent, batch, bounds, first, groups, largest, parameters, gradients };
        Object.freeze(call);
        return () => kernels.networkAscent(call);
      },
    },
    passOver(samples) {
      const count = samples.length, groups = Math.max(1, Math.ceil(count / groupSamples));
      const fits = Math.max(1, Math.floor(groupBytes / (size * (dtype === "f32" ? 4 : 8))));
      const chunk = Math.max(1, 2 ** Math.floor(Math.log2(Math.min(mostGroups, fits, groups))));
      const chunks = Math.ceil(groups / chunk);
      const order = workspace.allocate("u32", count, "order"), ends = workspace.allocate("u32", groups + 1, "groups");
      workspace.write(order, samples);
      const begins = Uint32Array.from({ length: groups + 1 }, (_, i) => Math.min(count, i * groupSamples));
      workspace.write(ends, begins);
      const losses: VectorOperand = { array: workspace.allocate(widest, chunk, "losses"), length: chunk };
      const shares: VectorOperand = { array: workspace.allocate(widest, chunk, "shares"), length: chunk };
      const shareOf = new Float64Array(chunk);
      const largest = Math.min(groupSamples, count);
      let terms: MatrixOperand | undefined, sums: MatrixOperand | undefined, scores: MatrixOperand | undefined;
      const base = { ...common, batch: order, bounds: ends, largest };
      const pointOf = ({ array }: VectorOperand): MatrixOperand => ({ array, rows: 1, columns: size });
      const matrix = (label: string, rows: number, columns: number): MatrixOperand => ({
        array: workspace.allocate(dtype, rows * columns, label),
        rows,
        columns,
      });

      /** Calls for each chunk of groups, and adds up the losses. */
      async function forChunks(call: (first: number, rows: number) => Promise<void>, pause: Pause): Promise<number> {
        let loss = 0;
        for (let first = 0; first < groups; first += chunk) {
          const rows = Math.min(chunk, groups - first);
          for (let i = 0; i < rows; i++) shareOf[i] = (begins[first + i + 1] - begins[first + i]) / count;
          workspace.write(shares.array, shareOf);
          await call(first, rows);
          const found = await workspace.read(losses.array, 0, rows);
          for (let i = 0; i < rows; i++) loss += shareOf[i] * found[i];
          await pause();
        }
        return loss;
      }

      /** The sum of what `call` leaves in the rows of each chunk. */
      async function summed(
        target: VectorOperand,
        call: (first: number, rows: MatrixOperand) => Promise<void>,
        pause: Pause,
      ): Promise<number> {
        terms ??= matrix("gradients of groups", chunk, size);
        sums ??= matrix("sums of groups", chunks, size);
        const { array } = sums;
        const loss = await forChunks(async (first, rows) => {
          const own = { ...terms!, rows };
          await call(first, own);
          const sum = { array, offset: first / chunk * size, length: size };
          await kernels.pairwiseSum({ terms: own, shares: { ...shares, length: rows }, sum });
        }, pause);
        await kernels.pairwiseSum({ terms: sums, sum: target });
        return loss;
      }

      return {
        count,
        async outputs(parameters, pause) {
          scores ??= matrix("scores", chunk * groupSamples, layers.outputs);
          const all = dtype === "f32"
            ? new Float32Array(count * layers.outputs)
            : new Float64Array(count * layers.outputs);
          const loss = await forChunks(async (first, groups) => {
            const rows = begins[first + groups] - begins[first], outputs = { ...scores!, rows };
            await kernels.networkOutputs({ ...base, first, groups, parameters: pointOf(parameters), losses, outputs });
            const values = await workspace.read(outputs.array, 0, rows * layers.outputs);
            all.set(values, begins[first] * layers.outputs);
          }, pause);
          return { scores: all, loss };
        },
        gradient: (parameters, target, pause) =>
          summed(target, async (first, gradients) => {
            const { rows: groups } = gradients;
            await kernels.networkGradients({
              ...base,
              first,
              groups,
              parameters: pointOf(parameters),
              losses,
              gradients,
            });
          }, pause),
        async product(parameters, direction, target, pause) {
          await summed(target, async (first, products) => {
            const call = { ...base, first, groups: products.rows, parameters: pointOf(parameters), losses };
            await kernels.networkProducts({ ...call, direction, products });
          }, pause);
        },
        free() {
          for (const { array } of [terms, sums, scores, losses, shares].filter((operand) => operand !== undefined)) {
            workspace.free(array);
          }
          workspace.free(order);
          workspace.free(ends);
        },
      };
    },
  };
}
