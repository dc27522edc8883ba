import process from "node:process";
import { type ServerLimits, serverLimits } from "../../server/limits.ts";
import { command, type FlagSpec, UsageError } from "../command.ts";

/** Limits by the names of their flags: `--body-limit-bytes` is `bodyLimitBytes`. */
const limits = new Map(
  (Object.keys(serverLimits) as (keyof ServerLimits)[])
    .map((name) => [name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`), name]),
);

const limitFlags: { readonly [name: string]: FlagSpec & { readonly kind: "number" } } = Object.fromEntries(
  [...limits].map(([flag, name]) => {
    const { about, unit, default: value } = serverLimits[name];
    const said = name === "threads" ? "the processors" : value;
    const sentence = `${about.charAt(0).toLowerCase()}${about.slice(1, -1)} (default: ${said})`;
    return [flag, { kind: "number", value: (unit ?? "number").toUpperCase(), about: sentence }];
  }),
);

/** `minima serve`: the HTTP service, until Ctrl-C or SIGTERM. */
export const serve = command({
  name: "serve",
  summary: "answer over HTTP, with a playground at /",
  usage: "[--port NUMBER] [options]",
  details: `
Serves the solvers over HTTP: /openapi.json describes the interface, and / is a page to try it on. Without --host only
this machine is answered. What no flag says, the environment may: PORT, HOST, and MINIMA_BODY_LIMIT_BYTES for
--body-limit-bytes, and so on. The package's own installation leaves out what serving needs:

  npm install hono @hono/node-server`,
  operands: [0, 0],
  options: {
    port: { kind: "number", value: "NUMBER", about: "port to listen on, 0 for any that is free (default: 8000)" },
    host: { kind: "text", value: "ADDRESS", about: "address to listen on, 0.0.0.0 for all (default: 127.0.0.1)" },
    "time-limit": { kind: "number", value: "SECONDS", about: "the same as --time-limit-ms, in seconds" },
    backends: {
      kind: "text",
      value: "NAMES",
      about: "backends that requests may use, with commas between (default: all)",
    },
    cors: { kind: "text", value: "ORIGINS", about: "origins whose pages may call, with commas between; * for any" },
    ...limitFlags,
  },
  async run({ options, terminal, signal }) {
    const { PORT, HOST } = process.env;
    const { port = PORT ? Number(PORT) : 8000, host = HOST || "127.0.0.1", "time-limit": seconds } = options;
    if (!Number.isInteger(port) || port < 0 || port > 65535) {
      throw new UsageError(`Option --port needs a whole number from 0 to 65535, received ${port}.`);
    }
    if (seconds !== undefined && !(seconds > 0)) {
      throw new UsageError(`Option --time-limit needs a number > 0, received ${seconds}.`);
    }
    const given = options as Readonly<Record<string, number | undefined>>;
    for (const [flag, name] of limits) {
      const value = given[flag], { least, most, above } = serverLimits[name];
      if (value === undefined || (above ? value > least : value >= least) && value <= most) continue;
      throw new UsageError(`Option --${flag} needs a number ${above ? ">" : ">="} ${least}, received ${value}.`);
    }
    // Loaded here, because no other command needs a server; those who do not serve need not install its packages.
    const { listen } = await import("../../server/entry/listen.ts").catch((cause) => {
      if (cause?.code !== "ERR_MODULE_NOT_FOUND") throw cause;
      throw new UsageError(
        'Cannot serve: expected the packages "hono" and "@hono/node-server", which are not installed.',
      );
    });
    const { createApp, optionsFromEnvironment } = await import("../../server/mod.ts");
    const listOf = (text: string) => text.split(",").map((item) => item.trim()).filter(Boolean);
    const app = withUsage(() =>
      createApp({
        ...optionsFromEnvironment(process.env),
        ...Object.fromEntries(
          [...limits].flatMap(([flag, name]) => given[flag] === undefined ? [] : [[name, given[flag]]]),
        ),
        ...(seconds !== undefined && { timeLimitMs: seconds * 1000 }),
        ...(options.backends !== undefined && { backends: listOf(options.backends) as never }),
        ...(options.cors !== undefined && { cors: listOf(options.cors) }),
      })
    );
    const { url, close } = await listen(app, { host, port }).catch((error) => {
      throw new UsageError((error as Error).message);
    });
    terminal.print(`Minima is at ${url}`);
    terminal.note("Ctrl-C ends it.");
    await new Promise<void>((resolve, reject) => {
      const end = () => close().then(resolve, reject);
      signal.addEventListener("abort", end);
      process.once("SIGTERM", end);
    });
  },
});

function withUsage<T>(make: () => T): T {
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}
