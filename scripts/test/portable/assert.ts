/**
 * The part of `node:assert/strict` that our tests use, for pages and workerd, where the bundler puts it in its place.
 */

/** What a failed assertion throws. */
export class AssertionError extends Error {
  override readonly name = "AssertionError";
}

type Message = string | Error;
type Expected = RegExp | Record<string, unknown> | ((error: never) => unknown);

export function fail(message: Message = "failed"): never {
  throw message instanceof Error ? message : new AssertionError(message);
}

export function ok(value: unknown, message?: Message): asserts value {
  if (!value) fail(message ?? `expected a truthy value, received ${show(value)}`);
}

export function equal(actual: unknown, expected: unknown, message?: Message): void {
  if (!Object.is(actual, expected)) fail(message ?? `expected ${show(expected)}, received ${show(actual)}`);
}

export function notEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (Object.is(actual, expected)) fail(message ?? `expected anything but ${show(expected)}`);
}

export function deepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (!same(actual, expected)) fail(message ?? `expected ${show(expected)}, received ${show(actual)}`);
}

export function notDeepEqual(actual: unknown, expected: unknown, message?: Message): void {
  if (same(actual, expected)) fail(message ?? `expected anything but ${show(expected)}`);
}

export function match(text: string, pattern: RegExp, message?: Message): void {
  if (!pattern.test(text)) fail(message ?? `expected ${show(text)} to match ${pattern}`);
}

export function doesNotMatch(text: string, pattern: RegExp, message?: Message): void {
  if (pattern.test(text)) fail(message ?? `expected ${show(text)} not to match ${pattern}`);
}

export function throws(run: () => unknown, expected?: Expected | string, message?: Message): void {
  try {
    run();
  } catch (error) {
    return checkError(error, expected, message);
  }
  fail(message ?? "expected an error, none was thrown");
}

export async function rejects(
  work: Promise<unknown> | (() => Promise<unknown>),
  expected?: Expected | string,
  message?: Message,
): Promise<void> {
  try {
    await (typeof work === "function" ? work() : work);
  } catch (error) {
    return checkError(error, expected, message);
  }
  fail(message ?? "expected a rejection, the promise was fulfilled");
}

export function doesNotThrow(run: () => unknown): void {
  run();
}

export async function doesNotReject(work: Promise<unknown> | (() => Promise<unknown>)): Promise<void> {
  await (typeof work === "function" ? work() : work);
}

function checkError(error: unknown, expected: Expected | string | undefined, message?: Message): void {
  if (expected === undefined || typeof expected === "string") return;
  if (expected instanceof RegExp) return match(String(error), expected, message);
  if (typeof expected !== "function") {
    for (const [key, value] of Object.entries(expected)) {
      const found = (error as Record<string, unknown>)[key];
      if (value instanceof RegExp) match(String(found), value, message);
      else deepEqual(found, value, message);
    }
    return;
  }
  const isClass = expected.prototype !== undefined && (expected === Error || expected.prototype instanceof Error);
  const accepted = isClass
    ? error instanceof (expected as never)
    : (expected as (error: unknown) => unknown)(error) === true;
  if (!accepted) fail(message ?? `expected another error than ${String(error)}`);
}

function same(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) return false;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (a instanceof Date) return a.getTime() === (b as Date).getTime();
  if (a instanceof Set) return same([...a], [...b as Set<unknown>]);
  if (a instanceof Map) return same([...a], [...b as Map<unknown, unknown>]);
  if (a instanceof Error && a.message !== (b as Error).message) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && same((a as never)[key], (b as never)[key]));
}

function show(value: unknown): string {
  if (value instanceof Error) return String(value);
  const plain = ArrayBuffer.isView(value) ? Array.from(value as Float64Array) : value;
  const text = typeof plain === "object" && plain !== null ? JSON.stringify(plain) : String(plain);
  return text.length > 400 ? `${text.slice(0, 400)}...` : text;
}

const assert = Object.assign((value: unknown, message?: Message) => ok(value, message), {
  AssertionError,
  deepEqual,
  deepStrictEqual: deepEqual,
  doesNotMatch,
  doesNotReject,
  doesNotThrow,
  equal,
  fail,
  match,
  notDeepEqual,
  notDeepStrictEqual: notDeepEqual,
  notEqual,
  notStrictEqual: notEqual,
  ok,
  rejects,
  strictEqual: equal,
  throws,
});
export { deepEqual as deepStrictEqual, equal as strictEqual, notEqual as notStrictEqual };
export default assert;
