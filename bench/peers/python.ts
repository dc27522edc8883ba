/**
 * A Python process that answers one JSON line for each JSON line, with OpenBLAS on one thread.
 *
 * OpenBLAS chooses its kernels by the processor's model number and takes models it does not know for old ones, so the
 * kernels are named by what the processor can do.
 */

import process from "node:process";
import { cpuFlags } from "../environment.ts";

/** A running script. */
export interface PythonScript {
  /** Sends a request and awaits the answer; an `error` in the answer is thrown. */
  ask<Answer>(request: Record<string, unknown>): Promise<Answer>;
  close(): void;
}

/** Kernels of OpenBLAS for this processor: AVX-512, AVX2 with fused multiply-add, or its own choice. */
export function openblasCore(): "SkylakeX" | "Haswell" | undefined {
  const flags = cpuFlags();
  if (["avx512f", "avx512dq", "avx512bw", "avx512vl", "avx512cd"].every((flag) => flags.has(flag))) return "SkylakeX";
  if (flags.has("avx2") && flags.has("fma")) return "Haswell";
}

/** Starts `script`, a file of this folder, with the interpreter in `MINIMA_PYTHON` or `/usr/bin/python3`. */
export function startPython(script: string): PythonScript {
  const core = openblasCore();
  const child = new Deno.Command(process.env.MINIMA_PYTHON ?? "/usr/bin/python3", {
    args: [new URL(script, import.meta.url).pathname],
    env: {
      OPENBLAS_NUM_THREADS: "1",
      OMP_NUM_THREADS: "1",
      ...(core ? { OPENBLAS_CORETYPE: core } : {}),
    },
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const writer = child.stdin.getWriter();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const errors = new Response(child.stderr).text();
  writer.closed.catch(() => {});
  let rest = "";

  async function line(): Promise<string> {
    while (!rest.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) throw new Error(`${script} ended early: ${(await errors).trim()}`);
      rest += value;
    }
    const end = rest.indexOf("\n");
    const text = rest.slice(0, end);
    rest = rest.slice(end + 1);
    return text;
  }

  return {
    async ask<Answer>(request: Record<string, unknown>) {
      // A script that has ended takes no request; its output says why.
      await writer.write(new TextEncoder().encode(JSON.stringify(request) + "\n")).catch(() => {});
      const answer = JSON.parse(await line()) as Answer & { error?: string };
      if (answer.error !== undefined) throw new Error(`${script}: ${answer.error}`);
      return answer;
    },
    close() {
      writer.close().catch(() => {});
    },
  };
}

/** Writes arrays to files that Python reads with `numpy.fromfile`; calls `use` and removes them. */
export async function withArrayFiles<T>(
  arrays: Record<string, Float32Array | Float64Array>,
  use: (paths: Record<string, string>) => Promise<T>,
): Promise<T> {
  const directory = await Deno.makeTempDir({ prefix: "minima-bench-" });
  try {
    const paths: Record<string, string> = {};
    for (const [name, { buffer, byteOffset, byteLength }] of Object.entries(arrays)) {
      paths[name] = `${directory}/${name}.bin`;
      await Deno.writeFile(paths[name], new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength));
    }
    return await use(paths);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}
