/** Runs the real command line in the runtime that runs the tests. */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { after } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What a run of the command left behind. */
export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for the files of a test file, removed when its tests are done. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "minima-"));
  after(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

let launcher: Promise<readonly string[]> | undefined;

/** How to run the command; all optional. */
export interface Circumstances {
  /** Sees the process and what it has written so far. */
  readonly watch?: (child: ChildProcess, stderr: string, stdout: string) => void;
  /** What comes from the standard input. */
  readonly input?: string | Uint8Array;
  /** Where it runs; the folder of the tests unless told otherwise. */
  readonly cwd?: string;
  /** Further environment variables. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** Runs `minima ...args`. */
export async function minima(
  args: readonly string[],
  { watch = () => {}, input, cwd, environment = {} }: Circumstances = {},
): Promise<Outcome> {
  const [program, ...before] = await (launcher ??= findLauncher());
  return await new Promise((resolve, reject) => {
    const child = spawn(program, [...before, ...args], { cwd, env: { ...process.env, NO_COLOR: "1", ...environment } });
    let stdout = "", stderr = "";
    // A command that refuses its options reads nothing.
    child.stdin.on("error", () => {});
    if (input !== undefined) child.stdin.end(input);
    child.stdout.on("data", (chunk) => watch(child, stderr, stdout += chunk));
    child.stderr.on("data", (chunk) => watch(child, stderr += chunk, stdout));
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, stdout, stderr }));
  });
}

/** Ctrl-C. `child.kill` would do, but Deno then tells of a death by signal, whatever the process made of it. */
export function pressControlC(child: ChildProcess): void {
  process.kill(child.pid!, "SIGINT");
}

/** Deno and Bun run the sources; Node runs them bundled. */
async function findLauncher(): Promise<readonly string[]> {
  if (process.versions.deno) return [process.execPath, "run", "-A", join(root, "cli.ts")];
  if (process.versions.bun) return [process.execPath, join(root, "cli.ts")];
  const folder = join(root, "build/tests/cli");
  await promisify(execFile)(process.execPath, [
    join(root, "node_modules/esbuild/bin/esbuild"),
    join(root, "cli.ts"),
    "--bundle",
    "--splitting",
    "--platform=node",
    "--format=esm",
    "--packages=external",
    `--outdir=${folder}`,
    "--out-extension:.js=.mjs",
    "--log-level=error",
  ]);
  return [process.execPath, join(folder, "cli.mjs")];
}

/** Runs `minima serve` until its health has been asked for, and presses Ctrl-C then. */
export async function serveOnce(): Promise<{ readonly outcome: Outcome; readonly health: unknown }> {
  let answer: Promise<unknown> | undefined;
  const outcome = await minima(["serve", "--port", "0"], {
    watch(child, _stderr, stdout) {
      const [address] = /http:\S+\n/.exec(stdout) ?? [];
      if (!address || answer) return;
      answer = fetch(new URL("healthz", address.trim())).then((response) => response.json())
        .finally(() => pressControlC(child));
    },
  });
  return { outcome, health: await answer };
}
