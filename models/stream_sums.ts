/** What layers are added to, in two models: sums over tokens that tell a layer to make up for what is off before it. @module */

import type { Workspace } from "../kernels/engine/mod.ts";
import { matrix } from "../solvers/core/matrix.ts";
import type { StreamMismatch } from "../solvers/quantization/moved.ts";

/** Collects a mismatch, batch by batch. */
export interface StreamSums {
  /**
   * Adds a batch: the residual streams that the outputs of a layer are added to [tokens, outputs], and its inputs
   * [tokens, inputs], in the original model and in the quantised one.
   */
  add(original: TwoActivations, quantized: TwoActivations): Promise<void>;
  /** The sums so far; their memory is the caller's. */
  take(): StreamMismatch;
}

/** Activations of a batch in one model. */
export interface TwoActivations {
  readonly x: Float32Array;
  readonly inputs: Float32Array;
}

/** Operations of one kernel call, which returns soon. */
const callFlops = 1e9;

/** Sums in f64. Complexity: `4 tokens outputs inputs` operations; memory: `16 outputs inputs` bytes and a batch. */
export function createStreamSums(
  workspace: Workspace,
  outputs: number,
  inputs: number,
  pause: () => Promise<unknown>,
): StreamSums {
  const squares = new Float64Array(outputs);
  const sums = { quantized: new Float64Array(outputs * inputs), apart: new Float64Array(outputs * inputs) };

  async function addProduct(to: Float64Array, a: Float64Array, b: Float64Array, tokens: number): Promise<void> {
    const most = Math.max(1, Math.min(tokens, Math.floor(callFlops / (2 * outputs * inputs))));
    const left = workspace.allocate("f64", most * outputs, "residual streams"),
      right = workspace.allocate("f64", most * inputs, "inputs"),
      product = workspace.allocate("f64", to.length, "mismatch");
    try {
      for (let begin = 0; begin < tokens; begin += most) {
        const end = Math.min(tokens, begin + most), rows = end - begin;
        workspace.write(left, a.subarray(begin * outputs, end * outputs));
        workspace.write(right, b.subarray(begin * inputs, end * inputs));
        await workspace.kernels.gemm({
          a: { array: left, rows, columns: outputs },
          transposeA: true,
          b: { array: right, rows, columns: inputs },
          c: { array: product, rows: outputs, columns: inputs },
          beta: begin === 0 ? 0 : 1,
        });
        await pause();
      }
      const found = await workspace.read(product);
      for (let at = 0; at < to.length; at++) to[at] += found[at];
    } finally {
      for (const array of [left, right, product]) workspace.free(array);
    }
  }

  return {
    async add(original, quantized) {
      const tokens = quantized.x.length / outputs;
      const off = difference(original.x, quantized.x);
      if (off.every((value) => value === 0)) return;
      for (let at = 0; at < off.length; at++) squares[at % outputs] += off[at] ** 2;
      await addProduct(sums.quantized, off, new Float64Array(quantized.inputs), tokens);
      await addProduct(sums.apart, off, difference(original.inputs, quantized.inputs), tokens);
    },
    take: () => ({
      quantized: matrix(outputs, inputs, sums.quantized),
      apart: matrix(outputs, inputs, sums.apart),
      squares,
    }),
  };
}

/** `a - b` in f64. */
function difference(a: Float32Array, b: Float32Array): Float64Array {
  const result = new Float64Array(a.length);
  for (let at = 0; at < a.length; at++) result[at] = a[at] - b[at];
  return result;
}
