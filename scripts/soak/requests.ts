/**
 * `deno task soak requests [--count N] [--runtime NAME]`: the service on Deno, Node and Bun, loopback: answers a second and
 * their times over 1, 8 and 64 connections; its memory over 20,000 requests; and after one of 16 MB, at work and idle.
 * Linux: memory is read from /proc.
 */

import { parseArgs } from "node:util";
import { serializeSafetensors } from "../../formats/safetensors.ts";
import { type Matrix, matrix } from "../../mod.ts";
import { createRandom } from "../../solvers/core/random.ts";
import { load, type LoadReport } from "./load.ts";
import { findProgram, type ProcessRuntime, processRuntimes } from "./programs.ts";

const idleMs = 2000;
/** How much the service may grow from the end of the first tenth of the requests on, and keep when it is idle. */
const mostGrowth = 64 * 2 ** 20, mostKept = 256 * 2 ** 20;

/** Whether memory stays flat and comes back, and nothing fails. */
export async function requests(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: { count: { type: "string", default: "20000" }, runtime: { type: "string" } },
  });
  const count = Number(values.count);
  let good = true;
  for (const runtime of processRuntimes) {
    if (values.runtime !== undefined && values.runtime !== runtime) continue;
    await using service = await startService(runtime);
    good &&= await loads(service) && await staysFlat(service, count) && await givesBack(service);
  }
  return good;
}

interface Service extends AsyncDisposable {
  readonly runtime: ProcessRuntime;
  readonly port: number;
  /** Resident memory in bytes. */
  memory(): number;
}

async function startService(runtime: ProcessRuntime): Promise<Service> {
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

/** A layer of about a millisecond. */
const small = JSON.stringify({
  weights: [[0.3, -0.7, 0.2], [0.1, 0.5, -0.4]],
  gram: [[2, 1, 0], [1, 2, 1], [0, 1, 2]],
  options: { bits: 3, method: "quantease", iterations: 4 },
});

async function loads({ runtime, port }: Service): Promise<boolean> {
  await load(port, small, { connections: 8, count: 500 });
  let good = true;
  for (const connections of [1, 8, 64]) {
    const report = await load(port, small, { connections, count: 1000 * Math.min(connections, 4) });
    console.log(`${runtime}: ${String(connections).padStart(2)} connections: ${said(report)}`);
    good &&= Object.keys(report.statuses).every((status) => status === "200");
  }
  return good;
}

function said({ statuses, seconds, times }: LoadReport): string {
  const at = (share: number) => `${times[Math.floor(share * (times.length - 1))]?.toFixed(1)} ms`;
  const others = Object.entries(statuses).filter(([status]) => status !== "200").map(([status, n]) =>
    `, ${n} x ${status}`
  );
  return `${(times.length / seconds).toFixed(0)} answers/s, median ${at(0.5)}, p99 ${at(0.99)}${others.join("")}`;
}

async function staysFlat({ runtime, port, memory }: Service, count: number): Promise<boolean> {
  const figures: number[] = [];
  for (let part = 0; part < 10; part++) {
    await load(port, small, { connections: 8, count: count / 10 });
    figures.push(memory());
  }
  console.log(`${runtime}: MiB after each tenth of ${count} requests: ${figures.map(mebibytes).join(" ")}`);
  // The first tenth compiles; a collector may be anywhere between two collections.
  return Math.min(...figures.slice(-3)) - Math.max(...figures.slice(0, 3)) < mostGrowth;
}

async function givesBack({ runtime, port, memory }: Service): Promise<boolean> {
  const before = memory();
  const { weights, gram } = largeLayer();
  const body = serializeSafetensors({ weights, gram }, { options: JSON.stringify({ method: "gptq" }) });
  let most = 0;
  const watch = setInterval(() => most = Math.max(most, memory()), 20);
  const response = await fetch(`http://127.0.0.1:${port}/v1/quantize-layer`, {
    method: "POST",
    headers: { "content-type": "application/vnd.safetensors", connection: "close" },
    body,
  });
  await response.arrayBuffer();
  clearInterval(watch);
  await new Promise((resolve) => setTimeout(resolve, 2 * idleMs + 2000));
  const after = memory();
  console.log(
    `${runtime}: one request of ${mebibytes(body.length)} MiB, status ${response.status}: ${
      mebibytes(before)
    } MiB before, ` +
      `${mebibytes(most)} at most, ${mebibytes(after)} idle`,
  );
  return response.status === 200 && after - before < mostKept;
}

/** 16 MiB of weights and Gram matrix, whose inputs have something in common. */
function largeLayer(): { weights: Matrix; gram: Matrix } {
  const rows = 1707, columns = 1365, random = createRandom(7);
  const weights = matrix(rows, columns, Float32Array.from({ length: rows * columns }, () => random.normal()));
  const gram = matrix(columns, columns, new Float32Array(columns * columns).fill(0.3));
  for (let i = 0; i < columns; i++) gram.data[i * (columns + 1)] = 1 + random.uniform();
  return { weights, gram };
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0);
}
