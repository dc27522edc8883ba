/**
 * Walks a model block by block with what a quantiser needs: at each stage of a block, the Gram matrices of the inputs of
 * its layers, in the model with the layers before them replaced, and in the original. Both streams of activations are
 * carried from stage to stage, `4 tokens (hidden + inputs)` bytes each.
 */

import type { Workspace } from "../kernels/engine/mod.ts";
import { matrix } from "../solvers/core/matrix.ts";
import { accumulateGram, type GramAccumulator } from "../solvers/quantization/accumulate.ts";
import type { StreamMismatch } from "../solvers/quantization/moved.ts";
import type { OriginalOptions } from "../solvers/quantization/options.ts";
import type { Matrix, Vector } from "../solvers/core/matrix.ts";
import { loadBlock, type LoadedBlock } from "./block.ts";
import { createForward, type Forward, stepCount } from "./forward.ts";
import { type LanguageModel, layerSizes, type LinearLayer } from "./load.ts";
import { embed, largestBatch, readState } from "./run.ts";
import type { Batch } from "./sequences.ts";
import { createStreamSums } from "./stream_sums.ts";

/** What is known of the inputs of layers that read the same. */
export interface StageInputs {
  readonly gram: Matrix;
  /** Left out where the original model is of no interest. */
  readonly original?: Pick<OriginalOptions, "cross" | "gram">;
  /** Where the layer's output is added to the residual stream: how far that is off, before it. */
  readonly stream?: StreamMismatch;
}

/** What a walk asks of its caller. */
export interface Visitor {
  /** Weights that a block has before the walk comes to it; nothing where it is still to be visited. */
  known(block: number): Promise<ReadonlyMap<string, Vector> | undefined>;
  /** New weights of layers of a stage, by name; the others keep theirs. */
  visit(layers: readonly LinearLayer[], inputs: StageInputs): Promise<ReadonlyMap<string, Vector>>;
  /** After the last stage of a block that was visited; true ends the walk. */
  leave(block: number): Promise<boolean>;
  /** Between kernels. */
  pause(block: number, share: number): Promise<unknown>;
}

/** Activations of a batch between the steps of a block: arrays are replaced, never written to. */
export interface Stream {
  /** The residual stream [tokens, hidden]. */
  x: Float32Array;
  /** Inputs of the layers of the stage behind the last step. */
  inputs: Float32Array;
}

/** How sums are accumulated. */
export interface WalkOptions {
  /** Whether the original model is followed as well. */
  readonly original: boolean;
  readonly backend: "auto" | "reference" | "wasm" | "threads" | "webgpu";
  readonly threads?: number;
  readonly signal?: AbortSignal;
}

/** Stages whose layer is added to the residual stream: the output of attention, and that of the feed-forward part. */
const addsToStream: ReadonlySet<number> = new Set([1, 3]);

/** Walks through all blocks. */
export async function walkBlocks(
  workspace: Workspace,
  model: LanguageModel,
  batches: readonly Batch[],
  options: WalkOptions,
  visitor: Visitor,
): Promise<void> {
  const { architecture } = model, forward = createForward(workspace, architecture, largestBatch(batches));
  const states = await embed(workspace, forward, model, batches), none = new Float32Array(0), both = options.original;
  const quantized: Stream[] = states.map((x) => ({ x, inputs: none }));
  const original: Stream[] = both ? states.map((x) => ({ x, inputs: none })) : [];

  for (let index = 0; index < architecture.blocks; index++) {
    const block = await loadBlock(workspace, model, index);
    try {
      const known = await visitor.known(index),
        stages = stagesOf(layerSizes(architecture, index), architecture.names.block(index));
      let weights: ReadonlyMap<string, Vector> = new Map();
      for (let step = 0; step < stepCount; step++) {
        const pause = () => visitor.pause(index, step / stepCount);
        for (const [at, batch] of batches.entries()) {
          if (both) await advance(workspace, forward, block, step, original[at], batch, pause);
        }
        weights.forEach((values, name) => block.replace(name, values));
        const layers = stages[step], last = step === stepCount - 1, visited = !last && !known;
        const collect = visited ? collector(workspace, layers[0], addsToStream.has(step), pause, options) : undefined;
        for (const [at, batch] of batches.entries()) {
          await advance(workspace, forward, block, step, quantized[at], batch, pause);
          await collect?.add(quantized[at], original[at]);
        }
        if (last) break;
        weights = collect
          ? await visitor.visit(layers, await collect.take())
          : new Map(layers.flatMap(({ name }) => known?.has(name) ? [[name, known.get(name)!] as const] : []));
      }
      if (!known && await visitor.leave(index)) return;
    } finally {
      block.release();
    }
  }
}

/** Collects what is known of the inputs of a stage, and of what it is added to where that is the residual stream. */
function collector(
  workspace: Workspace,
  { inputs, outputs }: LinearLayer,
  ofStream: boolean,
  pause: () => Promise<unknown>,
  { original: both, backend, threads, signal }: WalkOptions,
) {
  let sums: GramAccumulator | undefined = accumulateGram(inputs, {
    ...backend !== "webgpu" && { backend },
    threads,
    signal,
  });
  let stream = both && ofStream ? createStreamSums(workspace, outputs, inputs, pause) : undefined;
  return {
    async add(quantized: Stream, original: Stream | undefined): Promise<void> {
      const matrixOf = ({ inputs: data }: Stream) => matrix(data.length / inputs, inputs, data);
      await sums!.add(matrixOf(quantized), original && matrixOf(original));
      if (original) await stream?.add(original, quantized);
    },
    /** What was collected; its memory is let go of here, for the solves need theirs. */
    async take(): Promise<StageInputs> {
      const taken = {
        gram: await sums!.gram(),
        ...both && { original: await sums!.original() },
        ...stream && { stream: stream.take() },
      };
      sums = stream = undefined;
      return taken;
    },
  };
}

/** The layers of each step's inputs. */
export function stagesOf(
  layers: readonly LinearLayer[],
  { attention, output, expand, contract }: {
    attention: readonly string[];
    output: string;
    expand: readonly string[];
    contract: string;
  },
): LinearLayer[][] {
  const of = (names: readonly string[]) => layers.filter(({ name }) => names.includes(name));
  return [of(attention), of([output]), of(expand), of([contract])];
}

/** One step of a block over one batch. */
export async function advance(
  workspace: Workspace,
  forward: Forward,
  block: LoadedBlock,
  step: number,
  stream: Stream,
  { segments, tokens: { length: rows } }: Batch,
  pause: () => Promise<unknown>,
): Promise<void> {
  forward.place(segments);
  // Attention and the activation read their inputs alone.
  if (step !== 1 && step !== 3) workspace.write(forward.hidden(rows).array, stream.x);
  if (step > 0) workspace.write(forward.inputs(step - 1, rows).array, stream.inputs);
  await forward.step(step, block);
  if (step === 2 || step === 4) stream.x = await readState(workspace, forward, stream.x);
  if (step < stepCount - 1) {
    const { array, columns } = forward.inputs(step, rows);
    stream.inputs = await workspace.read(array, 0, rows * columns) as Float32Array;
  } else stream.inputs = new Float32Array(0);
  await pause();
}
