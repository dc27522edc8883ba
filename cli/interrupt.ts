import type process from "node:process";

/** Ctrl-C: the reason with which the signal of a command is aborted. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
}

/** Turns the first Ctrl-C into an abort; the second ends the process at once. */
export function onInterrupt(host: typeof process): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) host.exit(130);
    controller.abort(new Interrupted("interrupted"));
  };
  host.on("SIGINT", interrupt);
  return { signal: controller.signal, release: () => void host.off("SIGINT", interrupt) };
}
