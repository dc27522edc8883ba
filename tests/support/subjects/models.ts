/** Language models as subjects: calls that are told to stop. @module */

import { generateTokens, loadModel, perplexity, quantizeModel } from "../../../mod.ts";
import { createRandom } from "../../../solvers/core/random.ts";
import { modelFiles } from "../models.ts";
import { drain, type Subject } from "../subject.ts";

/** A Llama of this width, with random weights. */
function made(hidden: number, context: number) {
  const { normal } = createRandom(hidden), vocabulary = 300;
  const config = {
    model_type: "llama",
    hidden_size: hidden,
    intermediate_size: 3 * hidden,
    num_hidden_layers: 3,
    num_attention_heads: 4,
    vocab_size: vocabulary,
    max_position_embeddings: context,
    tie_word_embeddings: true,
  };
  const tensor = (...shape: number[]) => ({
    shape,
    data: Float32Array.from(
      { length: shape.reduce((product, size) => product * size, 1) },
      () => shape.length === 1 ? 1 : normal() / Math.sqrt(hidden),
    ),
  });
  const tensors = new Map([
    ["model.embed_tokens.weight", tensor(vocabulary, hidden)],
    ["model.norm.weight", tensor(hidden)],
  ]);
  for (let block = 0; block < 3; block++) {
    const root = `model.layers.${block}.`;
    for (const norm of ["input_layernorm", "post_attention_layernorm"]) {
      tensors.set(`${root}${norm}.weight`, tensor(hidden));
    }
    for (const part of ["q", "k", "v", "o"]) {
      tensors.set(`${root}self_attn.${part}_proj.weight`, tensor(hidden, hidden));
    }
    for (const part of ["gate", "up"]) tensors.set(`${root}mlp.${part}_proj.weight`, tensor(3 * hidden, hidden));
    tensors.set(`${root}mlp.down_proj.weight`, tensor(hidden, 3 * hidden));
  }
  const { integer } = createRandom(context);
  return {
    model: loadModel(modelFiles(config, tensors)),
    tokens: Uint32Array.from({ length: context }, () => integer(vocabulary)),
  };
}

/** Tokens and hidden size. */
const sizes = [[64, 32], [200, 128], [1000, 128], [300, 512]] as const;

/** `perplexity`. */
export const likelihood: Subject = {
  untimed: true,
  stops: [{
    name: "three sequences",
    sizes,
    prepare(rows, columns) {
      const { model, tokens } = made(columns, rows), sequences = [tokens, tokens.slice(0, rows >> 1), tokens];
      return async ({ backend, threads, signal, onProgress }) => {
        for (;;) await perplexity(await model, sequences, { backend, threads, signal, onProgress });
      };
    },
  }],
};

/** `generate`. */
export const generation: Subject = {
  untimed: true,
  stops: [{
    name: "tokens",
    sizes,
    prepare(rows, columns) {
      const { model, tokens } = made(columns, rows);
      return async ({ backend, threads, signal, onProgress }) => {
        const solve = { backend, threads, signal, onProgress };
        const prompt = tokens.subarray(0, rows >> 1);
        for (;;) await drain(generateTokens(await model, prompt, { tokens: rows, seed: 1, ...solve }));
      };
    },
  }],
};

/** `quantizeModel`. */
export const modelQuantization: Subject = {
  stops: [{
    name: "three bits",
    sizes,
    prepare(rows, columns) {
      const { model, tokens } = made(columns, rows);
      return async ({ backend, threads, timeLimitMs, signal, onProgress }) => {
        const solve = { backend, threads, timeLimitMs, signal, onProgress };
        return await quantizeModel(await model, { calibration: [tokens, tokens.toReversed()], bits: 3, ...solve });
      };
    },
  }],
};
