/** Other ways to quantise a whole Llama, in NumPy; see `quantize_model_numpy.py`. */

import { openPeer } from "./peer.ts";
import { startPython } from "./python.ts";

/** What is asked of a method. */
export interface ModelQuantization {
  readonly method: "none" | "gptaq" | "qronos" | "loaq" | "coreq";
  readonly bits: number;
  /** Grids searched below the range of the weights, by the diagonal of the Gram matrix. */
  readonly searched: boolean;
  /** How far the target moves, for the methods that take it. */
  readonly share: number;
}

/** A model, quantised on the calibration and measured on the evaluation, both lists of tokens. */
export interface ModelQuantizers {
  perplexity(asked: ModelQuantization): Promise<number>;
  close(): void;
}

/** Opens the peer; the reason where there is no NumPy. */
export function openModelQuantizers(
  folder: string,
  calibration: readonly Uint32Array[],
  evaluation: readonly Uint32Array[],
): Promise<ModelQuantizers | string> {
  const lists = (sequences: readonly Uint32Array[]) => sequences.map((tokens) => [...tokens]);
  return openPeer("NumPy", async () => {
    const python = startPython("quantize_model_numpy.py");
    const perplexity = async ({ method, bits, searched, share }: ModelQuantization) => {
      const request = { do: "run", folder, method, bits, searched, share };
      const tokens = { calibration: lists(calibration), evaluation: lists(evaluation) };
      return (await python.ask<{ perplexity: number }>({ ...request, ...tokens })).perplexity;
    };
    // Says whether everything is there, before it is needed.
    await perplexity({ method: "none", bits: 0, searched: false, share: 0 }).catch((error) => {
      python.close();
      throw error;
    });
    return { perplexity, close: () => python.close() };
  });
}
