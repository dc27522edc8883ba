/**
 * Races: several ways of doing the same work, measured turn by turn.
 *
 * On a machine that others use too, the rate of a core moves by the minute. So the contenders take turns (each round
 * runs every contender once), each sample is long against the resolution of the clock, the minimum over the rounds
 * stands for what the machine can do, and what is compared is the ratio within one race.
 */

import { bestClock, type ClockName, resolution, seconds } from "./clock.ts";

/** One way of doing the work. */
export interface Contender {
  readonly name: string;
  /** Does the work once. */
  run(): unknown;
  /** `run` answers with the CPU seconds that it took in another process. @default false */
  readonly selfTimed?: boolean;
  /** Work of one run, in units of 10^9 (floating-point operations, bytes); without it no rate is told. */
  readonly work?: number;
}

/** How long to measure. */
export interface RaceOptions {
  /** Turns of each contender. @default 15 */
  readonly rounds?: number;
  /**
   * Shortest sample in seconds; quicker work is repeated within a sample. The clock's resolution makes it longer where
   * it is coarse. @default 0.03
   */
  readonly sampleSeconds?: number;
  /** Contenders that need more than this for one run, in seconds, take three turns only. @default 1 */
  readonly slowSeconds?: number;
  /** Rounds end early after this much wall-clock time, in seconds, but never before three. @default 60 */
  readonly budgetSeconds?: number;
  /** CPU time adds threads up, wall-clock time does not. @default CPU time where the runtime tells it */
  readonly clock?: ClockName;
  /** Called after each round. */
  readonly onRound?: (round: number, rounds: number) => void;
}

/** What a race found out about one contender. */
export interface Measurement {
  readonly name: string;
  readonly clock: ClockName;
  /** Number of samples. */
  readonly samples: number;
  /** Least seconds of one run. */
  readonly minimum: number;
  /** Median seconds of one run. */
  readonly median: number;
  /** `work / minimum`: GFLOP/s or GB/s. */
  readonly rate?: number;
}

interface Lane {
  readonly contender: Contender;
  readonly samples: number[];
  readonly repeats: number;
}

/** Seconds of one run, averaged over `repeats` runs. */
async function sample({ run, selfTimed }: Contender, repeats: number, clock: ClockName): Promise<number> {
  let told = 0;
  const begin = seconds(clock);
  for (let i = 0; i < repeats; i++) {
    const answer = await run();
    if (selfTimed) told += answer as number;
  }
  return (selfTimed ? told : seconds(clock) - begin) / repeats;
}

/** Middle value; the mean of the two middle ones when their number is even. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Measures all contenders in turns.
 *
 * Warming up ends when two runs in a row agree within a tenth, or after eight: engines compile hot code in the
 * background, so the first runs are slower.
 */
export async function race(contenders: readonly Contender[], options: RaceOptions = {}): Promise<Measurement[]> {
  const { rounds = 15, sampleSeconds = 0.03, slowSeconds = 1, budgetSeconds = 60, clock = bestClock, onRound } =
    options;
  const shortest = Math.max(sampleSeconds, 30 * resolution(clock));
  const lanes: Lane[] = [];
  for (const contender of contenders) {
    let previous = await sample(contender, 1, clock);
    let last = previous;
    for (let runs = 1; runs < 8; runs++) {
      last = await sample(contender, 1, clock);
      if (Math.abs(last - previous) <= 0.1 * last) break;
      previous = last;
    }
    const repeats = last > 0 ? Math.ceil(shortest / last) : 1000;
    lanes.push({ contender, samples: [], repeats: Math.min(repeats, 1000) });
  }

  const deadline = performance.now() + budgetSeconds * 1e3;
  for (let round = 1; round <= rounds; round++) {
    for (const { contender, samples, repeats } of lanes) {
      if (samples.length >= 3 && Math.min(...samples) > slowSeconds) continue;
      samples.push(await sample(contender, repeats, clock));
    }
    onRound?.(round, rounds);
    if (round >= 3 && performance.now() > deadline) break;
  }

  return lanes.map(({ contender: { name, work }, samples }) => {
    const minimum = Math.min(...samples);
    return {
      name,
      clock,
      samples: samples.length,
      minimum,
      median: median(samples),
      ...(work === undefined ? {} : { rate: work / minimum }),
    };
  });
}
