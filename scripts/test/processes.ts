/** Deno, Node and Bun: each runs the tests with its own test runner, and reports in JUnit's format. */

import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { bundleForProcesses } from "./bundle.ts";
import { parseJunit } from "./report.ts";
import { type Command, execute, findCommand, type Run, type Runtime } from "./runner.ts";

const reports = "build/tests";

/** Chromium's software adapter: Dawn, which is WebGPU in Node and Bun, does not take every version of Mesa's. */
const softwareAdapter = "/usr/lib/chromium/vk_swiftshader_icd.json";

/** The adapter for the package `webgpu`, unless the environment names one. */
function dawnEnvironment(): Record<string, string> {
  const named = ["VK_ICD_FILENAMES", "VK_DRIVER_FILES"].some((name) => Deno.env.get(name));
  return named || !existsSync(softwareAdapter) ? {} : { VK_ICD_FILENAMES: softwareAdapter };
}

/** This Deno. */
export function findDeno(): Promise<Runtime> {
  return Promise.resolve({
    version: Deno.version.deno,
    // The gate has checked the types.
    run: (files) =>
      junitRun(
        "deno",
        Deno.execPath(),
        (report) => ["test", "-A", "--no-check", "--parallel", `--junit-path=${report}`, ...files],
      ),
  });
}

/** Node 20 or later, from the path. */
export async function findNode(): Promise<Runtime | string> {
  const found = await findCommand("node");
  if (!found) return "no `node` on the path";
  if (parseInt(found.version) < 20) return `node ${found.version} is older than 20`;
  return {
    version: found.version,
    run: async (files) => {
      const bundled = await bundle("node", files);
      return junitRun("node", found.command, (report) => [
        "--test",
        `--test-concurrency=${navigator.hardwareConcurrency}`,
        "--enable-source-maps",
        "--test-reporter=spec",
        "--test-reporter-destination=stdout",
        "--test-reporter=junit",
        `--test-reporter-destination=${report}`,
        ...bundled,
      ], dawnEnvironment());
    },
  };
}

/** Bun, from its npm package or from the path: the package's own launcher wants install scripts. */
export async function findBun(): Promise<Runtime | string> {
  const found = await findBunCommand();
  if (!found) return "no `bun` in node_modules/@oven or on the path";
  return {
    version: found.version,
    run: async (files) => {
      const left = await bundle("bun", files), runs: Run[] = [], remarks: string[] = [];
      // A process for each file, as the other runners have it: what a test does to its process ends with the file.
      const take = async () => {
        for (let file = left.shift(); file; file = left.shift()) {
          const options = ["test", "--timeout=300000", "--reporter=junit"];
          const args = (report: string) => [...options, `--reporter-outfile=${report}`, file!];
          const run = () => junitRun(`bun-${left.length}`, found.command, args, dawnEnvironment());
          const first = await run();
          // Once in some hundred runs on a busy machine, native code of Dawn brings Bun down where a device was lost.
          if (first.crashed) remarks.push(`${file} brought Bun down, and was run once more`);
          runs.push(first.crashed ? await run() : first);
        }
      };
      await Promise.all(Array.from({ length: navigator.hardwareConcurrency }, take));
      return {
        outcomes: runs.flatMap(({ outcomes }) => outcomes),
        log: runs.map(({ log }) => log).join("\n"),
        remarks,
      };
    },
  };
}

/** The Bun to run. */
export function findBunCommand(): Promise<Command | undefined> {
  return findCommand(...bunPackages(), "bun");
}

function* bunPackages(): Generator<string> {
  try {
    for (const { name } of Deno.readDirSync("node_modules/@oven")) yield resolve(`node_modules/@oven/${name}/bin/bun`);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}

async function bundle(name: string, files: readonly string[]): Promise<string[]> {
  const { directory, outputs } = await bundleForProcesses(name, files);
  return [...outputs.values()].map((path) => `./${directory}/${path}`);
}

/** What the system sends to a program that breaks its rules, as native code may. */
const crashes: ReadonlySet<Deno.Signal> = new Set(["SIGABRT", "SIGBUS", "SIGILL", "SIGSEGV", "SIGTRAP"]);

async function junitRun(
  name: string,
  command: string,
  args: (report: string) => string[],
  env: Record<string, string> = {},
): Promise<Run & { readonly crashed: boolean }> {
  const report = `${reports}/${name}.xml`;
  await Deno.mkdir(reports, { recursive: true });
  await Deno.remove(report).catch(() => {});
  const { success, signal, output } = await execute(command, args(report), env);
  const outcomes = parseJunit(await Deno.readTextFile(report).catch(() => ""));
  const crashed = signal !== null && crashes.has(signal);
  // Deno 2.9 writes its report after the last test, and then, once in forty runs, crashes while it frees WebGPU
  // devices.
  const crashedAfterwards = name === "deno" && outcomes.length > 0 && crashed;
  if (!success && !crashedAfterwards && outcomes.every(({ status }) => status !== "failed")) {
    // A file that does not load, a crash, or the time limit.
    outcomes.push({ name: `${name} ended with an error`, status: "failed", seconds: 0 });
  }
  return { outcomes, log: output, crashed };
}
