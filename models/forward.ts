/**
 * The forward pass in the steps between which a quantiser looks at the inputs of layers: the norm before attention,
 * attention, its output with the norm before the feed-forward part, the activation, and the feed-forward output.
 */

import type { MatrixOperand } from "../kernels/contract.ts";
import type { WorkRequest, Workspace } from "../kernels/engine/mod.ts";
import { denseFamily } from "../kernels/families/dense.ts";
import { modelFamily } from "../kernels/families/model.ts";
import type { Architecture } from "./architecture.ts";
import type { LoadedBlock, LoadedLinear, LoadedNorm } from "./block.ts";

/** Rows of a batch that belong to one sequence, and the position of the first of them. */
export interface Segment {
  readonly begin: number;
  readonly length: number;
  readonly first: number;
}

/** Keys and values of the positions so far of one sequence, in one block. */
export interface Cache {
  readonly keys: MatrixOperand;
  readonly values: MatrixOperand;
}

/** Number of steps of a block; step `s` of them, but for the last, ends with the inputs of the layers of stage `s`. */
export const stepCount = 5;

/** Runs blocks over batches of at most so many rows, in memory of its own. */
export interface Forward {
  /** The activations between blocks [rows, hidden]. */
  hidden(rows: number): MatrixOperand;
  /** Inputs of the layers of a stage: attention, its output, expand, contract; after the step of that number. */
  inputs(stage: number, rows: number): MatrixOperand;
  /** Tells which rows are which positions; before the first step. */
  place(segments: readonly Segment[]): void;
  /** A norm of the activations in place, behind the embedding. */
  begin(norm: LoadedNorm): Promise<void>;
  /** One step of a block. With a cache, there is one segment, and keys and values of earlier positions are there. */
  step(step: number, block: LoadedBlock, cache?: Cache): Promise<void>;
  /** The activations after the last norm, as inputs of stage 0. */
  finish(norm: LoadedNorm): Promise<MatrixOperand>;
}

/** Floating-point operations of a token through the blocks, and through the head. */
export function forwardFlops(
  { blocks, hidden, heads, keyValueHeads, headSize, intermediate, vocabulary }: Architecture,
): {
  readonly block: number;
  readonly blocks: number;
  readonly head: number;
} {
  const block = 2 * hidden * (2 * (heads + keyValueHeads) * headSize + 3 * intermediate);
  return { block, blocks: blocks * block, head: 2 * hidden * vocabulary };
}

/** A request for a workspace for so many operations of a forward pass. */
export function forwardRequest(
  flops: number,
  { backend, threads }: Pick<WorkRequest, "backend" | "threads">,
): WorkRequest {
  return { families: [denseFamily, modelFamily], backend, threads, dtype: "f32", flops };
}

/** Allocates the memory of a forward pass over batches of at most `capacity` rows. */
export function createForward(workspace: Workspace, architecture: Architecture, capacity: number): Forward {
  const { hidden, heads, keyValueHeads, headSize, intermediate, norm, positions, activation, parallel } = architecture;
  const { kernels } = workspace;
  const allocate = (columns: number, label: string) => {
    const array = workspace.allocate("f32", capacity * columns, label);
    return (rows: number): MatrixOperand => ({ array, rows, columns });
  };
  const queryWidth = heads * headSize, keyWidth = keyValueHeads * headSize;
  const x = allocate(hidden, "hidden"),
    normed = allocate(hidden, "normed"),
    attended = allocate(queryWidth, "attended");
  const queries = allocate(queryWidth, "queries"),
    keys = allocate(keyWidth, "keys"),
    values = allocate(keyWidth, "values");
  const activated = allocate(intermediate, "activated"), lifted = allocate(intermediate, "lifted");
  const pairs = positions.kind === "rotary" ? positions.frequencies.length : 0;
  const cosines = allocate(pairs, "cosines"), sines = allocate(pairs, "sines");
  const slopes = positions.kind === "slopes" ? workspace.allocate("f32", heads, "slopes") : undefined;
  if (slopes && positions.kind === "slopes") workspace.write(slopes, positions.slopes);
  let segments: readonly Segment[] = [], rows = 0;

  async function normalize({ weight, bias }: LoadedNorm, from: MatrixOperand, to: MatrixOperand): Promise<void> {
    const { epsilon, centered } = norm;
    await kernels.normalizeRows({ x: from, y: to, weight, ...bias && { bias }, epsilon, centered });
  }

  /** `y = x W^T + b`, or `y += x W^T + b`. */
  async function apply(
    { weights, bias }: LoadedLinear,
    from: MatrixOperand,
    to: MatrixOperand,
    beta = 0,
  ): Promise<void> {
    await kernels.gemm({ a: from, b: weights, c: to, transposeB: true, beta });
    if (bias) await kernels.addBias({ x: to, bias });
  }

  /** A norm of each head, and its rotation. */
  async function prepare(of: MatrixOperand, norm: LoadedNorm | undefined, count: number): Promise<void> {
    if (norm) {
      const each = { ...of, rows: of.rows * count, columns: headSize };
      await normalize(norm, each, each);
    }
    if (positions.kind !== "rotary") return;
    await kernels.rotatePositions({ x: of, cosines: cosines(rows), sines: sines(rows), headSize });
  }

  async function attend(block: LoadedBlock, cache: Cache | undefined): Promise<void> {
    const first = cache ? segments[0].first : 0;
    const own = (part: "keys" | "values", otherwise: MatrixOperand): MatrixOperand =>
      cache ? { ...cache[part], rows, offset: first * keyWidth } : otherwise;
    const q = queries(rows), k = own("keys", keys(rows)), v = own("values", values(rows)), from = normed(rows);
    await apply(block.query, from, q);
    await apply(block.key, from, k);
    await apply(block.value, from, v);
    await prepare(q, block.queryNorm, heads);
    await prepare(k, block.keyNorm, keyValueHeads);
    const window = architecture.window?.(block.index);
    for (const segment of segments) {
      const count = segment.first + segment.length;
      const part = (of: MatrixOperand): MatrixOperand => ({
        ...of,
        rows: segment.length,
        offset: segment.begin * of.columns,
      });
      await kernels.causalAttention({
        queries: part(q),
        keys: cache ? { ...cache.keys, rows: count } : part(k),
        values: cache ? { ...cache.values, rows: count } : part(v),
        outputs: part(attended(rows)),
        heads,
        keyValueHeads,
        first: segment.first,
        ...window !== undefined && { window },
        scale: 1 / Math.sqrt(headSize),
        ...slopes && { slopes: { array: slopes, length: heads } },
      });
    }
  }

  return {
    hidden: x,
    inputs: (stage, rows) => [normed, attended, normed, activated][stage](rows),
    place(given) {
      segments = given;
      rows = given.reduce((sum, { length }) => sum + length, 0);
      if (positions.kind !== "rotary") return;
      const { frequencies, factor } = positions;
      const table = (f: (angle: number) => number) => {
        const values = new Float32Array(rows * pairs);
        for (const { begin, length, first } of segments) {
          for (let i = 0, at = begin * pairs; i < length; i++) {
            for (const frequency of frequencies) values[at++] = factor * f((first + i) * frequency);
          }
        }
        return values;
      };
      workspace.write(cosines(rows).array, table(Math.cos));
      workspace.write(sines(rows).array, table(Math.sin));
    },
    begin: (norm) => normalize(norm, x(rows), x(rows)),
    async step(step, block, cache) {
      switch (step) {
        case 0:
          return await normalize(block.attentionNorm, x(rows), normed(rows));
        case 1:
          return await attend(block, cache);
        case 2:
          if (parallel) await normalize(block.feedForwardNorm, x(rows), normed(rows));
          await apply(block.output, attended(rows), x(rows), 1);
          if (!parallel) await normalize(block.feedForwardNorm, x(rows), normed(rows));
          return;
        case 3:
          await apply(block.up, normed(rows), block.gate ? lifted(rows) : activated(rows));
          if (block.gate) await apply(block.gate, normed(rows), activated(rows));
          return void await kernels.activate({
            activation,
            x: activated(rows),
            ...block.gate && { factor: lifted(rows) },
          });
        default:
          return await apply(block.down, activated(rows), x(rows), 1);
      }
    },
    async finish(final) {
      await normalize(final, x(rows), normed(rows));
      return normed(rows);
    },
  };
}
