/** Memory of this process, as Linux tells it. @module */

import { readFileSync } from "node:fs";

/** Bytes of a field of `/proc/self/status`: `VmRSS` now, `VmHWM` at most. */
export function resident(field: string): number {
  const line = readFileSync("/proc/self/status", "utf8").split("\n").find((text) => text.startsWith(`${field}:`));
  if (line === undefined) throw new Error(`/proc/self/status has no ${field}.`);
  return Number(/\d+/.exec(line)![0]) * 1024;
}
