/** Checks of options: each returns the value, or throws an OptionError that says what was expected and what came. */

import { OptionError } from "./errors.ts";

/** A whole number in `[least, most]`. */
export function integerOption(name: string, value: number, least: number, most = Number.MAX_SAFE_INTEGER): number {
  if (!Number.isSafeInteger(value) || value < least || value > most) {
    throw refuse(name, `a whole number ${range(least, most)}`, value);
  }
  return value;
}

/** A number in `[least, most]`, infinities only where the bounds are infinite. */
export function numberOption(name: string, value: number, least: number, most = Number.MAX_VALUE): number {
  if (typeof value !== "number" || !(value >= least && value <= most)) {
    throw refuse(name, `a number ${range(least, most)}`, value);
  }
  return value;
}

/** One of a few values. */
export function choiceOption<T extends string | number>(name: string, value: T, choices: readonly T[]): T {
  if (!choices.includes(value)) {
    const quoted = choices.map((choice) => JSON.stringify(choice));
    throw refuse(name, quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}` : quoted[0], value);
  }
  return value;
}

/** `true` or `false`. */
export function booleanOption(name: string, value: boolean): boolean {
  if (typeof value !== "boolean") throw refuse(name, "true or false", value);
  return value;
}

function range(least: number, most: number): string {
  const unbounded = most === Number.MAX_SAFE_INTEGER || most === Number.MAX_VALUE || most === Infinity;
  return unbounded ? `>= ${least}` : `from ${least} to ${most}`;
}

function refuse(name: string, expected: string, received: unknown): OptionError {
  const shown = typeof received === "string" ? JSON.stringify(received) : String(received);
  return new OptionError(name, `Cannot use "${name}": expected ${expected}, received ${shown}.`);
}
