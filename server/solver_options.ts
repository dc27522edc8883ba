/** Options of solvers in requests: their schema, and their values from JSON and tensors, follow from the tables. @module */

import type { Tensor } from "../formats/tensor.ts";
import type { NumberRange, OptionEntries, OptionEntry } from "../solvers/core/options.ts";
import { resolveOptions } from "../solvers/core/resolve_options.ts";
import { readMatrix, readVector } from "./arrays.ts";
import { isRecord, type JsonSchema, objectSchema, refuse } from "./schema.ts";
import { indicesJson, readPart, readSparse, sparseParts } from "./sparse.ts";

/** What the service allows of the options that all solvers have. */
export interface RequestLimits {
  readonly timeLimitMs: number;
  readonly threads: number;
  readonly backends: readonly string[];
}

/**
 * The options that a request can bring, as far as the service allows: functions and signals are for callers in
 * JavaScript.
 */
export function requestOptions(table: OptionEntries, limits?: RequestLimits): OptionEntries {
  return Object.fromEntries(
    Object.entries(table)
      .filter(([, { kind }]) => kind !== "callback" && kind !== "signal")
      .map(([name, entry]) => [name, limits ? limited(name, entry, limits) : entry]),
  );
}

function limited(name: string, entry: OptionEntry, { threads, backends, timeLimitMs }: RequestLimits): OptionEntry {
  if (name === "threads" && entry.kind === "integer") return { ...entry, most: Math.min(entry.most, threads) };
  if (name === "timeLimitMs" && entry.kind === "number") {
    return { ...entry, otherwise: `${timeLimitMs}, the most that the service gives` };
  }
  if (name !== "backend" || entry.kind !== "choice") return entry;
  return { ...entry, values: entry.values.filter((value) => value === "auto" || backends.includes(String(value))) };
}

/**
 * The options of a request as the library takes them, checked.
 *
 * @param subject What they are options of.
 * @throws {Problem} 422 naming the array that is wrong
 * @throws {OptionError} naming the option that is wrong, unknown or missing
 */
export function readOptions(entries: OptionEntries, value: unknown, subject: string): Record<string, unknown> {
  if (!isRecord(value)) throw refuse("options", "an object", value);
  const options = readArrays(entries, value, "");
  resolveOptions<Record<string, unknown>, never>(entries as never, options, subject);
  return options;
}

/** The options with their arrays read, those in groups too. */
function readArrays(
  entries: OptionEntries,
  values: Readonly<Record<string, unknown>>,
  prefix: string,
): Record<string, unknown> {
  const options = { ...values };
  for (const [name, entry] of Object.entries(entries)) {
    if (!Object.hasOwn(options, name)) continue;
    const { kind } = entry, label = `${prefix}${name}`, value = options[name];
    if (kind === "vector" || kind === "numbers" && typeof value !== "number") options[name] = readVector(value, label);
    if (kind === "indices") options[name] = readPart(value, label, ["u32"]);
    if (kind === "matrix") options[name] = readMatrix(value, label);
    if (kind === "sparseMatrix") options[name] = readSparse(value, label);
    if (kind === "group" && isRecord(value)) options[name] = readArrays(entry.fields, value, `${label}.`);
  }
  return options;
}

/** Names of the tensors that options may come as: those of vectors and matrices, and the arrays of sparse matrices. */
export function optionTensors(entries: OptionEntries): string[] {
  return Object.entries(entries).flatMap(([name, entry]) => {
    const { kind } = entry;
    if (kind === "group") return optionTensors(entry.fields).map((part) => `${name}.${part}`);
    if (kind === "sparseMatrix") return sparseParts.map((part) => `${name}.${part}`);
    return kind === "vector" || kind === "numbers" || kind === "indices" || kind === "matrix" ? [name] : [];
  });
}

/**
 * The options with the tensors that belong to them in their places: `initial.indptr` is `indptr` of `initial`, and
 * `original.cross` the option `cross` of the group `original`.
 */
export function withTensors(entries: OptionEntries, options: unknown, tensors: ReadonlyMap<string, Tensor>): unknown {
  if (!isRecord(options)) return options;
  const result = { ...options };
  for (const path of optionTensors(entries)) {
    const tensor = tensors.get(path), [name, part] = path.split(".");
    if (!tensor) continue;
    const rest = result[name] ?? {};
    if (part === undefined) result[name] = tensor;
    else if (isRecord(rest)) result[name] = { ...rest, [part]: tensor };
  }
  return result;
}

/** JSON Schema of the options of a table. */
export function optionsJson(table: OptionEntries): JsonSchema {
  return objectSchema(
    Object.fromEntries(
      Object.entries(table).map(([name, entry]) => [name, { needed: entry.required === true, json: entryJson(entry) }]),
    ),
  );
}

function entryJson(entry: OptionEntry): JsonSchema {
  const { about, otherwise } = entry;
  const unit = entry.kind === "number" && entry.unit === "ms" ? " In milliseconds." : "";
  const description = `${about}${unit}${otherwise === undefined ? "" : ` Without it: ${otherwise}.`}`;
  return { ...kindJson(entry), description, ...isJson(entry.default) && { default: entry.default } };
}

/** Without infinities, which JSON does not have: what is infinite by default is left out. */
function isJson(value: unknown): boolean {
  return value !== undefined && value !== Infinity;
}

function kindJson(entry: OptionEntry): JsonSchema {
  switch (entry.kind) {
    case "number":
    case "integer":
      return { type: entry.kind, ...rangeJson(entry) };
    case "choice":
      return { enum: entry.values };
    case "flag":
      return { type: "boolean" };
    case "list":
      return { type: "array", items: { type: "number", ...rangeJson(entry) }, minItems: entry.empty ? 0 : 1 };
    case "numbers":
      return { oneOf: [{ type: "number", ...rangeJson(entry) }, { $ref: "#/components/schemas/Vector" }] };
    case "vector":
      return { $ref: "#/components/schemas/Vector" };
    case "indices":
      return indicesJson;
    case "edges": {
      const pair = { type: "array", items: { type: "integer", minimum: 0 }, minItems: 2, maxItems: 2 };
      return { type: "array", items: pair };
    }
    case "matrix":
      return { $ref: "#/components/schemas/Matrix" };
    case "sparseMatrix":
      return { $ref: "#/components/schemas/SparseInput" };
    case "group":
      return optionsJson(entry.fields);
    default:
      throw new Error(`A request cannot bring a ${entry.kind}.`);
  }
}

function rangeJson({ least, most, above }: NumberRange): JsonSchema {
  return { [above ? "exclusiveMinimum" : "minimum"]: least, maximum: most };
}
