/** Language models as subjects: calls that are told to stop. @module */

import { generateTokens, loadModel, perplexity, quantizeModel } from "../../../mod.ts";
import { randomLlama } from "../models.ts";
import { drain, type Subject } from "../subject.ts";

/** A Llama of this width, and random tokens. */
function made(hidden: number, context: number) {
  const { files, tokens } = randomLlama(hidden, context);
  return { model: loadModel(files), tokens };
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
