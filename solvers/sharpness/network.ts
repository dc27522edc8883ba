/** A network over the arrays of a workspace: its samples, their losses, gradients and products with the Hessian. @module */

import type { FloatDtype, MatrixOperand, VectorOperand } from "../../kernels/contract.ts";
import type { Workspace } from "../../kernels/engine/mod.ts";
import type { Matrix, Vector } from "../core/matrix.ts";
import type { Layers } from "./layers.ts";
import type { GradientSource } from "./stepper.ts";

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

/** A network over fresh arrays of the workspace. */
export function createNetwork(workspace: Workspace, data: NetworkData): Network {
  const { layers, loss, dtype, X, batch: most } = data, { kernels } = workspace, [rows, columns] = X.shape;
  const size = layers.parameterCount;
  const words = workspace.allocate("i32", layers.words.length, "layers");
  workspace.write(words, layers.words);
  const inputs: MatrixOperand = { array: workspace.allocate(dtype, rows * columns, "samples"), rows, columns };
  workspace.write(inputs.array, X.data);
  const numbers = (label: string, values: ArrayLike<number>): VectorOperand => {
    const array = workspace.allocate("f64", rows, label);
    workspace.write(array, values);
    return { array, length: rows };
  };
  const targets = numbers("targets", data.targets), weights = numbers("weights", data.weights);
  const batch = workspace.allocate("u32", most.samples, "batch");
  const bounds = workspace.allocate("u32", most.parts + 1, "micro-batches");
  const batchView = workspace.view(batch), boundsView = workspace.view(bounds);
  const common = { layers: words, loss, inputs, targets, weights };

  return {
    setBatch(samples, begins) {
      batchView.set(samples);
      boundsView.set(begins);
    },
    source: {
      async evaluate(parameters, first, gradients, losses) {
        await kernels.networkGradients({
          ...common,
          batch,
          bounds,
          first,
          groups: gradients.rows,
          largest: most.largest,
          parameters,
          gradients,
          losses,
        });
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
      const losses: VectorOperand = { array: workspace.allocate("f64", chunk, "losses"), length: chunk };
      const shares: VectorOperand = { array: workspace.allocate("f64", chunk, "shares"), length: chunk };
      const lossView = workspace.view(losses.array), shareView = workspace.view(shares.array);
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
          for (let i = 0; i < rows; i++) shareView[i] = (begins[first + i + 1] - begins[first + i]) / count;
          await call(first, rows);
          for (let i = 0; i < rows; i++) loss += shareView[i] * lossView[i];
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
        const termView = workspace.view(terms.array), sumView = workspace.view(sums.array);
        const loss = await forChunks(async (first, rows) => {
          const own = { ...terms!, rows };
          await call(first, own);
          await kernels.pairwiseSum({ terms: own, shares: { ...shares, length: rows } });
          sumView.set(termView.subarray(0, size), first / chunk * size);
        }, pause);
        await kernels.pairwiseSum({ terms: sums });
        workspace.view(target.array).set(sumView.subarray(0, size));
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
