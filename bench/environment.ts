/** What a result depends on beside the code: processor, runtimes, revision, date. */

import { readFileSync } from "node:fs";
import os from "node:os";
import process from "node:process";

/** The environment that made a result. */
export interface Environment {
  readonly processor: string;
  readonly cores: number;
  /** Widest vectors of the processor that native peers use. */
  readonly vectors: string;
  readonly memoryGiB: number;
  readonly system: string;
  readonly deno: string;
  readonly v8: string;
  /** Revision of the sources; ends in `+` when the tree had changes outside `bench/results`. */
  readonly revision: string;
  readonly date: string;
}

/** Feature flags of the processor, where Linux tells them. */
export function cpuFlags(): ReadonlySet<string> {
  try {
    const line = readFileSync("/proc/cpuinfo", "utf8").split("\n").find((text) => text.startsWith("flags"));
    return new Set(line?.split(":")[1].trim().split(" "));
  } catch {
    return new Set();
  }
}

/** Describes where this process runs. */
export function environment(): Environment {
  const flags = cpuFlags();
  const processors = os.cpus();
  return {
    processor: processors[0]?.model ?? "unknown",
    cores: processors.length,
    vectors: flags.has("avx512f") ? "AVX-512" : flags.has("avx2") ? "AVX2" : flags.has("sse4_2") ? "SSE4.2" : os.arch(),
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    system: `${os.type()} ${os.arch()}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    revision: revision(),
    date: new Date().toISOString().slice(0, 10),
  };
}

function git(...args: string[]): string {
  const { success, stdout } = new Deno.Command("git", { args, cwd: new URL(".", import.meta.url).pathname })
    .outputSync();
  return success ? new TextDecoder().decode(stdout).trim() : "";
}

function revision(): string {
  const commit = git("rev-parse", "--short", "HEAD");
  if (commit === "") return process.env.MINIMA_REVISION ?? "unknown";
  const changed = git("status", "--porcelain", "--", ":/", ":(exclude,top)bench/results") !== "";
  return changed ? `${commit}+` : commit;
}
