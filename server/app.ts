import { capabilities } from "../mod.ts";
import { openApi } from "./openapi.ts";
import { completeOptions, type ServerOptions } from "./options.ts";
import { pageAsset } from "./page.ts";
import { Problem, toProblem } from "./problem.ts";
import { routes } from "./routes/mod.ts";
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

/**
 * Makes the HTTP service: the solvers under `/v1/`, their description at `/openapi.json`, and the playground at `/`.
 *
 * @throws {RangeError} when a limit is not a positive number
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
  const settings = completeOptions(options);
  const slots = createSlots(settings.concurrency);
  const app = new Hono<{ Bindings: { keepAlive: (work: Promise<unknown>) => void } }>();

  app.use(async (context, next) => {
    await next();
    context.header("x-content-type-options", "nosniff");
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/openapi.json", (context) => context.json(openApi(routes)));
  app.get("/v1/capabilities", async (context) => context.json(await capabilities()));
  for (const route of routes) {
    app.post(route.path, (context) => {
      const { keepAlive } = context.env;
      return answerSolve(route, context.req.raw, { settings, slots, keepAlive });
    });
  }
  app.get("*", (context, next) => pageAsset(context.req.raw) ?? next());
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
