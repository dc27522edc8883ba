/** Checkpoints in the Python libraries that they are written for; see `checkpoint_loaders.py`. */

import { openPeer } from "./peer.ts";
import { startPython } from "./python.ts";

/** What a library makes of a checkpoint. */
export interface LoadedCheckpoint {
  readonly versions: Readonly<Record<string, string>>;
  /** Classes of the quantised layers. */
  readonly kernels: readonly string[];
  /** Largest difference of a weight from the dense one, both rounded to the precision of the library. */
  readonly weightsOff: number;
  /** [tokens, vocabulary], flat. */
  readonly logits: readonly number[];
  /** Those of the dense model, in f32. */
  readonly logitsOfDense: readonly number[];
}

/** The libraries. */
export interface CheckpointLoaders {
  load(request: {
    readonly loader: "GPTQModel" | "transformers, GPTQ" | "transformers, compressed-tensors";
    readonly folder: string;
    readonly dense: string;
    readonly layers: readonly string[];
    readonly tokens: readonly number[];
  }): Promise<LoadedCheckpoint>;
  close(): void;
}

/** Starts Python; the reason where the libraries are missing. */
export function openCheckpointLoaders(): Promise<CheckpointLoaders | string> {
  return openPeer("GPTQModel and compressed-tensors", async () => {
    const python = startPython("checkpoint_loaders.py");
    await python.ask({ do: "ready" }).catch((error) => {
      python.close();
      throw error;
    });
    return { load: (request) => python.ask({ do: "load", ...request }), close: () => python.close() };
  });
}
