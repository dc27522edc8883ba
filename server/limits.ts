/** The limits of the service: one table, from which options, environment variables and flags follow. @module */

import { integer, number, type NumberOption } from "../solvers/core/options.ts";
import { runtime } from "./runtime.ts";

/** Limits of the service, as numbers. */
export interface ServerLimits {
  /** Largest binary body, in bytes. @default 268435456, on workerd 12582912 */
  readonly bodyLimitBytes?: number;
  /** Largest JSON body, in bytes: arrays of any size travel as safetensors. @default 8388608, on workerd 2097152 */
  readonly jsonLimitBytes?: number;
  /** Bodies that may arrive at the same time. @default 256 */
  readonly uploads?: number;
  /** Bytes of bodies beyond a mebibyte each that may be held while they arrive or wait. @default 1073741824 */
  readonly uploadBudgetBytes?: number;
  /** Time in which the whole body must have arrived, in milliseconds. @default 300000 */
  readonly uploadLimitMs?: number;
  /** Least bytes a second of a body, after its first five seconds. @default 4096 */
  readonly uploadRate?: number;
  /** Longest solve, in milliseconds: one that takes longer answers with its best so far. @default 60000 */
  readonly timeLimitMs?: number;
  /** Requests that may solve at the same time. @default 4, on workerd 1 */
  readonly concurrency?: number;
  /** Requests that may wait for a place; more are refused with 503. @default 256, on workerd 0 */
  readonly queue?: number;
  /** Longest wait for a place, in milliseconds. @default 15000 */
  readonly queueLimitMs?: number;
  /** Most threads of a solve. @default the processors */
  readonly threads?: number;
  /** Working memory of one solve, in bytes. @default 4294967296, on workerd 58720256 */
  readonly memoryLimitBytes?: number;
  /** Working memory of a solve with the reference kernels, in bytes. @default 1073741824, on workerd 58720256 */
  readonly referenceLimitBytes?: number;
  /** How long a worker without work is kept with its memory, in milliseconds. @default 10000 */
  readonly idleMs?: number;
  /** How long requests under way may go on once the service is told to end, in milliseconds. @default 30000 */
  readonly drainMs?: number;
  /** Between two signs of life in a stream of events, in milliseconds. @default 15000 */
  readonly heartbeatMs?: number;
}

const onEdge = runtime() === "workerd", mebibyte = 2 ** 20;
const bytes = { least: 1, most: 2 ** 40, unit: "bytes" } as const;
const time = { least: 0, above: true, most: 1e9, unit: "ms" } as const;

/** The numbers among them. */
export const serverLimits: {
  readonly [Name in keyof Required<ServerLimits>]: NumberOption & { readonly default: number };
} = {
  bodyLimitBytes: integer({ ...bytes, default: (onEdge ? 12 : 256) * mebibyte, about: "Largest binary body." }),
  jsonLimitBytes: integer({ ...bytes, default: (onEdge ? 2 : 8) * mebibyte, about: "Largest JSON body." }),
  uploads: integer({ least: 1, most: 1e6, default: 256, about: "Bodies that may arrive at the same time." }),
  uploadBudgetBytes: integer({
    ...bytes,
    default: 1024 * mebibyte,
    about: "Bytes of bodies that may be held at once.",
  }),
  uploadLimitMs: number({ ...time, default: 300_000, about: "Time in which a body must have arrived." }),
  uploadRate: number({ least: 0, most: 1e12, default: 4096, unit: "bytes/s", about: "Least rate of a body." }),
  timeLimitMs: number({ ...time, default: 60_000, about: "Longest solve; the best answer by then is sent." }),
  concurrency: integer({ least: 1, most: 1024, default: onEdge ? 1 : 4, about: "Requests that may solve at once." }),
  queue: integer({ least: 0, most: 1e6, default: onEdge ? 0 : 256, about: "Requests that may wait for a place." }),
  queueLimitMs: number({ ...time, default: 15_000, about: "Longest wait for a place." }),
  threads: integer({ least: 1, most: 1024, default: processors(), about: "Most threads of a solve." }),
  memoryLimitBytes: integer({
    least: mebibyte,
    most: 2 ** 32,
    unit: "bytes",
    default: onEdge ? 56 * mebibyte : 2 ** 32,
    about: "Working memory of a solve.",
  }),
  referenceLimitBytes: integer({
    least: mebibyte,
    most: 2 ** 40,
    unit: "bytes",
    default: (onEdge ? 56 : 1024) * mebibyte,
    about: "Working memory of a solve with the reference kernels.",
  }),
  idleMs: number({ ...time, default: 10_000, about: "How long a worker without work keeps its memory." }),
  drainMs: number({ ...time, default: 30_000, about: "How long requests may go on when the service is told to end." }),
  heartbeatMs: number({ ...time, default: 15_000, about: "Between signs of life in a stream of events." }),
};

function processors(): number {
  const host = globalThis as { navigator?: { hardwareConcurrency?: number } };
  const { process } = globalThis as unknown as {
    process?: { getBuiltinModule?: (name: "node:os") => { availableParallelism(): number } };
  };
  return host.navigator?.hardwareConcurrency ?? process?.getBuiltinModule?.("node:os").availableParallelism() ?? 1;
}
