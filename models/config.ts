/** Reading `config.json`. @module */

import { FormatError } from "../formats/errors.ts";
import { shown } from "../solvers/core/shown.ts";

/** A configuration that is asked for one field at a time, each by one of its names. */
export interface Config {
  /** The value of a field; undefined where it is left out or null. */
  value(...names: string[]): unknown;
  /** A whole number >= 1. @throws {FormatError} for another value, and where it is missing without a default */
  count(names: string | readonly string[], otherwise?: number): number;
  /** A number. @throws {FormatError} as `count` does */
  number(names: string | readonly string[], otherwise?: number): number;
  /** `true` or `false`. @throws {FormatError} for another value */
  flag(name: string, otherwise: boolean): boolean;
  /** Text. @throws {FormatError} as `count` does */
  text(names: string | readonly string[], otherwise?: string): string;
  /** The error of a field that cannot be used. */
  refuse(name: string, problem: string): FormatError;
}

/**
 * Reads a configuration.
 *
 * @param file Name of the file, for errors.
 * @throws {FormatError} for text that is no JSON object
 */
export function parseConfig(text: string, file = "config.json"): Config {
  let fields: unknown;
  try {
    fields = JSON.parse(text);
  } catch (error) {
    throw new FormatError("model", file, `is not JSON (${(error as Error).message})`);
  }
  if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
    throw new FormatError("model", file, "must be an object");
  }
  return configOf(fields as Readonly<Record<string, unknown>>, file);
}

/** The same of an object; `file` may name a part of a file. */
export function configOf(fields: Readonly<Record<string, unknown>>, file: string): Config {
  const refuse = (name: string, problem: string) => new FormatError("model", `${file}: "${name}"`, problem);
  const find = (names: readonly string[]): [string, unknown] => {
    const name = names.find((name) => Object.hasOwn(fields, name) && fields[name] !== null);
    return name === undefined ? [names[0], undefined] : [name, fields[name]];
  };
  function read<T>(
    names: string | readonly string[],
    otherwise: T | undefined,
    what: string,
    fits: (value: unknown) => boolean,
  ): T {
    const [name, value] = find(typeof names === "string" ? [names] : names);
    if (value === undefined && otherwise !== undefined) return otherwise;
    if (value === undefined) throw refuse(name, `is missing; ${what} is needed`);
    if (!fits(value)) throw refuse(name, `must be ${what}, and is ${shown(value)}`);
    return value as T;
  }
  return {
    value: (...names) => find(names)[1],
    count: (names, otherwise) =>
      read(names, otherwise, "a whole number from 1", (value) => Number.isSafeInteger(value) && (value as number) >= 1),
    number: (names, otherwise) => read(names, otherwise, "a number", (value) => Number.isFinite(value)),
    flag: (name, otherwise) => read(name, otherwise, "true or false", (value) => typeof value === "boolean"),
    text: (names, otherwise) => read(names, otherwise, "text", (value) => typeof value === "string"),
    refuse,
  };
}

/** Whole numbers from 0 of a field that holds one or a list. */
export function tokenList(config: Config, name: string): number[] {
  const value = config.value(name);
  if (value === undefined) return [];
  const list = Array.isArray(value) ? value : [value];
  if (!list.every((token) => Number.isSafeInteger(token) && token >= 0)) {
    throw config.refuse(name, `must be a token or a list of them, and is ${shown(value)}`);
  }
  return list;
}
