/** What every runtime's runner promises. */

import { existsSync } from "node:fs";
import type { TestOutcome } from "./report.ts";

/** What came of one runtime. */
export interface Run {
  readonly outcomes: readonly TestOutcome[];
  /** Shown when something failed. */
  readonly log: string;
  /** What to know though nothing failed. */
  readonly remarks?: readonly string[];
}

/** A runtime that was found. */
export interface Runtime {
  readonly version: string;
  /** Runs the test files; rejects when they cannot run at all. */
  run(files: readonly string[]): Promise<Run>;
}

/** Longest run of one runtime. */
export const runLimitMs = 20 * 60_000;

/** How a program ended, and its output in one string. */
export interface Execution {
  readonly success: boolean;
  /** What ended it, where it did not end by itself. */
  readonly signal: Deno.Signal | null;
  readonly output: string;
}

/** Runs a program to its end. */
export async function execute(
  command: string,
  args: readonly string[],
  env: Record<string, string> = {},
): Promise<Execution> {
  const { success, signal, stdout, stderr } = await new Deno.Command(command, {
    args: [...args],
    env: { NO_COLOR: "1", ...env },
    stdin: "null",
    signal: AbortSignal.timeout(runLimitMs),
  }).output();
  return { success, signal, output: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

/** The outcome of a test file that could not run. */
export function failure(file: string, detail: string): TestOutcome {
  return { name: `${file} does not run`, status: "failed", seconds: 0, detail };
}

/** What went wrong, test by test. */
export function logOf(outcomes: readonly TestOutcome[]): string {
  return outcomes.filter(({ status }) => status === "failed").map(({ name, detail }) => `${name}\n${detail}\n`).join(
    "\n",
  );
}

/** Path of a command: drivers of browsers want one. */
function locate(command: string): string {
  if (command.includes("/")) return command;
  const folders = (Deno.env.get("PATH") ?? "").split(Deno.build.os === "windows" ? ";" : ":");
  return folders.map((folder) => `${folder}/${command}`).find((path) => existsSync(path)) ?? command;
}

/** A program that was found. */
export interface Command {
  readonly command: string;
  readonly version: string;
}

/** The first of `commands` that answers `--version`, and its answer. */
export async function findCommand(
  ...commands: readonly string[]
): Promise<Command | undefined> {
  for (const command of commands) {
    try {
      const { success, output } = await execute(command, ["--version"]);
      const version = output.match(/\d+(\.\d+)+/)?.[0];
      if (success && version) return { command: locate(command), version };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }
  return undefined;
}
