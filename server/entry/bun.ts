import process from "node:process";
import { type App, createApp } from "../mod.ts";

/**
 * Bun serves what its main module exports. Its idle timeout would cut off solves that are silent for long, and its own
 * limit of the body closes the connection without an answer: the service refuses long bodies itself, and says so.
 */
const server: App & { port: number; idleTimeout: number; maxRequestBodySize: number } = {
  ...createApp(),
  port: Number(process.env.PORT ?? 8000),
  idleTimeout: 0,
  maxRequestBodySize: Number.MAX_SAFE_INTEGER,
};
export default server;
