import { capabilities } from "../solvers/core/mod.ts";
import { completeOptions, type ServerOptions } from "./options.ts";
import { Problem, toProblem } from "./problem.ts";
import type { Route, ServiceRoute } from "./route.ts";
import { createSlots } from "./slots.ts";
import { answerSolve } from "./solve.ts";

// Those who only want the library do not install the router.
const { Hono } = await import("hono").catch((cause) => {
  if (cause?.code !== "ERR_MODULE_NOT_FOUND") throw cause;
  throw new Error('Cannot load the HTTP service: expected the package "hono", which is not installed.', { cause });
});

/** What runtimes may hand over with a request to outlive it (Cloudflare's `ExecutionContext`). */
export interface RequestContext {
  /** Keeps the runtime from dropping the work when the request ends. */
  waitUntil?(work: Promise<unknown>): void;
}

/** The service, as every runtime's server wants it. */
export interface App {
  /** Answers one request. */
  fetch(request: Request, environment?: unknown, context?: RequestContext): Promise<Response>;
}

/** A route that is loaded when the first request comes for it. */
export interface LazyRoute extends ServiceRoute {
  /** Loads it. */
  load(): Promise<ServiceRoute>;
}

/** What a service offers, and its settings. */
export interface ServiceOptions extends ServerOptions {
  /** The solvers: what is not named here is not in a bundle either. */
  readonly routes: readonly ServiceRoute[];
  /** Answers other requests with the assets of a page, where it has one. @default no page */
  readonly page?: (request: Request) => Promise<Response | undefined>;
}

/**
 * Makes an HTTP service of chosen routes: the solvers under `/v1/`, and their description at `/openapi.json`.
 *
 * @throws {RangeError} for an option that is not known, and a limit that is not a positive number
 *
 * @example
 * ```ts
 * import { createService } from "@minima/minima/server";
 * import { sparseRegressionRoute } from "@minima/minima/server/routes/sparse-regression";
 * const service = createService({ routes: [sparseRegressionRoute] });
 * const response = await service.fetch(new Request("http://localhost/v1/quantize-layer", { method: "POST" }));
 * if (response.status !== 404) throw new Error("was not chosen");
 * ```
 */
export function createService({ routes, page, ...options }: ServiceOptions): App {
  const settings = completeOptions(options);
  const slots = createSlots(settings.concurrency);
  const app = new Hono<{ Bindings: { keepAlive: (work: Promise<unknown>) => void } }>();

  app.use(async (context, next) => {
    await next();
    context.header("x-content-type-options", "nosniff");
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/openapi.json", async (context) => {
    const { openApi } = await import("./openapi.ts");
    return context.json(openApi(await Promise.all(routes.map(loaded))));
  });
  app.get("/v1/capabilities", async (context) => context.json(await capabilities()));
  for (const route of routes) {
    app.post(route.path, async (context) => {
      const { keepAlive } = context.env;
      return await answerSolve(await loaded(route), context.req.raw, { settings, slots, keepAlive });
    });
  }
  if (page) app.get("*", async (context, next) => await page(context.req.raw) ?? await next());
  app.notFound((context) => {
    const { method, path } = context.req;
    const allowed = app.routes.filter((known) => known.path === path).map((known) => known.method);
    if (allowed.length === 0) return new Problem(404, `There is nothing at ${path}.`).response();
    const allow = allowed.join(", ");
    return new Problem(405, `${path} takes ${allow}, not ${method}.`, { headers: { allow } }).response();
  });
  app.onError((error, context) => toProblem(error, context.req.raw.signal, settings.onFailure).response());

  return {
    async fetch(request, _environment, context) {
      const keepAlive = (work: Promise<unknown>) => context?.waitUntil?.(work.catch(() => {}));
      const response = Promise.resolve(app.fetch(request, { keepAlive }));
      // A request that its client gave up must still end by itself, to give back its slot and its memory.
      keepAlive(response);
      return await response;
    },
  };
}

async function loaded(route: ServiceRoute): Promise<Route> {
  return ("load" in route ? await (route as LazyRoute).load() : route) as Route;
}
