/**
 * Bundles the service for workerd (Cloudflare Workers) into `build/worker/`: `worker.js`, and beside it the kernels as
 * `.wasm`, which workerd compiles itself. `--system=NAME` makes a service of the routes of one system, in
 * `build/worker-NAME/`.
 */

import { mkdir, readdir, readFile, rm } from "node:fs/promises";
import { parseArgs } from "node:util";
import { gzipSync } from "node:zlib";
import process from "node:process";
import { build, stop } from "esbuild";
import { copyModules, edgeOptions, familiesOf, givingModules } from "./edge.ts";
import { systems } from "./systems.ts";

/**
 * The most of a service with one system, compressed; of one with them all, the most that Cloudflare takes for nothing.
 */
const limitBytes = { one: 150 * 1024, all: 3 * 1024 * 1024 };

const { values: { system } } = parseArgs({ args: process.argv.slice(2), options: { system: { type: "string" } } });
const expected = systems();
if (system !== undefined && !expected.includes(system)) {
  console.error(`Cannot use "--system": expected ${expected.join(", ")}, received ${system}.`);
  process.exit(2);
}
const output = system === undefined ? "build/worker" : `build/worker-${system}`;

await rm(output, { recursive: true, force: true });
await mkdir(output, { recursive: true });
const contents = await entryText(system);
// The first pass tells which families the routes reach.
const probe = await bundle(contents, false);
const families = familiesOf(probe.metafile, "<stdin>");
await bundle(givingModules(families, ".") + contents, true);
await stop();
const modules = await copyModules(families, output);

let total = 0;
for (const name of ["worker.js", ...modules]) {
  const bytes = await readFile(`${output}/${name}`);
  const compressed = gzipSync(bytes).length;
  total += compressed;
  console.log(`${output}/${name}: ${bytes.length} bytes, ${compressed} gzipped`);
}
const limit = limitBytes[system === undefined ? "all" : "one"];
console.log(`edge bundle: ${total} of at most ${limit} bytes gzipped`);
if (total > limit) process.exit(1);

function bundle(contents: string, write: boolean) {
  return build({
    ...edgeOptions,
    stdin: { contents, resolveDir: ".", loader: "ts" },
    outfile: `${output}/worker.js`,
    minify: true,
    write,
  });
}

/** The service of all routes, or of those that a system's solvers answer. */
async function entryText(system: string | undefined): Promise<string> {
  if (system === undefined) return 'export { default } from "./server/entry/workerd.ts";\n';
  const imports: string[] = [], names: string[] = [];
  for (const file of (await readdir("server/routes")).sort()) {
    const text = await readFile(`server/routes/${file}`, "utf8");
    if (!text.includes(`"../../solvers/${system}/`)) continue;
    const [, name] = /^export const (\w+): ServiceRoute = defineRoute\(/m.exec(text)!;
    imports.push(`import { ${name} } from "./server/routes/${file}";`);
    names.push(name);
  }
  if (names.length === 0) {
    console.error(`Cannot use "--system": no route has solvers of ${system}.`);
    process.exit(2);
  }
  return [
    ...imports,
    'import { createService } from "./server/app.ts";',
    `export default createService({ routes: [${names.join(", ")}] });\n`,
  ].join("\n");
}
