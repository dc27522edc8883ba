/** Settings of the service, from options and from the environment. @module */

import { checkNames, checkOption } from "../solvers/core/resolve_options.ts";
import { type ServerLimits, serverLimits } from "./limits.ts";

/** Where a solve may run. */
export type ServedBackend = "reference" | "wasm" | "threads" | "webgpu";

/** All there are. */
const servedBackends: readonly ServedBackend[] = ["reference", "wasm", "threads", "webgpu"];

/** Settings of the service; all optional. */
export interface ServerOptions extends ServerLimits {
  /** Backends that requests may use. @default all */
  readonly backends?: readonly ServedBackend[];
  /** Origins whose pages may call the service; `*` for any. @default none */
  readonly cors?: readonly string[];
  /** Is told of failures that are the service's own fault. @default console.error */
  readonly onFailure?: (error: unknown) => void;
}

/** The settings with every default filled in. */
export type Settings = Required<ServerOptions>;

/** The others. */
const names = { backends: true, cors: true, onFailure: true } as const;
const limitNames = Object.keys(serverLimits) as (keyof ServerLimits)[];
const subject = "the service";

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} for an option that is not known or out of its range
 */
export function completeOptions(options: ServerOptions): Settings {
  const limitsKnown = Object.fromEntries(limitNames.map((name) => [name, true]));
  const known = checkNames(options, { ...limitsKnown, ...names } as { [K in keyof Settings]: true }, subject);
  const limits = Object.fromEntries(limitNames.map((name) => {
    // An option that is there but undefined is one that was left out.
    const value = known[name];
    return [
      name,
      value === undefined ? serverLimits[name].default : checkOption(serverLimits[name], value, name, subject),
    ];
  }));
  const { backends = servedBackends, cors = [], onFailure = (error: unknown) => console.error(error) } = known;
  if (!Array.isArray(backends) || backends.length === 0 || backends.some((name) => !servedBackends.includes(name))) {
    throw new RangeError(`Cannot use "backends": expected some of ${servedBackends.join(", ")}, received ${backends}.`);
  }
  if (!Array.isArray(cors) || cors.some((origin) => typeof origin !== "string")) {
    throw new RangeError(`Cannot use "cors": expected an array of origins, received ${cors}.`);
  }
  return { ...limits as Required<ServerLimits>, backends, cors, onFailure };
}

/** The name of a setting in the environment: `bodyLimitBytes` is `MINIMA_BODY_LIMIT_BYTES`. */
export function environmentName(name: string): string {
  return `MINIMA_${name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase()}`;
}

/**
 * The settings that environment variables give.
 *
 * @throws {RangeError} naming the variable that is out of its range
 */
export function optionsFromEnvironment(environment: Readonly<Record<string, string | undefined>>): ServerOptions {
  const found: Record<string, unknown> = {};
  for (const name of limitNames) {
    const variable = environmentName(name), text = environment[variable];
    if (text === undefined || text === "") continue;
    found[name] = checkOption(serverLimits[name], Number(text), variable, subject);
  }
  const listOf = (text: string) => text.split(",").map((item) => item.trim()).filter(Boolean);
  for (const name of ["backends", "cors"]) {
    const text = environment[environmentName(name)];
    if (text) found[name] = listOf(text);
  }
  return found;
}
