/** The service behind Node's server, which Deno has too: how it listens, and how it ends. @module */

import { serve, type ServerType } from "@hono/node-server";
import type { App } from "../app.ts";

/** Where to listen. */
export interface Address {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
}

/** A service that listens. */
export interface Listening {
  /** Its address, as people type it. */
  readonly url: string;
  /** Takes no more connections, lets the requests under way end, and then ends. Idempotent. */
  close(): Promise<void>;
}

/** A connection that says nothing is closed after so long. */
const idleMs = 60_000;

/**
 * Listens; it is said once all is ready for requests, because Deno's thread stands still while it starts a worker.
 *
 * @throws {Error} whose message says in words why that is not possible
 */
export function listen(app: App, { host, port }: Address): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const server: ServerType = serve({ fetch: (request) => app.fetch(request), port, hostname: host }, (address) => {
      const name = host.includes(":") ? `[${host}]` : host;
      let closing: Promise<void> | undefined;
      const listening = { url: `http://${name}:${address.port}/`, close: () => closing ??= close(app, server) };
      // A worker that does not start is told of where one is needed.
      app.prepare().catch(() => {}).then(() => resolve(listening));
    });
    const idle = server as unknown as Partial<
      { keepAliveTimeout: number; headersTimeout: number; requestTimeout: number }
    >;
    [idle.keepAliveTimeout, idle.headersTimeout, idle.requestTimeout] = [5000, 30_000, 0];
    // A solve may be silent for long; what has no request under way may not.
    server.on("connection", (socket: Socket) => watchIdle(socket));
    server.on("error", (error: Error & { code?: string }) => {
      const cause = causes[error.code ?? ""] ?? error.message;
      reject(new Error(`Cannot listen on ${host}, port ${port}: ${cause}.`));
    });
  });
}

interface Socket {
  readonly bytesRead?: number;
  destroy?(): void;
  once?(event: "data" | "close", listener: () => void): void;
}

/** Closes a connection on which no request ever begins. */
function watchIdle(socket: Socket): void {
  if (!socket.once || !socket.destroy) return;
  const timer = setTimeout(() => {
    if ((socket.bytesRead ?? 0) === 0) socket.destroy?.();
  }, idleMs);
  (timer as { unref?: () => void }).unref?.();
  socket.once("close", () => clearTimeout(timer));
}

async function close(app: App, server: ServerType): Promise<void> {
  const closed = new Promise<void>((resolve) => void server.close(() => resolve()));
  const idle = server as { closeIdleConnections?: () => void; closeAllConnections?: () => void };
  idle.closeIdleConnections?.();
  await app.close();
  // What was answered last is still on its way.
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 250))]);
  idle.closeAllConnections?.();
  await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, 1000))]);
}

const causes: Readonly<Record<string, string>> = {
  EADDRINUSE: "another program listens there",
  EACCES: "permission denied",
  EADDRNOTAVAIL: "this machine has no such address",
  ENOTFOUND: "no such address",
};
