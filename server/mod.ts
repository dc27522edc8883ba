/**
 * The HTTP service.
 *
 * @module
 */

export { type App, createService, type RequestContext, type ServiceOptions } from "./app.ts";
export { createApp } from "./full.ts";
export type { ServiceRoute } from "./route.ts";
export type { ServerOptions } from "./options.ts";
