import { DataError, OptionError } from "../core/errors.ts";
import { createRandom, type Random } from "../core/random.ts";
import { counted } from "../core/shown.ts";

/** How samples are divided. */
export interface FoldOptions {
  /** Five, or as many as there are units, where it is left out. */
  readonly folds?: number;
  readonly repeats: number;
  readonly foldOf?: Uint32Array;
  /** What callers call it. @default "foldOf" */
  readonly nameOfFolds?: string;
  readonly groups?: Uint32Array;
  readonly seed: number;
}

/** Folds, of which the rows are drawn when they are asked for: there may be many. */
export interface Folds {
  /** Of all repeats together. */
  readonly count: number;
  /** The rows that each fold holds out, repeat after repeat; the same whenever it is called. */
  rows(): Iterable<number[]>;
}

/** The rows that each fold holds out, repeat after repeat. */
export function drawFolds(samples: number, options: FoldOptions): number[][] {
  return [...planFolds(samples, options).rows()];
}

/** The same folds, none of them drawn yet. */
export function planFolds(samples: number, options: FoldOptions): Folds {
  const { folds: wanted, repeats, foldOf, groups, seed } = options;
  if (foldOf) {
    const held = givenFolds(samples, foldOf, options);
    return { count: held.length, rows: () => held };
  }
  if (groups) checkLength("groups", groups, samples);
  // Rows without groups are units by themselves.
  const units = groups && unitsOf(samples, groups), count = units?.length ?? samples;
  if (units && count < 2) {
    throw new OptionError("groups", `Cannot use "groups": expected two at least, received ${count}.`);
  }
  const folds = foldCount(wanted, count, units ? "groups" : "samples");
  return {
    count: folds * repeats,
    *rows() {
      const random = createRandom(seed);
      for (let repeat = 0; repeat < repeats; repeat++) {
        const order = shuffled(count, random);
        for (let fold = 0; fold < folds; fold++) {
          const drawn = order.subarray(Math.floor(fold * count / folds), Math.floor((fold + 1) * count / folds));
          yield units ? Array.from(drawn, (unit) => units[unit]).flat() : Array.from(drawn);
        }
      }
    },
  };
}

/** The numbers below `count` in an order that is drawn. */
function shuffled(count: number, random: Random): Uint32Array {
  const order = Uint32Array.from({ length: count }, (_, i) => i);
  for (let i = count - 1; i > 0; i--) {
    const j = random.integer(i + 1), other = order[i];
    order[i] = order[j];
    order[j] = other;
  }
  return order;
}

/**
 * The number of folds that a caller wants, or five, or as many as there are units.
 *
 * @param what What the units are.
 * @throws {DataError} for a single unit
 * @throws {OptionError} for more folds than there are units
 */
export function foldCount(wanted: number | undefined, units: number, what: string): number {
  if (units < 2) throw new DataError("X", `Cannot cross-validate: expected two ${what} at least, received ${units}.`);
  if (wanted === undefined || wanted <= units) return wanted ?? Math.min(5, units);
  throw new OptionError("folds", `Cannot use "folds": expected at most the ${units} ${what}, received ${wanted}.`);
}

function givenFolds(
  samples: number,
  foldOf: Uint32Array,
  { folds, groups, repeats, nameOfFolds: name = "foldOf" }: FoldOptions,
): number[][] {
  checkLength(name, foldOf, samples);
  if (groups) throw new OptionError("groups", `Cannot use "groups": expected it or "${name}", received both.`);
  if (folds !== undefined) {
    throw new OptionError("folds", `Cannot use "folds": expected it or "${name}", received both.`);
  }
  if (repeats > 1) {
    throw new OptionError("repeats", `Cannot use "repeats": expected 1 beside "${name}", received ${repeats}.`);
  }
  const held = unitsOf(samples, foldOf);
  if (held.length < 2) {
    throw new OptionError(name, `Cannot use "${name}": expected two folds at least, received ${held.length}.`);
  }
  return held;
}

function checkLength(name: string, values: Uint32Array, samples: number): void {
  if (values.length === samples) return;
  throw new OptionError(
    name,
    `Cannot use "${name}": expected ${counted(samples, "number")}, one a sample, received ${values.length}.`,
  );
}

/** Rows that stay together, in the order of their names. */
function unitsOf(samples: number, nameOf: Uint32Array): number[][] {
  const units = new Map<number, number[]>();
  for (let row = 0; row < samples; row++) {
    const name = nameOf[row], unit = units.get(name);
    if (unit) unit.push(row);
    else units.set(name, [row]);
  }
  return [...units.keys()].sort((a, b) => a - b).map((name) => units.get(name)!);
}
