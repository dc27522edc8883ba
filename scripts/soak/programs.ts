/** Programs of this project in Deno, Node and Bun. */

import { stop } from "esbuild";
import { bundleForProcesses } from "../test/bundle.ts";
import { findBunCommand, findNode } from "../test/processes.ts";
import { findCommand } from "../test/runner.ts";

/** Runtimes that run programs. */
export const processRuntimes = ["deno", "node", "bun"] as const;

/** One of them. */
export type ProcessRuntime = (typeof processRuntimes)[number];

/** How a program is started. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
}

/** How a file of this project is run: in Node bundled, because it reads no TypeScript. */
export async function findProgram(runtime: ProcessRuntime, file: string): Promise<Program> {
  if (runtime === "deno") return { command: Deno.execPath(), args: ["run", "-A", "--quiet", "--no-check", file] };
  if (runtime === "bun") {
    const bun = await findBunCommand();
    if (!bun) throw new Error("Bun is not here.");
    return { command: bun.command, args: ["run", file] };
  }
  const node = await findNode(), found = await findCommand("node");
  if (typeof node === "string") throw new Error(node);
  const { directory, outputs } = await bundleForProcesses(`program-${file.replaceAll(/\W/g, "-")}`, [file]);
  await stop();
  return { command: found!.command, args: [`./${directory}/${outputs.get(file)!}`] };
}
