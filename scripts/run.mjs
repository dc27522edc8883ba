/**
 * What `npm test` and `npm start` run: installs the dependencies when they are missing or differ from the lock file,
 * then runs the Deno task of that name. Plain Node, because nothing else is there yet on a fresh clone.
 */

import { spawnSync } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const [task, ...options] = process.argv.slice(2);

if (!installed()) run(process.env.npm_execpath ? [process.execPath, process.env.npm_execpath] : ["npm"], ["ci"]);
const deno = [process.execPath, "node_modules/deno/bin.cjs"];
if (task === "start") {
  run(deno, ["task", "--quiet", "build"]);
  const { serve } = await import("./serve.mjs");
  serve(options);
} else {
  run(deno, ["task", task, ...options]);
}

/** npm keeps a copy of the lock file in `node_modules`; entries for other platforms are missing from it. */
function installed() {
  const copy = `${root}/node_modules/.package-lock.json`;
  if (!existsSync(copy)) return false;
  const wanted = packages(`${root}/package-lock.json`), found = packages(copy);
  return Object.entries(wanted).every(([path, { version, optional }]) =>
    path === "" || (found[path] ? found[path].version === version : optional)
  );
}

function packages(file) {
  return JSON.parse(readFileSync(file, "utf8")).packages;
}

function run([command, ...first], rest) {
  const { status, error } = spawnSync(command, [...first, ...rest], { cwd: root, stdio: "inherit" });
  if (error) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
