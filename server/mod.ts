/**
 * The HTTP service.
 *
 * @module
 */

export { type App, createApp, type RequestContext } from "./app.ts";
export type { ServerOptions } from "./options.ts";
