/** Runs a program of a few lines over the library in a process of its own, in the runtime that runs the tests. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

/** Folder of the project. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));
const run = promisify(execFile);

/** What a program printed. @throws when it fails, or has not ended by itself after `limitMs` */
export async function runProgram(source: string, limitMs = 60_000): Promise<string> {
  await mkdir(join(root, "build/tests"), { recursive: true });
  const folder = await mkdtemp(join(root, "build/tests/program-"));
  try {
    let file = join(folder, "program.ts");
    await writeFile(file, source.replaceAll('from "@minima/minima"', `from ${JSON.stringify(join(root, "mod.ts"))}`));
    if (!process.versions.deno && !process.versions.bun) {
      const bundle = join(folder, "program.mjs");
      await run(process.execPath, [
        join(root, "node_modules/esbuild/bin/esbuild"),
        file,
        "--bundle",
        "--platform=node",
        "--format=esm",
        `--outfile=${bundle}`,
        "--log-level=error",
      ]);
      file = bundle;
    }
    const before = process.versions.deno ? ["run", "--no-check", "-A"] : [];
    // A program that does not end is killed, and the promise rejects.
    return (await run(process.execPath, [...before, file], { timeout: limitMs, killSignal: "SIGKILL" })).stdout;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
