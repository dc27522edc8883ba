/** From the body of a request to the arguments and options of a solver. */

import { FormatError } from "../formats/errors.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import { readBody } from "./body.ts";
import { bodyType } from "./media.ts";
import type { Settings } from "./options.ts";
import { Problem } from "./problem.ts";
import type { Arguments, Route } from "./route.ts";
import { isRecord, readFields, type Schema, type Values } from "./schema.ts";
import { optionsJson, optionTensors, readOptions, requestOptions, withTensors } from "./solver_options.ts";

/** What a request asks for. */
export interface Input {
  readonly values: Values<Arguments>;
  /** Checked; what was left out is left to the library. */
  readonly options: Readonly<Record<string, unknown>>;
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
  const entries = requestOptions(options);
  const schema: Schema<Record<string, unknown>> = {
    needed: Object.values(entries).some(({ required }) => required),
    json: { ...optionsJson(entries), description: `Options of ${operation}.` },
    read: (value) => readOptions(entries, value, operation),
  };
  return { ...values, options: schema };
}

function fromJson(route: Route, bytes: Uint8Array): Input {
  const body = parseJson(bytes, "body");
  // Left out, they are read as empty, so that a needed option that is missing is named itself.
  const complete = isRecord(body) ? { options: {}, ...body } : body;
  const { options, ...values } = readFields(bodyFields(route), complete, "body");
  return { values, options: options as Record<string, unknown> };
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
  const entries = requestOptions(route.options);
  for (const name of optionTensors(entries)) taken.add(name);
  for (const name of tensors.keys()) {
    if (!taken.has(name)) {
      throw new Problem(422, `Cannot use the tensor "${name}": known are ${[...taken].join(", ")}.`, {
        argument: name,
      });
    }
  }
  const text = new TextEncoder().encode(metadata.options ?? "{}");
  const options = withTensors(entries, parseJson(text, "metadata.options"), tensors);
  return { values, options: readOptions(entries, options, route.operation) };
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
