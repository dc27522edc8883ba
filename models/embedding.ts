/** Tokens into activations, and activations into logits. @module */

import type { MatrixOperand } from "../kernels/contract.ts";
import type { Workspace } from "../kernels/engine/mod.ts";
import { type Tensor, toVector } from "../formats/tensor.ts";
import type { LanguageModel } from "./load.ts";
import type { Segment } from "./forward.ts";
import { readElements } from "./weights.ts";

/** Gives the embedding of tokens at their positions [tokens, hidden], before any norm. */
export interface Embedding {
  embed(tokens: Uint32Array, segments: readonly Segment[]): Float32Array;
}

/** Reads the tables of a model as they are stored: rows become numbers when they are looked up. */
export async function readEmbedding({ architecture, weights }: LanguageModel): Promise<Embedding> {
  const { names, hidden, positions } = architecture;
  const table = await weights.read(`${names.embedding}.weight`);
  const places = positions.kind === "learned" ? await weights.read(`${positions.table}.weight`) : undefined;
  const row = ({ dtype, data }: Tensor, index: number) =>
    toVector({ dtype, shape: [hidden], data: data.subarray(index * hidden, (index + 1) * hidden) });
  return {
    embed(tokens, segments) {
      const result = new Float32Array(tokens.length * hidden);
      for (const { begin, length, first } of segments) {
        for (let i = 0; i < length; i++) {
          const at = (begin + i) * hidden;
          result.set(row(table, tokens[begin + i]), at);
          if (!places || positions.kind !== "learned") continue;
          const place = row(places, first + i + positions.offset);
          for (let j = 0; j < hidden; j++) result[at + j] += place[j];
        }
      }
      return result;
    },
  };
}

/** Reads the head [vocabulary, hidden] into a workspace. */
export async function loadHead(workspace: Workspace, { architecture, weights }: LanguageModel): Promise<MatrixOperand> {
  const { names, vocabulary, hidden } = architecture, name = `${names.head}.weight`;
  const array = workspace.allocate("f32", vocabulary * hidden, name);
  const values = await readElements(weights, name, weights.describe(name).shape);
  workspace.write(array, values.subarray(0, vocabulary * hidden));
  return { array, rows: vocabulary, columns: hidden };
}
