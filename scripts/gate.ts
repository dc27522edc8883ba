/**
 * `deno task gate`: all that is checked without running the tests. Every step runs, so that one pass shows all there is
 * to mend; the exit status tells whether there is anything.
 */

import { staleFiles } from "./generated.ts";
import { isAssembly, sourceFiles } from "./sources.ts";

interface Step {
  readonly name: string;
  /** Throws, with what is wrong as its message. */
  run(): Promise<void>;
}

const files = sourceFiles();
const generated = (path: string) => path.includes("/dist/");
const scripts = files.filter((path) => path.endsWith(".ts") && !path.endsWith(".d.ts") && !isAssembly(path));
/** The modules that a page may load. */
const portable = ["mod.ts", ...scripts.filter(isPage)];
/** What a published package offers. */
const entries = Object.values<string>(JSON.parse(Deno.readTextFileSync("deno.json")).exports);
const withExamples = files.filter((path) =>
  (path.endsWith(".md") || scripts.includes(path) && !path.startsWith("tests/")) && !generated(path) &&
  /^\s*(\* )?```(ts|js)$/m.test(Deno.readTextFileSync(path))
);

const steps: readonly Step[] = [
  { name: "generated files are fresh", run: generatedFilesAreFresh },
  { name: "format", run: () => deno("fmt", "--check") },
  { name: "lint", run: () => deno("lint") },
  { name: "types", run: () => deno("check", ...scripts.filter((path) => !isPage(path))) },
  { name: "types in a page", run: () => deno("check", "--config", "deno.browser.json", ...portable) },
  { name: "architecture", run: () => deno("test", "-A", "tests/architecture") },
  { name: "documentation", run: () => deno("doc", "--lint", ...entries) },
  { name: "publishable", run: () => deno("publish", "--dry-run", "--allow-dirty") },
  { name: `examples in ${withExamples.length} files`, run: () => deno("test", "-A", "--doc", ...withExamples) },
];

let failures = 0;
for (const { name, run } of steps) {
  const started = performance.now();
  const problem = await run().then(() => undefined, (error: Error) => error.message);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`${problem === undefined ? "ok    " : "FAILED"} ${name} (${seconds} s)`);
  if (problem !== undefined) {
    failures++;
    console.log(problem.replace(/^/gm, "  "));
  }
}
const long = scripts.filter((path) => !generated(path)).map((path) => ({ path, lines: linesOf(path) }));
for (const { path, lines } of long.filter(({ lines }) => lines > 300)) console.log(`note   ${path} has ${lines} lines`);
if (failures > 0) Deno.exit(1);

async function deno(...args: string[]): Promise<void> {
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args,
    // No example needs a device, and Deno 2.9 crashes in one of forty runs when it frees what it has of one.
    env: { NO_COLOR: "1", DENO_WEBGPU_BACKEND: "none" },
    stdin: "null",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr));
}

async function generatedFilesAreFresh(): Promise<void> {
  const stale = await staleFiles();
  if (stale.length > 0) {
    throw new Error(`These were not what their sources make; commit them as they are now:\n${stale.join("\n")}`);
  }
}

/** Whether a module belongs to the playground, and so to the page's globals. */
function isPage(path: string): boolean {
  return path.startsWith("server/playground/");
}

function linesOf(path: string): number {
  return Deno.readTextFileSync(path).split("\n").length - 1;
}
