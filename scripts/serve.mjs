/** The service as `npm start` runs it, once all is built. Plain Node, as `run.mjs` is. */

import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));

/** The service itself as the only child, told of the signals to end, and its exit status as that of this process. */
export function serve(options) {
  const permissions = ["--allow-net", "--allow-env", "--allow-read", "--allow-sys"];
  const child = spawn(`${root}/node_modules/deno/${process.platform === "win32" ? "deno.exe" : "deno"}`, [
    "run",
    "--quiet",
    ...permissions,
    "server/entry/deno.ts",
    ...options,
  ], { cwd: root, stdio: "inherit" });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => child.kill(signal));
  // The shell between npm and this process passes no signal on; it ends.
  const parent = process.ppid;
  setInterval(() => process.ppid === parent || child.kill("SIGTERM"), 500).unref();
  child.on("error", (error) => {
    throw error;
  });
  child.on("exit", (status) => process.exit(status ?? 1));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) serve(process.argv.slice(2));
