import { command, UsageError } from "../command.ts";

/** `minima serve`: the HTTP service, until Ctrl-C. */
export const serve = command({
  name: "serve",
  summary: "answer over HTTP, with a playground at /",
  usage: "[--port NUMBER] [options]",
  details: `
Serves the solvers over HTTP: /openapi.json describes the interface, and / is a page to try it on. Without --host only
this machine is answered. The package's own installation leaves out what serving needs:

  npm install hono @hono/node-server`,
  operands: [0, 0],
  options: {
    port: { kind: "number", value: "NUMBER", about: "port to listen on, 0 for any that is free (default: 8000)" },
    host: { kind: "text", value: "ADDRESS", about: "address to listen on, 0.0.0.0 for all (default: 127.0.0.1)" },
    concurrency: { kind: "number", value: "COUNT", about: "requests that may solve at the same time (default: 4)" },
    "time-limit": {
      kind: "number",
      value: "SECONDS",
      about: "longest solve; the best answer by then is sent (default: 60)",
    },
  },
  async run({ options, terminal, signal }) {
    const { port = 8000, host = "127.0.0.1", concurrency, "time-limit": seconds } = options;
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new UsageError(`Option --port needs a whole number from 0 to 65535, received ${port}.`);
    }
    for (const name of ["concurrency", "time-limit"] as const) {
      const value = options[name];
      if (value !== undefined && !(value > 0)) {
        throw new UsageError(`Option --${name} needs a number > 0, received ${value}.`);
      }
    }
    // Loaded here, because no other command needs a server; those who do not serve need not install its packages.
    const { serve } = await import("@hono/node-server").catch((cause) => {
      if (cause?.code !== "ERR_MODULE_NOT_FOUND") throw cause;
      throw new UsageError(
        'Cannot serve: expected the packages "hono" and "@hono/node-server", which are not installed.',
      );
    });
    const { createApp } = await import("../../server/mod.ts");
    const app = createApp({
      ...(concurrency !== undefined && { concurrency }),
      ...(seconds !== undefined && { timeLimitMs: seconds * 1000 }),
    });
    await new Promise<void>((resolve, reject) => {
      const server = serve({ fetch: (request) => app.fetch(request), port, hostname: host }, (address) => {
        const name = host.includes(":") ? `[${host}]` : host;
        terminal.print(`Minima is at http://${name}:${address.port}/`);
        terminal.note("Ctrl-C ends it.");
      });
      server.on("error", (error: Error & { code?: string }) => {
        const cause = listenCauses[error.code ?? ""] ?? error.message;
        reject(new UsageError(`Cannot listen on ${host}, port ${port}: ${cause}.`));
      });
      signal.addEventListener("abort", () => {
        server.close(() => resolve());
        if ("closeAllConnections" in server) server.closeAllConnections();
      });
    });
  },
});

const listenCauses: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such address",
};
