import { type App, createService } from "./app.ts";
import { completeOptions, type ServerOptions } from "./options.ts";
import { routes } from "./routes/mod.ts";

/**
 * Makes the HTTP service of every solver: each under `/v1/`, their description at `/openapi.json`, and the playground at
 * `/`. What a request needs is loaded when it comes.
 *
 * Solves run in worker threads where the runtime has them (Deno, Node, Bun), so that nothing that a request asks for keeps
 * the service from answering others.
 *
 * @throws {RangeError} for an option that is not known or out of its range
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
    solver: async (settings) => await (await import("./workers.ts")).createWorkerSolver(settings),
    page: async (request) => (await import("./page.ts")).pageAsset(request),
  });
}
