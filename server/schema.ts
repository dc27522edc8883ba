/**
 * One description of a value, for both of its readers: {@linkcode Schema.read} validates what a request brings, and
 * {@linkcode Schema.json} goes into `/openapi.json`.
 *
 * @module
 */

import { nearestName } from "../solvers/core/names.ts";
import { shown } from "../solvers/core/shown.ts";
import { Problem, quoted } from "./problem.ts";

/** A JSON Schema document. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A value that a request may bring. */
export interface Schema<T, Needed extends boolean = boolean> {
  readonly needed: Needed;
  /** JSON Schema 2020-12. */
  readonly json: JsonSchema;
  /** The value, checked. @throws {Problem} 422 naming it */
  read(value: unknown, name: string): T;
}

/** Schemas by name. */
export type Fields = { readonly [name: string]: Schema<unknown> };

/** What the fields hold once read: fields that are not needed may be missing. */
export type Values<F extends Fields> =
  & { readonly [K in keyof F as F[K] extends Schema<unknown, true> ? K : never]: Read<F[K]> }
  & { readonly [K in keyof F as F[K] extends Schema<unknown, true> ? never : K]?: Read<F[K]> };

type Read<S> = S extends Schema<infer T> ? T : never;

/** JSON Schema of an object with these fields and no others. */
export function objectSchema(
  fields: { readonly [name: string]: Pick<Schema<unknown>, "needed" | "json"> },
): JsonSchema {
  const needed = Object.keys(fields).filter((name) => fields[name].needed);
  return {
    type: "object",
    properties: Object.fromEntries(Object.entries(fields).map(([name, schema]) => [name, schema.json])),
    ...(needed.length > 0 && { required: needed }),
    additionalProperties: false,
  };
}

/**
 * Reads an object with these fields and no others.
 *
 * @param name Name of the object itself.
 * @throws {Problem} 422 naming the field that is wrong, unknown or missing
 */
export function readFields<F extends Fields>(fields: F, value: unknown, name: string): Values<F> {
  if (!isRecord(value)) throw refuse(name, "an object", value);
  for (const key of Object.keys(value)) {
    if (Object.hasOwn(fields, key)) continue;
    const names = Object.keys(fields), nearest = nearestName(key, names);
    const known = nearest === undefined ? `known are ${names.join(", ")}` : `the nearest is "${nearest}"`;
    throw new Problem(422, `Cannot use ${quoted(key)}: the ${name} has no such field; ${known}.`, { argument: key });
  }
  const result: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fields)) {
    if (Object.hasOwn(value, key)) result[key] = schema.read(value[key], key);
    else if (schema.needed) throw new Problem(422, `"${key}" is missing.`, { argument: key });
  }
  return result as Values<F>;
}

/** Most rows or columns of what is not sent entry by entry: a few bytes must not ask for gigabytes. */
export const mostLines = 2 ** 24;

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The problem of a value that is not what it should be. */
export function refuse(name: string, expected: string, received: unknown): Problem {
  return new Problem(422, `Cannot use "${name}": expected ${expected}, received ${shown(received)}.`, {
    argument: name,
  });
}
