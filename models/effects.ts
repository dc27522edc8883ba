/**
 * How much the quantisation of one layer alone matters to the model: the mean over tokens of `||h' - h||^2 / ||h||^2`, with
 * `h` the residual stream behind the block and `h'` the same with other weights for the layer. What is read of the stream
 * is normalised, so that the loss grows with this, by about the same factor for all layers; with relative errors of the
 * layers' own outputs it does not: they count from a tenth of their value to ten times it.
 */

import type { Workspace } from "../kernels/engine/mod.ts";
import { type Matrix, matrix, type Vector } from "../solvers/core/matrix.ts";
import { accumulateGram } from "../solvers/quantization/accumulate.ts";
import { loadBlock } from "./block.ts";
import { advance, stagesOf, type Stream, type WalkOptions } from "./calibrate.ts";
import { createForward, stepCount } from "./forward.ts";
import { type LanguageModel, layerSizes, type LinearLayer } from "./load.ts";
import { embed, largestBatch } from "./run.ts";
import type { Batch } from "./sequences.ts";

/** Tokens that the changed layers are looked at with, at least; all of fewer. */
const tokensOfTrial = 1024;

/** Weights to try, and what is asked of the caller beside. */
export interface Trials {
  /** Names of the layers that are tried. */
  readonly asked: ReadonlySet<string>;
  /** Other weights for a layer, now and before, from the Gram matrix of its inputs; nothing ends the walk. */
  weights(layer: LinearLayer, gram: Matrix): Promise<{ readonly own: Vector; readonly tried: Vector } | undefined>;
  /** Between kernels. */
  pause(block: number): Promise<unknown>;
}

/**
 * Walks through the model as it is, and tries the layers one by one.
 *
 * Complexity: a forward pass, a Gram sum for each stage, and for each layer what follows it in its block, over some tokens.
 */
export async function measureEffects(
  workspace: Workspace,
  model: LanguageModel,
  batches: readonly Batch[],
  { backend, threads, signal }: Omit<WalkOptions, "original">,
  { asked, weights, pause }: Trials,
): Promise<Map<string, number>> {
  const { architecture } = model, forward = createForward(workspace, architecture, largestBatch(batches));
  const states = await embed(workspace, forward, model, batches), effects = new Map<string, number>();
  let tokens = 0;
  const tried = batches.findIndex((batch) => (tokens += batch.tokens.length) >= tokensOfTrial) + 1 || batches.length;

  for (let index = 0; index < architecture.blocks; index++) {
    const block = await loadBlock(workspace, model, index), stop = () => pause(index);
    try {
      const stages = stagesOf(layerSizes(architecture, index), architecture.names.block(index));
      const options = { ...backend !== "webgpu" && { backend }, threads, signal };
      const sums = stages.map(([{ inputs }]) => accumulateGram(inputs, options));
      // The streams of the batches that are tried, before each step and behind the last.
      const streams: Stream[][] = Array.from({ length: stepCount + 1 }, () => []);
      for (const [at, batch] of batches.entries()) {
        const stream: Stream = { x: states[at], inputs: new Float32Array(0) };
        for (let step = 0; step < stepCount; step++) {
          if (at < tried) streams[step].push({ ...stream });
          await advance(workspace, forward, block, step, stream, batch, stop);
          if (step === stepCount - 1) break;
          await sums[step].add(matrix(batch.tokens.length, stages[step][0].inputs, stream.inputs));
        }
        states[at] = stream.x;
        if (at < tried) streams[stepCount].push(stream);
      }
      for (const [stage, layers] of stages.entries()) {
        const gram = await sums[stage].gram();
        for (const layer of layers.filter(({ name }) => asked.has(name))) {
          const trial = await weights(layer, gram);
          if (!trial) return effects;
          block.replace(layer.name, trial.tried);
          let change = 0, count = 0;
          for (const [at, before] of streams[stage + 1].entries()) {
            const stream = { ...before };
            for (let step = stage + 1; step < stepCount; step++) {
              await advance(workspace, forward, block, step, stream, batches[at], stop);
            }
            change += relativeChange(stream.x, streams[stepCount][at].x, architecture.hidden);
            count += batches[at].tokens.length;
          }
          effects.set(layer.name, change / count);
          block.replace(layer.name, trial.own);
        }
      }
    } finally {
      block.release();
    }
  }
  return effects;
}

/** The sum over tokens of `||h' - h||^2 / ||h||^2`. */
function relativeChange(changed: Float32Array, before: Float32Array, hidden: number): number {
  let sum = 0;
  for (let begin = 0; begin < before.length; begin += hidden) {
    let off = 0, norm = 0;
    for (let at = begin; at < begin + hidden; at++) {
      off += (changed[at] - before[at]) ** 2;
      norm += before[at] ** 2;
    }
    if (norm > 0) sum += off / norm;
  }
  return sum;
}
