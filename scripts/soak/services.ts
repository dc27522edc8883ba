/** The service as a process of its own, and what large requests do to it. Linux: memory is read from /proc. */

import { serializeSafetensors } from "../../formats/safetensors.ts";
import { type Matrix, matrix } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { findProgram, type ProcessRuntime } from "./programs.ts";

/** How long its workers stay without work. */
export const idleMs = 2000;

/** The service, running on one of the runtimes. */
export interface Service extends AsyncDisposable {
  readonly runtime: ProcessRuntime;
  readonly port: number;
  /** Resident memory in bytes. */
  memory(): number;
}

/** Starts it. */
export async function startService(runtime: ProcessRuntime): Promise<Service> {
  const { command, args } = await findProgram(runtime, `server/entry/${runtime}.ts`);
  const child = new Deno.Command(command, {
    args: [...args],
    env: { PORT: "0", HOST: "127.0.0.1", MINIMA_IDLE_MS: String(idleMs) },
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  let text = "", port: string | undefined;
  while (!port) {
    const { done, value } = await reader.read();
    if (done) throw new Error(`The service on ${runtime} ended: ${text}`);
    text += value;
    port = /http:\S+:(\d+)\//.exec(text)?.[1];
  }
  return {
    runtime,
    port: Number(port),
    memory: () => 1024 * Number(/VmRSS:\s+(\d+)/.exec(Deno.readTextFileSync(`/proc/${child.pid}/status`))![1]),
    async [Symbol.asyncDispose]() {
      child.kill("SIGTERM");
      await reader.cancel();
      await child.status;
    },
  };
}

/** Random weights, and the Gram matrix of inputs that have something in common. */
export function largeLayer(rows: number, columns: number): { weights: Matrix; gram: Matrix } {
  const random = createRandom(7);
  const weights = matrix(rows, columns, Float32Array.from({ length: rows * columns }, () => random.normal()));
  const gram = matrix(columns, columns, new Float32Array(columns * columns).fill(0.3));
  for (let i = 0; i < columns; i++) gram.data[i * (columns + 1)] = 1 + random.uniform();
  return { weights, gram };
}

/** Sends a layer as safetensors; `most` is the memory of the service at its highest. */
export async function sendLayer(
  { port, memory }: Service,
  { weights, gram }: { weights: Matrix; gram: Matrix },
  options: object,
): Promise<{ status: number; bytes: number; most: number; answer: ArrayBuffer }> {
  const body = serializeSafetensors({ weights, gram }, { options: JSON.stringify(options) });
  let most = 0;
  const watch = setInterval(() => most = Math.max(most, memory()), 20);
  const type = "application/vnd.safetensors";
  const response = await fetch(`http://127.0.0.1:${port}/v1/quantize-layer`, {
    method: "POST",
    headers: { "content-type": type, accept: type, connection: "close" },
    body,
  });
  const answer = await response.arrayBuffer();
  clearInterval(watch);
  return { status: response.status, bytes: body.length, most, answer };
}

/** Bytes as whole mebibytes. */
export function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
