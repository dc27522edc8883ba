/** Program: memory and time of quantising a model, and of each of its blocks. Runs where `/proc/self/status` tells. */

import { loadModel, quantizeModel, saveSafetensors } from "../../mod.ts";
import type { ProgramInput } from "./bundle.ts";
import { resident } from "./resident.ts";

/** What the program is told, as JSON in place of a variant's name. */
export interface BlocksRequest {
  /** The folder of a model without a tokenizer. */
  readonly folder: string;
  readonly threads: number;
  /** Tokens of the calibration, a sequence each. */
  readonly calibration: readonly (readonly number[])[];
  /** Blocks to stop behind; the model is saved where it gets to its end. */
  readonly blocks: number;
  /** Where it is saved. */
  readonly out: string;
}

/** Seconds, and the growth of the peak of resident memory since before the model was opened, in bytes. */
export interface Measured {
  readonly seconds: number;
  /** Of all threads. */
  readonly cpuSeconds: number;
  /** The share of the seconds that forward passes and Gram matrices take. */
  readonly forward: number;
  readonly growth: number;
}

/** What is measured of each block, and of everything from the files to the checkpoint. */
export interface BlocksMeasured {
  readonly blocks: readonly Measured[];
  readonly whole: Measured;
}

/** Quantises the model at 3 bits. */
export async function main({ variant }: ProgramInput): Promise<BlocksMeasured> {
  const { folder, threads, calibration, blocks: most, out }: BlocksRequest = JSON.parse(variant!);
  const before = resident("VmRSS"), blocks: Measured[] = [], stop = new AbortController();
  let forward = 0, last = performance.now();
  const stopwatch = () => {
    const wall = performance.now(), cpu = process.cpuUsage(), passed = forward;
    return (): Measured => {
      const { user, system } = process.cpuUsage(cpu), seconds = (performance.now() - wall) / 1000;
      const share = (forward - passed) / 1000 / seconds;
      return { seconds, cpuSeconds: (user + system) / 1e6, forward: share, growth: resident("VmHWM") - before };
    };
  };
  const whole = stopwatch();
  let block = stopwatch();
  const model = await loadModel(folder);
  try {
    const quantized = await quantizeModel(model, {
      calibration: calibration.map((tokens) => Uint32Array.from(tokens)),
      bits: 3,
      threads,
      signal: stop.signal,
      onProgress({ stage }) {
        const now = performance.now();
        if (stage.startsWith("forward")) forward += now - last;
        last = now;
      },
      // Where blocks are kept when they are done; here it is told how long each took.
      resume: {
        read: () => Promise.resolve(undefined),
        write() {
          blocks.push(block());
          block = stopwatch();
          if (blocks.length === most && most < model.architecture.blocks) stop.abort(new Error("enough"));
          return Promise.resolve();
        },
      },
    });
    await saveSafetensors(quantized, out);
  } catch (error) {
    if (!stop.signal.aborted) throw error;
  }
  return { blocks, whole: whole() };
}
