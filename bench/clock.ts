/** The clock that measurements read. */

/** CPU time of this process, or wall-clock time where a runtime does not tell CPU time (browsers, workerd). */
export type ClockName = "cpu" | "wall";

interface Host {
  process?: { cpuUsage?: () => { user: number; system: number } };
  navigator?: { userAgent?: string };
}

const host = globalThis as unknown as Host;
const cpuUsage = host.navigator?.userAgent === "Cloudflare-Workers" ? undefined : host.process?.cpuUsage;

/** The best clock of this runtime. */
export const bestClock: ClockName = cpuUsage ? "cpu" : "wall";

/** A reading of a clock, in seconds; only differences mean something. */
export function seconds(clock: ClockName): number {
  if (clock === "wall" || cpuUsage === undefined) return performance.now() / 1e3;
  const { user, system } = cpuUsage();
  return (user + system) / 1e6;
}

/** The step of a clock, in seconds. */
export function resolution(clock: ClockName): number {
  let least = Infinity;
  for (let steps = 0; steps < 5; steps++) {
    const begin = seconds(clock);
    let now = begin;
    while (now === begin) now = seconds(clock);
    least = Math.min(least, now - begin);
  }
  return least;
}

/** CPU seconds of each thread of this process; nothing where the system does not tell them. */
async function threadSeconds(): Promise<ReadonlyMap<string, number> | undefined> {
  try {
    const { readdir, readFile } = await import("node:fs/promises"), folder = "/proc/self/task";
    const found = new Map<string, number>();
    for (const thread of await readdir(folder)) {
      found.set(thread, Number((await readFile(`${folder}/${thread}/schedstat`, "utf8")).split(" ")[0]) / 1e9);
    }
    return found;
  } catch {
    return undefined;
  }
}

/**
 * CPU seconds of the thread that works most while `work` runs: what it would take by the clock with a core a thread, also
 * where other work runs beside. Wall-clock seconds where the system does not tell.
 */
export async function busiestThreadSeconds(work: () => Promise<unknown>): Promise<number> {
  const before = await threadSeconds(), begun = seconds("wall");
  await work();
  const wall = seconds("wall") - begun, after = await threadSeconds();
  if (!before || !after) return wall;
  return Math.max(...Array.from(after, ([thread, now]) => now - (before.get(thread) ?? 0)));
}
