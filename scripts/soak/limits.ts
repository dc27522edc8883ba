/**
 * `deno task soak limits [--subject NAME] [--limit MS] [--most MS] [--small]`: asks every public solver to stop after 50 ms,
 * by its time limit and by its signal, on data of several sizes, and measures how much longer it takes. The exit status
 * says whether any took longer than `--most` (100 ms): the least of three calls counts, in CPU time, so that other work on
 * the machine does not.
 */

import { parseArgs } from "node:util";
import { dispose, type SolveOptions } from "../../mod.ts";
import { seconds } from "../../bench/clock.ts";
import { subjects } from "../../tests/support/subjects.ts";

/** Calls of which the least counts: the first compiles. */
const rounds = 3;

type Call = (options: SolveOptions) => Promise<unknown>;

interface Stop {
  /** Milliseconds of CPU time beyond the limit, by which it was exceeded. */
  readonly cpuMs: number;
  /** The same by the clock on the wall. */
  readonly wallMs: number;
  /** Longest time between two checkpoints, of the CPU. */
  readonly silenceMs: number;
  readonly stage: string;
}

/** One call that is told to stop. */
async function stopped(call: Call, by: "limit" | "signal", limitMs: number): Promise<Stop> {
  const controller = new AbortController(), reason = new Error("stop");
  const began = performance.now(), cpu = () => 1e3 * seconds("cpu"), cpuBegan = cpu();
  let last = cpuBegan, silenceMs = 0, stage = "start", lastStage = "start", atLimit: number | undefined;
  const note = (next: string) => {
    const now = cpu();
    if (now - last > silenceMs) {
      silenceMs = now - last;
      stage = `${lastStage} to ${next}`;
    }
    // Until the limit has passed, what has been computed is no delay.
    if (atLimit === undefined && performance.now() - began >= limitMs) atLimit = Math.max(last, cpuBegan + limitMs);
    last = now;
    lastStage = next;
  };
  const timer = by === "signal" ? setTimeout(() => controller.abort(reason), limitMs) : undefined;
  const options: SolveOptions = {
    threads: 1,
    signal: controller.signal,
    onProgress: (event) => note(event.stage),
    ...by === "limit" && { timeLimitMs: limitMs },
  };
  try {
    await call(options);
  } catch (error) {
    if (error !== reason) throw error;
  } finally {
    clearTimeout(timer);
  }
  note("end");
  const cpuMs = atLimit === undefined ? 0 : cpu() - atLimit;
  return { cpuMs, wallMs: Math.max(0, performance.now() - began - limitMs), silenceMs, stage };
}

/** Whether every solver stops in time. */
export async function limits(args: readonly string[]): Promise<boolean> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      subject: { type: "string" },
      limit: { type: "string", default: "50" },
      most: { type: "string", default: "100" },
      small: { type: "boolean", default: false },
    },
  });
  const limitMs = Number(values.limit), mostMs = Number(values.most);
  const chosen = Object.entries(subjects).filter(([name]) => values.subject === undefined || name === values.subject);
  if (chosen.length === 0 || !(limitMs >= 0) || !(mostMs > 0)) {
    console.error(
      `usage: deno task soak limits [--limit MS] [--most MS] [--small] [--subject ${Object.keys(subjects).join("|")}]`,
    );
    return false;
  }

  let late = 0;
  console.log(
    `ms beyond a limit of ${limitMs}: by CPU time, by the clock; the longest silence between two checkpoints`,
  );
  for (const [solver, { stops, untimed = false }] of chosen) {
    for (const { name, sizes, prepare, leastMs } of stops) {
      for (const [rows, columns] of values.small ? sizes.slice(0, 1) : sizes) {
        const call = prepare(rows, columns);
        for (const by of untimed ? ["signal"] as const : ["limit", "signal"] as const) {
          let best: Stop | undefined;
          for (let round = 0; round < rounds; round++) {
            const stop = await stopped(call, by, limitMs);
            if (!best || stop.cpuMs < best.cpuMs) best = stop;
          }
          const { cpuMs, wallMs, silenceMs, stage } = best!, least = leastMs?.(rows, columns) ?? 0;
          const isLate = cpuMs > mostMs + (by === "limit" ? least : 0);
          if (isLate) late++;
          const figures = [cpuMs, wallMs, silenceMs].map((ms) => ms.toFixed(0).padStart(6)).join(" ");
          const what = `${solver}, ${name}, ${rows} x ${columns}, by ${by}`;
          console.log(`${isLate ? "LATE" : "    "} ${figures}  ${what.padEnd(70)} ${stage}`);
        }
      }
    }
  }
  await dispose();
  console.log(late === 0 ? `none is later than ${mostMs} ms` : `${late} are later than ${mostMs} ms`);
  return late === 0;
}
