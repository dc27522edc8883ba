import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import type { Case, Cell } from "../case.ts";

const root = new URL("../../", import.meta.url).pathname;

/** What a user downloads or deploys. */
export const size: Case = {
  question: "How many bytes are the kernels and the library, as files and compressed?",
  async run() {
    const rows: Cell[][] = [];
    const add = (name: string, bytes: Uint8Array) => {
      const compressed = gzipSync(bytes, { level: 9 }).length;
      rows.push([name, bytes.length / 1024, compressed / 1024]);
      return compressed;
    };
    for (const name of ["simd", "relaxed"]) {
      add(`kernels, ${name} build`, await Deno.readFile(`${root}kernels/dist/${name}.wasm`));
    }
    add("library for browsers, minified, both builds within", await bundle({ entryPoints: [`${root}mod.ts`] }));
    return {
      tables: [{ title: "Sizes in KiB", columns: ["what", "size", "gzip -9"], rows }],
      targets: [],
      notes: [],
    };
  },
};

async function bundle(options: BuildOptions): Promise<Uint8Array> {
  const { outputFiles } = await build({
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    external: ["node:*"],
    write: false,
    outdir: "/",
    ...options,
  });
  return outputFiles![0].contents;
}
