import { type App, createService } from "./app.ts";
import { completeOptions, type ServerOptions } from "./options.ts";
import { routes } from "./routes/mod.ts";

/**
 * Makes the HTTP service of every solver: each under `/v1/`, their description at `/openapi.json`, and the playground at
 * `/`. What a request needs is loaded when it comes.
 *
 * @throws {RangeError} for an option that is not known, and a limit that is not a positive number
 *
 * @example
 * ```ts
 * import { createApp } from "@minima/minima/server";
 * const app = createApp({ concurrency: 2 });
 * const response = await app.fetch(new Request("http://localhost/healthz"));
 * if (response.status !== 200) throw new Error("not healthy");
 * ```
 */
export function createApp(options: ServerOptions = {}): App {
  return createService({
    ...completeOptions(options),
    routes,
    page: async (request) => (await import("./page.ts")).pageAsset(request),
  });
}
