/** Program: how much memory a layer takes, inputs included. Runs where `/proc/self/status` tells. */

import { quantizeLayer, type QuantizeOptions } from "../../mod.ts";
import { syntheticLayer } from "../data.ts";
import type { ProgramInput } from "./bundle.ts";
import { resident } from "./resident.ts";

/** Bytes. */
export interface LayerMemory {
  readonly size: number;
  /** Weights and Gram matrix. */
  readonly inputs: number;
  /** Growth of the peak of resident memory from before the inputs to after the solve. */
  readonly growth: number;
}

/** Options by the name of the variant; each runs in its own process, for a peak is one of the whole process. */
const variants: Readonly<Record<string, QuantizeOptions>> = {
  "auto": {},
  "gptq": { method: "gptq" },
  "quantease": { method: "quantease" },
  "auto, 1 % outliers": { outliers: { fraction: 0.01 } },
};

/** Names of the variants. */
export const memoryVariants: readonly string[] = Object.keys(variants);

/** Quantises a small layer, so that everything is loaded, then a large one. */
export async function main({ quick, variant }: ProgramInput): Promise<LayerMemory> {
  const size = quick ? 512 : 4096;
  await quantize(64, variants[variant!]);
  const before = resident("VmRSS");
  await quantize(size, variants[variant!]);
  return { size, inputs: 2 * size ** 2 * 4, growth: resident("VmHWM") - before };
}

async function quantize(size: number, options: QuantizeOptions): Promise<void> {
  const { weights, gram } = syntheticLayer(size, size, 1);
  const { relativeError } = await quantizeLayer({ data: weights, shape: [size, size] }, {
    data: gram,
    shape: [size, size],
  }, { ...options, bits: 3, iterations: 6, backend: "wasm", threads: 1 });
  if (!(relativeError < 1)) throw new Error(`The relative error is ${relativeError}.`);
}
