/**
 * One description of a value, for both of its readers: {@linkcode Schema.read} validates what a request brings, and
 * {@linkcode Schema.json} (JSON Schema 2020-12) goes into `/openapi.json`.
 *
 * @module
 */

import { Problem } from "./problem.ts";

/** A JSON Schema document. */
export type JsonSchema = { readonly [keyword: string]: unknown };

/** A value that a request may bring. */
export interface Schema<T, Needed extends boolean = boolean> {
  readonly needed: Needed;
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

/** What every schema says of its value. */
interface Described<T> {
  readonly description: string;
  /** The value that the library takes without one. */
  readonly default?: T;
}

/** Bounds of a number, both included unless said otherwise. */
interface Range {
  readonly least?: number;
  readonly most?: number;
  /** `least` itself is excluded. */
  readonly above?: boolean;
}

/** A number. */
export function number(options: Described<number> & Range): Schema<number, false> {
  return numeric("number", "a number", Number.isFinite, options);
}

/** A whole number. */
export function integer(options: Described<number> & Range): Schema<number, false> {
  return numeric("integer", "a whole number", Number.isSafeInteger, options);
}

/** One of a few values. */
export function choice<const T extends string | number>(
  values: readonly T[],
  { description, ...rest }: Described<T>,
): Schema<T, false> {
  const shown = values.map((value) => JSON.stringify(value));
  const expected = `${shown.slice(0, -1).join(", ")} or ${shown.at(-1)}`;
  return {
    needed: false,
    json: { enum: values, description, ...rest },
    read(value, name) {
      if (!(values as readonly unknown[]).includes(value)) throw refuse(name, expected, value);
      return value as T;
    },
  };
}

/** `true` or `false`. */
export function flag({ description, ...rest }: Described<boolean>): Schema<boolean, false> {
  return {
    needed: false,
    json: { type: "boolean", description, ...rest },
    read(value, name) {
      if (typeof value !== "boolean") throw refuse(name, "true or false", value);
      return value;
    },
  };
}

/** An object with these fields and no others. */
export function group<F extends Fields>(fields: F, { description }: { description: string }): Schema<Values<F>, false> {
  return {
    needed: false,
    json: { ...objectSchema(fields), description },
    read: (value, name) => readFields(fields, value, name),
  };
}

/** The same value, but it must be there. */
export function required<T>(schema: Schema<T>): Schema<T, true> {
  return { ...schema, needed: true };
}

/** JSON Schema of an object with these fields and no others. */
export function objectSchema(fields: Fields): JsonSchema {
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
 * @param prefix What goes before the names of its fields.
 * @throws {Problem} 422 naming the field that is wrong, unknown or missing
 */
export function readFields<F extends Fields>(fields: F, value: unknown, name: string, prefix = `${name}.`): Values<F> {
  if (!isRecord(value)) throw refuse(name, "an object", value);
  for (const key of Object.keys(value)) {
    if (!Object.hasOwn(fields, key)) {
      throw new Problem(422, `Cannot use "${prefix}${key}": known are ${Object.keys(fields).join(", ")}.`, {
        argument: `${prefix}${key}`,
      });
    }
  }
  const result: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(fields)) {
    const label = `${prefix}${key}`;
    if (Object.hasOwn(value, key)) result[key] = schema.read(value[key], label);
    else if (schema.needed) throw new Problem(422, `"${label}" is missing.`, { argument: label });
  }
  return result as Values<F>;
}

/** Whether a JSON value is an object. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The problem of a value that is not what it should be. */
export function refuse(name: string, expected: string, received: unknown): Problem {
  const text = JSON.stringify(received) ?? String(received);
  const shown = text.length > 60 ? `${text.slice(0, 60)}...` : text;
  return new Problem(422, `Cannot use "${name}": expected ${expected}, received ${shown}.`, { argument: name });
}

function numeric(
  type: "number" | "integer",
  kind: string,
  isKind: (value: unknown) => boolean,
  { description, least, most, above, ...rest }: Described<number> & Range,
): Schema<number, false> {
  const bounds = [
    ...(least === undefined ? [] : [`${above ? ">" : ">="} ${least}`]),
    ...(most === undefined ? [] : [`<= ${most}`]),
  ];
  const inRange = (value: number) =>
    (least === undefined || (above ? value > least : value >= least)) && (most === undefined || value <= most);
  return {
    needed: false,
    json: {
      type,
      ...(least !== undefined && { [above ? "exclusiveMinimum" : "minimum"]: least }),
      ...(most !== undefined && { maximum: most }),
      description,
      ...rest,
    },
    read(value, name) {
      if (!isKind(value) || !inRange(value as number)) {
        throw refuse(name, [kind, bounds.join(" and ")].filter(Boolean).join(" "), value);
      }
      return value as number;
    },
  };
}
