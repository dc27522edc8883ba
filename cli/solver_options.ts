import type { ProgressEvent, SolveOptions } from "../mod.ts";
import type { OptionTable, OptionValues } from "./command.ts";
import type { Terminal } from "./terminal.ts";

/** Options that every solver has. */
export const solverOptions = {
  backend: { kind: "text", value: "NAME", about: "auto, reference, wasm, threads or webgpu (default: auto)" },
  threads: { kind: "number", value: "COUNT", about: "most threads to use (default: all processors)" },
  "time-limit": { kind: "number", value: "SECONDS", about: "stop then, with the best answer so far" },
  seed: { kind: "number", value: "NUMBER", about: "seed of the random generator (default: 0)" },
  json: { kind: "flag", about: "report as JSON" },
} as const satisfies OptionTable;

/** Their values as the library takes them; the solver checks them. */
export function solveOptions(
  options: OptionValues<typeof solverOptions>,
): Pick<SolveOptions, "backend" | "threads" | "timeLimitMs" | "seed"> {
  const seconds = options["time-limit"];
  return {
    backend: options.backend as SolveOptions["backend"],
    threads: options.threads,
    timeLimitMs: seconds === undefined ? undefined : seconds * 1000,
    seed: options.seed,
  };
}

/** How a solver is watched and stopped. */
export function underWatch(
  terminal: Terminal,
  signal: AbortSignal,
): { readonly signal: AbortSignal; readonly onProgress: (event: ProgressEvent) => void } {
  return { signal, onProgress: (event) => terminal.progress.show("", event) };
}
