/** Of what kind a caller's value is, where no table of options says it: fits, tensors, files. @module */

import { OptionError } from "./errors.ts";
import { nearestName } from "./names.ts";
import { shown } from "./shown.ts";

const isFloats = (value: unknown) => value instanceof Float32Array || value instanceof Float64Array;
const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;
const isList = (value: unknown) => Array.isArray(value) || ArrayBuffer.isView(value) && !(value instanceof DataView);

/** Each kind: its words in errors, and what tells it. */
const kinds = {
  text: ["text", (value: unknown) => typeof value === "string"],
  bytes: ["a Uint8Array", (value: unknown) => value instanceof Uint8Array],
  file: ["a Uint8Array or an ArrayBuffer", (value: unknown) => value instanceof Uint8Array || isBuffer(value)],
  textOrBytes: ["text or a Uint8Array", (value: unknown) => typeof value === "string" || value instanceof Uint8Array],
  words16: ["a Uint16Array", (value: unknown) => value instanceof Uint16Array],
  number: ["a number", (value: unknown) => typeof value === "number"],
  count: ["a whole number >= 0", (value: unknown) => Number.isSafeInteger(value) && (value as number) >= 0],
  floats: ["a Float32Array or a Float64Array", isFloats],
  numbers: ["an array of numbers", isList],
  list: ["an array", Array.isArray],
  matrix: ["{ data: Float32Array | Float64Array, shape: [rows, columns] }", (value: unknown) => {
    return isObject(value) && isFloats(value.data) && Array.isArray(value.shape) && value.shape.length === 2;
  }],
  object: ["an object", (value: unknown) => isObject(value) && !isList(value)],
  map: ["a Map", (value: unknown) => value instanceof Map],
  callback: ["a function", (value: unknown) => typeof value === "function"],
} as const satisfies Record<string, readonly [string, (value: unknown) => boolean]>;

/** A kind of value. */
export type Kind = keyof typeof kinds;

/** Buffers of another realm, too. */
function isBuffer(value: unknown): boolean {
  return /^\[object (?:Shared)?ArrayBuffer\]$/.test(Object.prototype.toString.call(value));
}

/**
 * Sees that a value is of a kind.
 *
 * @param action What cannot be done otherwise: `predict`.
 * @throws {TypeError} naming the argument, the kind and what came
 */
export function checkKind(argument: string, value: unknown, kind: Kind, action: string): void {
  const [words, isKind] = kinds[kind];
  if (isKind(value)) return;
  throw new TypeError(`Cannot ${action}: "${argument}" must be ${words}, received ${shown(value)}.`);
}

/**
 * Refuses a part that has nearly the name of an optional one that is left out: data may carry more than is asked for, but
 * weights that are misspelt would not be missed.
 *
 * @throws {OptionError} naming both
 */
export function refuseMisspelt(argument: string, value: object, optional: readonly string[], action: string): void {
  const lacking = optional.filter((name) => (value as Readonly<Record<string, unknown>>)[name] === undefined);
  for (const given of Object.keys(value)) {
    // A letter or two may mean anything.
    const nearest = given.length < 4 || optional.includes(given) ? undefined : nearestName(given, lacking);
    if (nearest === undefined) continue;
    const label = `${argument}.${given}`;
    throw new OptionError(label, `Cannot ${action}: "${label}" is not known; the nearest is "${nearest}".`);
  }
}

/**
 * Sees that an object has parts of these kinds; those whose kind ends in `?` may be missing.
 *
 * @throws {TypeError} naming the argument, or its part
 */
export function checkParts(
  argument: string,
  value: unknown,
  parts: { readonly [part: string]: Kind | `${Kind}?` },
  action: string,
): void {
  checkKind(argument, value, "object", action);
  for (const [part, kind] of Object.entries(parts)) {
    const given = (value as Readonly<Record<string, unknown>>)[part], optional = kind.endsWith("?");
    if (optional && given === undefined) continue;
    checkKind(`${argument}.${part}`, given, (optional ? kind.slice(0, -1) : kind) as Kind, action);
  }
}
