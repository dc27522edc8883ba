import { capabilities } from "../solvers/core/mod.ts";
import { completeOptions, type ServerOptions, type Settings } from "./options.ts";
import { createUploads } from "./body.ts";
import { acceptsGzip, compressed } from "./compression.ts";
import { createInlineSolver } from "./inline_solver.ts";
import type { Solver } from "./job.ts";
import { createMetrics, metricsType } from "./metrics.ts";
import { Problem, quoted, toProblem } from "./problem.ts";
import { loadRoute, type ServiceRoute } from "./route.ts";
import { runtime } from "./runtime.ts";
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
  /**
   * Starts what solves, a worker for each place up to four, so that the first requests find it there: a service that listens
   * calls it before. Where there are no workers it only loads what solves.
   */
  prepare(): Promise<void>;
  /**
   * Takes no more solves, waits for those under way as long as `drainMs` says, and ends the workers. `/readyz` says 503
   * from the first moment on.
   */
  close(): Promise<void>;
}

/** What a service offers, and its settings. */
export interface ServiceOptions extends ServerOptions {
  /** The solvers: what is not named here is not in a bundle either. */
  readonly routes: readonly ServiceRoute[];
  /** Answers other requests with the assets of a page, where it has one. @default no page */
  readonly page?: (request: Request) => Promise<Response | undefined>;
  /** Makes what solves, at the first request for it. @default on the thread that calls */
  readonly solver?: (settings: Settings) => Promise<Solver | undefined>;
}

/**
 * Makes an HTTP service of chosen routes: the solvers under `/v1/`, and their description at `/openapi.json`.
 *
 * @throws {RangeError} for an option that is not known or out of its range
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
export function createService({ routes, page, solver: makeSolver, ...options }: ServiceOptions): App {
  const settings = completeOptions(options);
  const slots = createSlots(settings), uploads = createUploads(settings), metrics = createMetrics();
  const app = new Hono<{ Bindings: { keepAlive: (work: Promise<unknown>) => void } }>();
  let solving: Promise<Solver> | undefined, solver: Solver | undefined, ended = false;
  const solverOf = () => {
    const inline = () => createInlineSolver(routes, settings.onFailure);
    return solving ??= (async () => solver = await makeSolver?.(settings) ?? inline())();
  };
  const document = async () => {
    const { openApi } = await import("./openapi.ts");
    return openApi(await Promise.all(routes.map(loadRoute)), settings);
  };

  app.use(async (context, next) => {
    await next();
    const { path, method } = context.req;
    const known = app.routes.some((route) => route.path === path && route.method !== "ALL");
    metrics.answered(known || path === "/" && context.res.ok ? path : "other", method, context.res.status);
    context.header("x-content-type-options", "nosniff");
    for (const [name, value] of Object.entries(corsHeaders(context.req.raw, settings.cors))) {
      context.header(name, value);
    }
  });
  app.get("/healthz", (context) => context.json({ status: "ok" }));
  app.get("/readyz", (context) => {
    const { solving, waiting } = slots.usage();
    if (ended) return new Problem(503, "The service is about to end.").response();
    if (settings.queue > 0 && waiting >= settings.queue) return new Problem(503, "The queue is full.").response();
    return context.json({ status: "ready", solving, waiting });
  });
  app.get("/openapi.json", async (context) => shortened(context.req.raw, context.json(await document())));
  app.get("/docs", async (context) => {
    const { documentPage } = await import("./docs.ts");
    return await shortened(context.req.raw, await documentPage(await document()));
  });
  app.get("/metrics", (context) => {
    const text = metrics.text({ slots, uploads, solver: solver?.usage(), settings });
    return context.body(text, 200, { "content-type": metricsType, "cache-control": "no-store" });
  });
  app.get("/v1/capabilities", async (context) => {
    const { onFailure: _, ...limits } = settings;
    return context.json({ ...await capabilities(), limits });
  });
  for (const { path } of routes) {
    app.post(path, async (context) => {
      const { keepAlive } = context.env;
      const solver = await solverOf();
      return await answerSolve(path, context.req.raw, { settings, slots, uploads, solver, metrics, keepAlive });
    });
  }
  if (page) {
    app.get("*", async (context, next) => {
      const asset = await page(context.req.raw);
      return asset ? await shortened(context.req.raw, asset) : await next();
    });
  }
  app.notFound(async (context) => {
    const { method, path } = context.req;
    const { origin } = new URL(context.req.raw.url);
    const allowed = app.routes.filter((known) => known.path === path && known.method !== "ALL").map(({ method }) =>
      method
    );
    if (page && await page(new Request(`${origin}${path}`))) allowed.push("GET");
    if (method === "OPTIONS" && allowed.length > 0) {
      return new Response(null, { status: 204, headers: { allow: allowed.join(", ") } });
    }
    if (allowed.length === 0) return new Problem(404, `There is nothing at ${quoted(path)}.`).response();
    const allow = [...new Set(allowed)].join(", ");
    return new Problem(405, `${quoted(path)} takes ${allow}, not ${quoted(method)}.`, { headers: { allow } })
      .response();
  });
  app.onError((error, context) => toProblem(error, context.req.raw.signal, settings.onFailure).response());

  return {
    async fetch(request, _environment, context) {
      const keepAlive = (work: Promise<unknown>) => context?.waitUntil?.(work.catch(() => {}));
      const response = Promise.resolve(app.fetch(request, { keepAlive }));
      // A request that its client gave up must still end by itself, to give back its place and its memory.
      keepAlive(response);
      return await response;
    },
    async prepare() {
      await (await solverOf()).prepare?.();
    },
    async close() {
      ended = true;
      slots.close();
      const until = performance.now() + settings.drainMs;
      while (slots.usage().solving > 0 && performance.now() < until) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      (await solving)?.close();
    },
  };
}

/** What lets pages of other origins call the service. */
function corsHeaders(request: Request, allowed: readonly string[]): Record<string, string> {
  if (allowed.length === 0) return {};
  const origin = request.headers.get("origin");
  const any = allowed.includes("*");
  if (origin === null || !any && !allowed.includes(origin)) return {};
  return {
    "access-control-allow-origin": any ? "*" : origin,
    "access-control-allow-methods": "GET, POST, OPTIONS",
    "access-control-allow-headers": "content-type, accept",
    "access-control-expose-headers": "retry-after",
    "access-control-max-age": "86400",
    "vary": "origin, accept, accept-encoding",
  };
}

/** The same response, compressed where its client takes that. */
async function shortened(request: Request, response: Response): Promise<Response> {
  if (!acceptsGzip(request.headers) || response.status !== 200 || runtime() === "workerd") return response;
  const parts = await compressed([new Uint8Array(await response.clone().arrayBuffer())]);
  if (!parts) return response;
  const headers = new Headers(response.headers);
  headers.set("content-encoding", "gzip");
  headers.set("vary", "accept-encoding");
  headers.delete("content-length");
  return new Response(new Blob(parts), { headers });
}
