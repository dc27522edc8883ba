/** Program: how much memory a layer takes, inputs included. Runs where `/proc/self/status` tells. */

import { readFileSync } from "node:fs";
import { quantizeLayer } from "../../mod.ts";
import { syntheticLayer } from "../data.ts";
import type { ProgramInput } from "./bundle.ts";

/** Bytes. */
export interface LayerMemory {
  readonly size: number;
  /** Weights and Gram matrix. */
  readonly inputs: number;
  /** Growth of the peak of resident memory from before the inputs to after the solve. */
  readonly growth: number;
}

/** The program by QuantEase. */
export function main(input: ProgramInput): Promise<LayerMemory> {
  return measure("quantease", input);
}

/** Quantises a small layer, so that everything is loaded, then a large one. */
export async function measure(method: "quantease" | "auto", { quick }: ProgramInput): Promise<LayerMemory> {
  const size = quick ? 512 : 4096;
  await quantize(64, method);
  const before = resident("VmRSS");
  await quantize(size, method);
  return { size, inputs: 2 * size ** 2 * 4, growth: resident("VmHWM") - before };
}

async function quantize(size: number, method: "quantease" | "auto"): Promise<void> {
  const { weights, gram } = syntheticLayer(size, size, 1);
  const { relativeError } = await quantizeLayer({ data: weights, shape: [size, size] }, {
    data: gram,
    shape: [size, size],
  }, { bits: 3, method, iterations: 6, backend: "wasm", threads: 1 });
  if (!(relativeError < 1)) throw new Error(`The relative error is ${relativeError}.`);
}

function resident(field: string): number {
  const line = readFileSync("/proc/self/status", "utf8").split("\n").find((text) => text.startsWith(`${field}:`));
  if (line === undefined) throw new Error(`/proc/self/status has no ${field}.`);
  return Number(/\d+/.exec(line)![0]) * 1024;
}
