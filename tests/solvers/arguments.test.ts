import assert from "node:assert/strict";
import { describe, it } from "node:test";
import * as minima from "../../mod.ts";
import { calls } from "../support/calls.ts";

const api = minima as unknown as Readonly<Record<string, (...values: unknown[]) => unknown>>;

/** What stands in for an argument. */
const values = {
  undefined: undefined,
  null: null,
  number: -1.5,
  text: "?",
  object: {},
  array: [],
  function: () => {},
  true: true,
  bytes: new Uint8Array(3),
} as const;
type Kind = keyof typeof values;

const text: readonly Kind[] = ["text"],
  file: readonly Kind[] = ["text", "bytes"],
  left: readonly Kind[] = ["undefined"];

/** Values that are of the kind of an argument, by its name, or by the function too. */
const right: Readonly<Record<string, readonly Kind[]>> = {
  options: ["undefined", "object"],
  known: ["undefined", "object"],
  metadata: ["undefined", "object"],
  "serializeGguf metadata": [],
  source: file,
  target: ["text", "function"],
  prompt: text,
  text,
  seed: left,
  name: text,
  "toMatrix name": ["undefined", "text"],
  "matrix data": left,
  "fromRows rows": ["array"],
  "decodeFloat8 bits": ["bytes"],
  "encodeFloat16 values": ["array", "bytes"],
  "encodeBfloat16 values": ["array", "bytes"],
  "serializeSafetensors tensors": ["object"],
  bytes: ["bytes"],
  "loadModel source": ["text", "array"],
  "loadQuantized source": ["text", "array"],
};

/** Waits for an answer, or for the first of several. */
async function settle(call: () => unknown): Promise<void> {
  const settled = await call();
  if (typeof settled !== "object" || settled === null || !(Symbol.asyncIterator in settled)) return;
  for await (const _ of settled as AsyncIterable<unknown>) break;
}

describe("exported functions", () => {
  it("all have an entry in tests/support/calls.ts, but classes and those without arguments", () => {
    const isClass = (value: object) => Object.getOwnPropertyDescriptor(value, "prototype")?.writable === false;
    const called = Object.entries(minima).filter(([name, value]) =>
      typeof value === "function" && !isClass(value) &&
      !["calibrate", "capabilities", "dispose", "memoryUsage"].includes(name)
    );
    assert.deepEqual(called.map(([name]) => name).filter((name) => !(name in calls)), []);
    assert.deepEqual(Object.keys(calls).filter((name) => !(name in minima)), []);
  });

  for (const [name, make] of Object.entries(calls)) {
    it(`${name} refuses arguments of a wrong kind by their names`, async () => {
      const given = await make(), wrong: string[] = [];
      await settle(() => api[name](...Object.values(given)));
      for (const [place, argument] of Object.keys(given).entries()) {
        const fitting = right[`${name} ${argument}`] ?? right[argument] ?? [];
        for (const [kind, value] of Object.entries(values) as [Kind, unknown][]) {
          if (fitting.includes(kind)) continue;
          const error = await settle(() => api[name](...Object.values(given).with(place, value))).then(
            () => undefined,
            (e) => e,
          );
          if (!names(error, argument, given[argument])) {
            wrong.push(`${argument} of kind ${kind}: ${error ?? "no error"}`);
          }
        }
      }
      assert.deepEqual(wrong, []);
    });
  }
});

/** Whether an error names an argument, or a part of it. */
function names(error: unknown, argument: string, value: unknown): boolean {
  if (!(error instanceof TypeError || error instanceof minima.InputError)) return false;
  const parts = typeof value === "object" && value !== null && !ArrayBuffer.isView(value) ? Object.keys(value) : [];
  return [argument, ...parts].some((name) => new RegExp(`"${name}[".[]`).test(error.message));
}
