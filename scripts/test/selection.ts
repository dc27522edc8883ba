/** Which test files run where. */

/** A way to run the tests; browsers count twice, because a page that is not cross-origin isolated has no threads. */
export const runtimeNames = [
  "deno",
  "node",
  "bun",
  "workerd",
  "chromium",
  "chromium, not isolated",
  "firefox",
  "firefox, not isolated",
] as const;

/** One of {@linkcode runtimeNames}. */
export type RuntimeName = (typeof runtimeNames)[number];

const processes: readonly RuntimeName[] = ["deno", "node", "bun"];

/** Folders of `tests/` that do not run everywhere. */
const folders: { readonly [folder: string]: readonly RuntimeName[] } = {
  // The rules of the architecture and the packed package are about files, not about a runtime.
  architecture: ["deno"],
  package: ["deno"],
  // Drives browsers from outside.
  page: ["deno"],
  // The helpers of the benchmarks: what they simulate is the same everywhere.
  bench: ["deno"],
  server: [...processes, "workerd"],
  cli: processes,
};

/** Folders that a page without isolation repeats: all that depends on how memory and threads are had. */
const withoutIsolation = ["conformance", "engine"];

/** Why a test file does not run in a runtime, or `undefined` where it does. `nodeImport` is what it needs of Node. */
export function leftOut(file: string, runtime: RuntimeName, nodeImport?: string): string | undefined {
  const folder = file.split("/")[1];
  if (folders[folder] && !folders[folder].includes(runtime)) {
    return `tests/${folder} runs under ${folders[folder].join(", ")}`;
  }
  if (processes.includes(runtime)) return undefined;
  if (nodeImport) return `imports ${nodeImport}`;
  if (runtime.endsWith("not isolated") && !withoutIsolation.includes(folder)) {
    return `without isolation only tests/{${withoutIsolation}}`;
  }
  return undefined;
}
