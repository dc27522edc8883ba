/** A whole forward pass, block by block: the weights of one block are in memory at a time. @module */

import type { MatrixOperand } from "../kernels/contract.ts";
import type { Workspace } from "../kernels/engine/mod.ts";
import type { Run } from "../solvers/core/run.ts";
import { loadBlock, loadNorm } from "./block.ts";
import { loadHead, readEmbedding } from "./embedding.ts";
import { createForward, type Forward, forwardFlops, stepCount } from "./forward.ts";
import type { LanguageModel } from "./load.ts";
import type { Batch } from "./sequences.ts";

/** Tokens of a batch, by which products are large enough for their rate. */
export const batchTokens = 1024;

/** Activations of all batches, between blocks [tokens, hidden] each. */
export type States = Float32Array[];

/** Rows that the largest batch has. */
export function largestBatch(batches: readonly Batch[]): number {
  return batches.reduce((most, { tokens }) => Math.max(most, tokens.length), 1);
}

/** What the first block is given. */
export async function embed(
  workspace: Workspace,
  forward: Forward,
  model: LanguageModel,
  batches: readonly Batch[],
): Promise<States> {
  const embedding = await readEmbedding(model), name = model.architecture.names.embeddingNorm;
  const states = batches.map(({ tokens, segments }) => embedding.embed(tokens, segments));
  if (name === undefined) return states;
  const norm = await loadNorm(workspace, model.weights, name, model.architecture.hidden);
  for (const [at, { segments }] of batches.entries()) {
    place(workspace, forward, states[at], segments);
    await forward.begin(norm);
    states[at] = await readState(workspace, forward, states[at]);
  }
  return states;
}

/** Writes the activations of a batch and its positions. */
export function place(workspace: Workspace, forward: Forward, state: Float32Array, segments: Batch["segments"]): void {
  forward.place(segments);
  workspace.write(forward.hidden(0).array, state);
}

/** Reads them back. */
export async function readState(workspace: Workspace, forward: Forward, state: Float32Array): Promise<Float32Array> {
  return await workspace.read(forward.hidden(0).array, 0, state.length) as Float32Array;
}

/** All blocks over all batches, and what the head makes of each batch, in pieces of rows that are taken in turn. */
export async function runModel(
  workspace: Workspace,
  model: LanguageModel,
  batches: readonly Batch[],
  run: Run,
  take: (logits: MatrixOperand, batch: Batch, begin: number) => Promise<void>,
): Promise<void> {
  const { architecture, weights } = model, { blocks, hidden, vocabulary, names } = architecture;
  const forward = createForward(workspace, architecture, largestBatch(batches));
  const states = await embed(workspace, forward, model, batches), flops = forwardFlops(architecture);
  const all = flops.blocks + flops.head;
  const checkpoint = (done: number) => run.checkpoint({ stage: "forward", fraction: done / all, iteration: 0 });
  for (let index = 0; index < blocks; index++) {
    const block = await loadBlock(workspace, model, index);
    for (const [at, { segments }] of batches.entries()) {
      place(workspace, forward, states[at], segments);
      for (let step = 0; step < stepCount; step++) {
        await forward.step(step, block);
        await checkpoint(flops.block * (index + at / batches.length));
      }
      states[at] = await readState(workspace, forward, states[at]);
    }
    block.release();
  }
  const final = await loadNorm(workspace, weights, names.finalNorm, hidden), head = await loadHead(workspace, model);
  const rows = Math.max(1, Math.min(largestBatch(batches), Math.floor(workspace.batchFlops / flops.head)));
  const array = workspace.allocate("f32", rows * vocabulary, "logits");
  for (const [at, batch] of batches.entries()) {
    place(workspace, forward, states[at], batch.segments);
    const normed = await forward.finish(final);
    for (let begin = 0; begin < normed.rows; begin += rows) {
      const part = { ...normed, rows: Math.min(rows, normed.rows - begin), offset: begin * hidden };
      const logits = { array, rows: part.rows, columns: vocabulary };
      await workspace.kernels.gemm({ a: part, b: head, c: logits, transposeB: true });
      await take(logits, batch, begin);
      await checkpoint(flops.blocks + flops.head * at / batches.length);
    }
  }
}
