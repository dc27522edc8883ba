/**
 * Bundles the service for workerd (Cloudflare Workers) into `build/worker/`: `worker.js`, and beside it the kernels as
 * `.wasm`, which workerd compiles itself.
 */

import { copyFile, mkdir, readFile } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import process from "node:process";
import { build, type Plugin, stop } from "esbuild";

const output = "build/worker";
const limitBytes = 300 * 1024;

/** The kernels come as modules, so the bytes that the library carries in base64 stay out. */
const withoutEmbeddedKernels: Plugin = {
  name: "without-embedded-kernels",
  setup({ onLoad }) {
    onLoad({ filter: /kernels[\\/]dist[\\/](simd|relaxed)\.ts$/ }, () => ({
      contents: 'throw new Error("This build has no embedded kernels: pass compiled modules to init().");',
    }));
  },
};

const modules = ["simd.wasm", "relaxed.wasm"];
await mkdir(output, { recursive: true });
await build({
  entryPoints: ["server/entry/workerd.ts"],
  outfile: `${output}/worker.js`,
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd", "import"],
  target: "es2022",
  minify: true,
  external: ["*.wasm", "node:*"],
  plugins: [withoutEmbeddedKernels],
});
await stop();
for (const name of modules) await copyFile(`kernels/dist/${name}`, `${output}/${name}`);

let total = 0;
for (const name of ["worker.js", ...modules]) {
  const bytes = await readFile(`${output}/${name}`);
  const compressed = gzipSync(bytes).length;
  total += compressed;
  console.log(`${output}/${name}: ${bytes.length} bytes, ${compressed} gzipped`);
}
console.log(`edge bundle: ${total} of at most ${limitBytes} bytes gzipped`);
if (total > limitBytes) process.exit(1);
