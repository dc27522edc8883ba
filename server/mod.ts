/**
 * The HTTP service.
 *
 * @module
 */

export { type App, createService, type LazyRoute, type RequestContext, type ServiceOptions } from "./app.ts";
export { createApp } from "./full.ts";
export type { ServerOptions } from "./options.ts";
