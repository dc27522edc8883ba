import { checkNames } from "../solvers/core/resolve_options.ts";

/** Settings of the service; all optional. */
export interface ServerOptions {
  /** Largest request body, in bytes. @default 67108864 */
  readonly bodyLimitBytes?: number;
  /** Time in which the whole body must have arrived, in milliseconds. @default 60000 */
  readonly uploadLimitMs?: number;
  /** Longest solve, in milliseconds: one that takes longer answers with its best so far. @default 60000 */
  readonly timeLimitMs?: number;
  /**
   * Requests that may hold data and solve at the same time; more are refused with 503. Together with
   * `bodyLimitBytes` it bounds the memory of the service.
   *
   * @default 4
   */
  readonly concurrency?: number;
  /** Is told of failures that are the service's own fault. @default console.error */
  readonly onFailure?: (error: unknown) => void;
}

/** The settings with every default filled in. */
export type Settings = Required<ServerOptions>;

/**
 * Fills in the defaults.
 *
 * @throws {RangeError} for an option that is not known, and a limit that is not a positive number
 */
export function completeOptions(options: ServerOptions): Settings {
  const known = checkNames(
    options,
    { bodyLimitBytes: true, uploadLimitMs: true, timeLimitMs: true, concurrency: true, onFailure: true },
    "the service",
  );
  const settings: Settings = {
    bodyLimitBytes: 64 * 2 ** 20,
    uploadLimitMs: 60_000,
    timeLimitMs: 60_000,
    concurrency: 4,
    onFailure: (error) => console.error(error),
    // An option that is there but undefined is one that was left out.
    ...Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined)),
  };
  for (const name of ["bodyLimitBytes", "uploadLimitMs", "timeLimitMs", "concurrency"] as const) {
    if (!(settings[name] > 0)) {
      throw new RangeError(`Cannot use "${name}": expected a number > 0, received ${settings[name]}.`);
    }
  }
  return settings;
}
