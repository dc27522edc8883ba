import process from "node:process";
import { type App, createApp } from "../mod.ts";

/** Bun serves what its main module exports; its idle timeout would cut off solves that are silent for long. */
const server: App & { port: number; idleTimeout: number } = {
  ...createApp(),
  port: Number(process.env.PORT ?? 8000),
  idleTimeout: 0,
};
export default server;
