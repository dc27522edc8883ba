/** From the body of a request to the arguments and options of a solver. */

import { FormatError } from "../formats/errors.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import type { Tensor } from "../formats/tensor.ts";
import { readBody } from "./body.ts";
import { bodyType } from "./media.ts";
import type { Settings } from "./options.ts";
import { Problem } from "./problem.ts";
import type { Arguments, Route } from "./route.ts";
import { type Fields, isRecord, objectSchema, readFields, type Schema, type Values } from "./schema.ts";
import type { SparseSchema } from "./sparse.ts";

/** What a request asks for. */
export interface Input {
  readonly values: Values<Arguments>;
  readonly options: Values<Fields>;
}

/**
 * Reads and checks the body.
 *
 * @throws {Problem} 400, 408, 413, 415 or 422
 */
export async function readInput(route: Route, request: Request, settings: Settings): Promise<Input> {
  const type = bodyType(request.headers);
  const bytes = await readBody(request, settings);
  return type === "json" ? fromJson(route, bytes) : fromSafetensors(route, bytes);
}

/** Fields of a JSON body: the arguments, and all options under one name. */
export function bodyFields({ arguments: values, options, operation }: Route) {
  const schema: Schema<Values<Fields>> = {
    needed: Object.values(options).some(({ needed }) => needed),
    json: { ...objectSchema(options), description: `Options of ${operation}.` },
    // Without a prefix, so that an option at fault has the name that the library gives it.
    read: (value) => readOptions(options, value),
  };
  return { ...values, options: schema };
}

function readOptions(options: Fields, value: unknown): Values<Fields> {
  return readFields(options, value, "options", "");
}

function fromJson(route: Route, bytes: Uint8Array): Input {
  const body = parseJson(bytes, "body");
  // Left out, they are read as empty, so that a needed option that is missing is named itself.
  const complete = isRecord(body) ? { options: {}, ...body } : body;
  const { options, ...values } = readFields(bodyFields(route), complete, "body", "");
  return { values, options: options as Values<Fields> };
}

function fromSafetensors(route: Route, bytes: Uint8Array): Input {
  const { tensors, metadata } = parse(bytes);
  const values: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const [name, schema] of Object.entries(route.arguments)) {
    const value = schema.readTensors(tensors, name, taken);
    if (value !== undefined) values[name] = value;
    else if (schema.needed) throw new Problem(422, `The tensor "${name}" is missing.`, { argument: name });
  }
  const text = new TextEncoder().encode(metadata.options ?? "{}");
  const options = withTensors(route.options, parseJson(text, "metadata.options"), tensors, taken);
  for (const name of tensors.keys()) {
    if (!taken.has(name)) {
      throw new Problem(422, `Cannot use the tensor "${name}": known are ${[...taken].join(", ")}.`, {
        argument: name,
      });
    }
  }
  return { values, options: readOptions(route.options, options) };
}

/** The options with the tensors that belong to them in their places: `initial.indptr` is `indptr` of `initial`. */
function withTensors(
  fields: Fields,
  options: unknown,
  tensors: ReadonlyMap<string, Tensor>,
  taken: Set<string>,
): unknown {
  if (!isRecord(options)) return options;
  const result = { ...options };
  for (const [name, schema] of Object.entries(fields)) {
    if (!("parts" in schema)) continue;
    const found: Record<string, Tensor> = {};
    for (const part of (schema as SparseSchema).parts) {
      const path = `${name}.${part}`, tensor = tensors.get(path);
      taken.add(path);
      if (tensor) found[part] = tensor;
    }
    const rest = options[name] ?? {};
    if (Object.keys(found).length > 0 && isRecord(rest)) result[name] = { ...rest, ...found };
  }
  return result;
}

function parse(bytes: Uint8Array): ReturnType<typeof parseSafetensors> {
  try {
    return parseSafetensors(bytes);
  } catch (error) {
    if (error instanceof FormatError) throw new Problem(400, error.message, { error: error.name });
    throw error;
  }
}

function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Problem(400, `The ${what} is not JSON: ${(error as Error).message}.`);
  }
}
