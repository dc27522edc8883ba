/**
 * The HTTP service.
 *
 * @module
 */

export { type App, createService, type RequestContext, type ServiceOptions } from "./app.ts";
export { createApp } from "./full.ts";
export type { LazyRoute, ServiceRoute } from "./route.ts";
export {
  environmentName,
  optionsFromEnvironment,
  type ServedBackend,
  type ServerOptions,
  type Settings,
} from "./options.ts";
export { type ServerLimits, serverLimits } from "./limits.ts";
export type { Answer, Hold, Job, SolveLimits, Solver, SolverUsage, WorkerEnd } from "./job.ts";
export type { ArrayForm } from "./answer.ts";
export type { NumberOption, ProgressEvent } from "../solvers/core/mod.ts";
