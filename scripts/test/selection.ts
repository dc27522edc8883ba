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

/** Whether the runtime's own test runner takes the files, several at a time. */
export function isProcess(runtime: RuntimeName): boolean {
  return processes.includes(runtime);
}

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

/**
 * Folders that run in full in Deno alone, unless everything is asked for: what they prove are properties of algorithms,
 * written once over kernels whose conformance is seen everywhere. Other runtimes see each solver and command in
 * `smoke`.
 */
const onceOnly = ["solvers", "models", "cli"];

/** Files of those folders about what differs from runtime to runtime. */
const everywhere = ["tests/solvers/quantization/webgpu.test.ts"];

/** Folders that a page without isolation repeats: all that depends on where memory and threads come from. */
const withoutIsolation = ["conformance", "engine", "smoke"];

/** What is known of a file and asked of a run. */
export interface Circumstances {
  /** What the file needs of Node. */
  readonly nodeImport?: string;
  /** Run also what other runtimes see in brief. @default false */
  readonly everything?: boolean;
}

/** Why a test file does not run in a runtime, or `undefined` where it does. */
export function leftOut(
  file: string,
  runtime: RuntimeName,
  { nodeImport, everything = false }: Circumstances = {},
): string | undefined {
  const [, folder, name] = file.split("/");
  // The smoke test of an interface runs where the interface does.
  const place = folder === "smoke" ? name.replace(".test.ts", "") : folder;
  if (folders[place] && !folders[place].includes(runtime)) {
    return `tests/${place} runs under ${folders[place].join(", ")}`;
  }
  if (!everything && runtime !== "deno" && onceOnly.includes(folder) && !everywhere.includes(file)) {
    return `tests/{${onceOnly}} in full under deno alone; --everything runs them here`;
  }
  if (isProcess(runtime)) return undefined;
  if (nodeImport) return `imports ${nodeImport}`;
  if (runtime.endsWith("not isolated") && !withoutIsolation.includes(folder)) {
    return `without isolation only tests/{${withoutIsolation}}`;
  }
  return undefined;
}
