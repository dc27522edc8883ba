/** From the body of a request to the arguments and options of a solver. */

import { FormatError } from "../formats/errors.ts";
import { parseSafetensors } from "../formats/safetensors.ts";
import type { Job } from "./job.ts";
import { checkJsonText } from "./json_text.ts";
import { Problem, quoted } from "./problem.ts";
import type { Arguments, Route } from "./route.ts";
import { isRecord, readFields, type Schema, type Values } from "./schema.ts";
import {
  optionsJson,
  optionTensors,
  readOptions,
  type RequestLimits,
  requestOptions,
  withTensors,
} from "./solver_options.ts";

/** What a request asks for. */
export interface Input {
  readonly values: Values<Arguments>;
  /** Checked; what was left out is left to the library. */
  readonly options: Readonly<Record<string, unknown>>;
}

/**
 * Reads and checks a body.
 *
 * @throws {Problem} 400 or 422
 */
export function readInput(route: Route, { bodyType, body, limits }: Pick<Job, "bodyType" | "body" | "limits">): Input {
  return bodyType === "json" ? fromJson(route, body, limits) : fromSafetensors(route, body, limits);
}

/** Fields of a JSON body: the arguments, and all options under one name. */
export function bodyFields({ arguments: values, options, operation }: Route, limits?: RequestLimits) {
  const entries = requestOptions(options, limits);
  const schema: Schema<Record<string, unknown>> = {
    needed: Object.values(entries).some(({ required }) => required),
    json: { ...optionsJson(entries), description: `Options of ${operation}.` },
    read: (value) => readOptions(entries, value, operation),
  };
  return { ...values, options: schema };
}

function fromJson(route: Route, bytes: Uint8Array, limits: RequestLimits): Input {
  const body = parseJson(bytes, "body");
  // Left out, they are read as empty, so that a needed option that is missing is named itself.
  const complete = isRecord(body) ? { options: {}, ...body } : body;
  const { options, ...values } = readFields(bodyFields(route, limits), complete, "body");
  return { values, options: options as Record<string, unknown> };
}

function fromSafetensors(route: Route, bytes: Uint8Array<ArrayBuffer>, limits: RequestLimits): Input {
  const { tensors, metadata } = parse(bytes);
  const values: Record<string, unknown> = {};
  const taken = new Set<string>();
  for (const [name, schema] of Object.entries(route.arguments)) {
    const value = schema.readTensors(tensors, name, taken);
    if (value !== undefined) values[name] = value;
    else if (schema.needed) throw new Problem(422, `The tensor "${name}" is missing.`, { argument: name });
  }
  const entries = requestOptions(route.options, limits);
  for (const name of optionTensors(entries)) taken.add(name);
  for (const name of tensors.keys()) {
    if (!taken.has(name)) {
      throw new Problem(422, `Cannot use the tensor ${quoted(name)}: known are ${[...taken].join(", ")}.`, {
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
  checkJsonText(bytes, what);
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    throw new Problem(400, `The ${what} is not JSON: ${(error as Error).message.slice(0, 150)}.`);
  }
}
