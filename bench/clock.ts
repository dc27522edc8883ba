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
