/**
 * `deno task soak requests [--count N] [--runtime NAME]`: the service on Deno, Node and Bun, loopback: answers a second and
 * their times over 1, 8 and 64 connections; its memory over 20,000 requests; and after one of 16 MB, at work and idle.
 * Linux: memory is read from /proc.
 */

import { parseArgs } from "node:util";
import { load, type LoadReport } from "./load.ts";
import { processRuntimes } from "./programs.ts";
import { idleMs, largeLayer, mebibytes, sendLayer, type Service, startService } from "./services.ts";

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

async function givesBack(service: Service): Promise<boolean> {
  const { runtime, memory } = service, before = memory();
  const { status, bytes, most } = await sendLayer(service, largeLayer(1707, 1365), { method: "gptq" });
  const idle: number[] = [];
  for (let turn = 0; turn < 5; turn++) {
    await new Promise((resolve) => setTimeout(resolve, 2 * idleMs));
    idle.push(memory());
  }
  console.log(
    `${runtime}: one request of ${mebibytes(bytes)} MiB, status ${status}: ${mebibytes(before)} MiB before, ` +
      `${mebibytes(most)} at most, idle ${idle.map(mebibytes).join(" ")} after each ${2 * idleMs / 1000} s`,
  );
  return status === 200 && Math.min(...idle) - before < mostKept;
}
