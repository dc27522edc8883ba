/** From the options of a caller to those of a solver: checked by its table, with the defaults filled in. @module */

import { OptionError } from "./errors.ts";
import { checkMatrix, checkSparseMatrix, type Matrix, type SparseMatrix } from "./matrix.ts";
import { nearestName } from "./names.ts";
import { shown } from "./shown.ts";
import type { NumberRange, OptionEntries, OptionEntry, OptionTable, Resolved } from "./options.ts";

/**
 * Checks options by their table and fills in the defaults. Names come first: a misspelt one is told whatever else is
 * wrong. What is `undefined`, or inherited, counts as left out.
 *
 * @param subject What the options are of, for the error of an unknown one: `sparse regression`.
 * @throws {OptionError} naming the option that is unknown, missing or out of its range
 */
export function resolveOptions<O extends object, Open extends keyof O>(
  table: OptionTable<O, Open>,
  options: O | undefined,
  subject: string,
): Resolved<O, Open> {
  const given: unknown = options === undefined ? {} : options;
  if (!isRecord(given)) throw refuse("options", "an object", given);
  return resolveEntries(table as unknown as OptionEntries, given, "", subject) as Resolved<O, Open>;
}

/**
 * A copy of options that have no table, with their names checked.
 *
 * @param known Every name, for those that an object inherits do not count.
 * @param label The name of the options in errors.
 * @throws {OptionError} for what is not an object, and for a name that is not known
 */
export function checkNames<O extends object>(
  options: O,
  known: { readonly [Name in keyof Required<O>]: true },
  subject: string,
  label = "options",
): O {
  if (!isRecord(options)) throw refuse(label, "an object", options);
  refuseUnknown(options, known, label === "options" ? "" : `${label}.`, subject);
  return { ...options };
}

function refuseUnknown(values: object, known: object, prefix: string, subject: string): void {
  const names = Object.keys(known);
  for (const key of Object.keys(values)) {
    if (Object.hasOwn(known, key)) continue;
    const nearest = nearestName(key, names);
    const others = nearest === undefined ? `known are ${names.join(", ")}` : `the nearest is "${nearest}"`;
    const name = `${prefix}${key}`.slice(0, 100);
    throw new OptionError(name, `Cannot use "${name}": ${subject} has no such option; ${others}.`);
  }
}

function resolveEntries(
  entries: OptionEntries,
  values: Readonly<Record<string, unknown>>,
  prefix: string,
  subject: string,
): Record<string, unknown> {
  refuseUnknown(values, entries, prefix, subject);
  const result: Record<string, unknown> = {};
  for (const [key, entry] of Object.entries(entries)) {
    const label = `${prefix}${key}`, value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value !== undefined) result[key] = checkOption(entry, value, label, subject);
    else if (!entry.required) result[key] = entry.default;
    else {
      const expected = expectation(entry);
      throw new OptionError(label, `The option "${label}" of ${subject} is missing: expected ${expected}.`);
    }
  }
  return result;
}

/**
 * The value of an option, checked.
 *
 * @param label Its name in errors.
 * @throws {OptionError} when it is of another kind or out of its range
 */
export function checkOption(entry: OptionEntry, value: unknown, label: string, subject: string): unknown {
  switch (entry.kind) {
    case "number":
    case "integer": {
      const isKind = entry.kind === "number" ? typeof value === "number" : Number.isSafeInteger(value);
      if (isKind && inRange(value as number, entry) || entry.infinite && value === Infinity) return value;
      throw refuse(label, expectation(entry), value);
    }
    case "choice":
      if ((entry.values as readonly unknown[]).includes(value)) return value;
      throw refuse(label, expectation(entry), value);
    case "text":
      if (typeof value === "string" && value !== "") return value;
      throw refuse(label, expectation(entry), value);
    case "names":
      if (!Array.isArray(value)) throw refuse(label, expectation(entry), value);
      // Loops, for `forEach` and `every` pass over the holes of an array.
      for (let at = 0; at < value.length; at++) {
        if (typeof value[at] !== "string") throw refuse(`${label}[${at}]`, "text", value[at]);
      }
      return value;
    case "flag":
      if (typeof value === "boolean") return value;
      throw refuse(label, expectation(entry), value);
    case "list":
      if (!Array.isArray(value) || value.length === 0 && !entry.empty) throw refuse(label, expectation(entry), value);
      return checkElements(value, (element) => inRange(element, entry), `a number ${rangeOf(entry)}`, label);
    case "numbers":
      if (typeof value === "number" && inRange(value, entry)) return value;
      if (typeof value === "number") throw refuse(label, expectation(entry), value);
      return checkOption({ ...entry, kind: "vector", default: undefined }, value, label, subject);
    case "vector": {
      const typed = value instanceof Float32Array || value instanceof Float64Array;
      if (!typed && !Array.isArray(value)) throw refuse(label, expectation(entry), value);
      const checked = checkElements(value, (element) => inRange(element, entry), `a number ${rangeOf(entry)}`, label);
      return typed ? checked : Float64Array.from(checked);
    }
    case "indices": {
      if (value instanceof Uint32Array) return value;
      if (!Array.isArray(value)) throw refuse(label, expectation(entry), value);
      return Uint32Array.from(checkElements(value, isIndex, "an index", label));
    }
    case "edges":
      if (!Array.isArray(value)) throw refuse(label, expectation(entry), value);
      for (let at = 0; at < value.length; at++) {
        const pair: unknown = value[at];
        if (Array.isArray(pair) && pair.length === 2 && isIndex(pair[0]) && isIndex(pair[1])) continue;
        throw refuse(`${label}[${at}]`, "a pair of indices", pair);
      }
      return value;
    case "matrix":
      checkMatrix(label, value as Matrix, "use it");
      return value;
    case "sparseMatrix":
      checkSparseMatrix(label, value as SparseMatrix, "use it");
      return value;
    case "group":
      if (!isRecord(value)) throw refuse(label, expectation(entry), value);
      return resolveEntries(entry.fields, value, `${label}.`, subject);
    case "signal":
      if (typeof value === "object" && value !== null && "throwIfAborted" in value) return value;
      throw refuse(label, expectation(entry), value);
    case "callback":
      if (typeof value === "function") return value;
      throw refuse(label, expectation(entry), value);
  }
}

/** What an entry takes, as errors say it. */
function expectation(entry: OptionEntry): string {
  switch (entry.kind) {
    case "number":
      return `a number ${rangeOf(entry)}${entry.infinite ? ", or Infinity" : ""}`;
    case "integer":
      return `a whole number ${rangeOf(entry)}${entry.infinite ? ", or Infinity" : ""}`;
    case "choice": {
      const quoted = entry.values.map((value) => JSON.stringify(value));
      return quoted.length > 1 ? `${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1)}` : quoted[0];
    }
    case "text":
      return "text";
    case "names":
      return "an array of names";
    case "flag":
      return "true or false";
    case "list":
      return `an array of numbers ${rangeOf(entry)}${entry.empty ? "" : ", one at least"}`;
    case "numbers":
      return `a number ${rangeOf(entry)}, or a vector of them`;
    case "vector":
      return "a Float32Array, a Float64Array or an array of numbers";
    case "indices":
      return "a Uint32Array or an array of indices";
    case "edges":
      return "an array of pairs of indices";
    case "matrix":
      return "a matrix";
    case "sparseMatrix":
      return "a sparse matrix";
    case "group":
      return `{ ${
        Object.entries(entry.fields).map(([name, { required }]) => required ? name : `${name}?`).join(", ")
      } }`;
    case "signal":
      return "an AbortSignal";
    case "callback":
      return "a function";
  }
}

/** The error of a value that is not what it should be. */
export function refuse(label: string, expected: string, received: unknown): OptionError {
  return new OptionError(label, `Cannot use "${label}": expected ${expected}, received ${shown(received)}.`);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !ArrayBuffer.isView(value);
}

function isIndex(value: number): boolean {
  return value >>> 0 === value;
}

function inRange(value: number, { least, above, most }: NumberRange): boolean {
  return (above ? value > least : value >= least) && value <= most;
}

function rangeOf({ least, above, most }: NumberRange): string {
  return above ? `> ${least} and <= ${most}` : `from ${least} to ${most}`;
}

/** A loop, for `findIndex` takes several times as long. */
function checkElements<T extends ArrayLike<unknown>>(
  values: T,
  holds: (element: number) => boolean,
  expected: string,
  label: string,
): T & ArrayLike<number> {
  for (let at = 0; at < values.length; at++) {
    const element = values[at];
    if (typeof element !== "number" || !holds(element)) throw refuse(`${label}[${at}]`, expected, element);
  }
  return values as T & ArrayLike<number>;
}
