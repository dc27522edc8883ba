import process from "node:process";
import { createApp, optionsFromEnvironment } from "../mod.ts";
import { addressFromEnvironment, endBySignal } from "./address.ts";

interface BunServer {
  readonly url: URL;
  stop(closeActiveConnections?: boolean): Promise<void>;
}

interface BunHost {
  readonly main: string;
  serve(options: object): BunServer;
}

const { Bun } = globalThis as unknown as { Bun: BunHost };
const app = createApp(optionsFromEnvironment(process.env));

/**
 * What Bun serves. Its idle timeout, of at most 255 s, would cut off solves that are silent for longer, and its own limit
 * of the body closes the connection without an answer: the service refuses long bodies itself, and says so.
 */
const server: { fetch(request: Request): Promise<Response>; idleTimeout: number; maxRequestBodySize: number } = {
  fetch: (request) => {
    // Without a host there is no address that a request could be about; Bun takes any, and CONNECT.
    if (request.headers.get("host") === "" || !URL.canParse(request.url)) {
      return Promise.resolve(new Response("The Host of the request is none.\n", { status: 400 }));
    }
    return app.fetch(request);
  },
  idleTimeout: 255,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
};
export { server };

if ((import.meta as { main?: boolean }).main) {
  const { host, port } = addressFromEnvironment();
  try {
    const listening = Bun.serve({ ...server, hostname: host, port });
    console.log(`Minima is at ${listening.url}`);
    endBySignal(async () => {
      const stopped = listening.stop();
      await app.close();
      await Promise.race([stopped, new Promise((resolve) => setTimeout(resolve, 250))]);
      await listening.stop(true);
    });
  } catch (error) {
    const cause = (error as { code?: string }).code === "EADDRINUSE"
      ? "another program listens there"
      : (error as Error).message;
    console.error(`Cannot listen on ${host}, port ${port}: ${cause}.`);
    process.exit(1);
  }
}
