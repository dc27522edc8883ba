import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { families } from "../../kernels/families/mod.ts";
import type { Case, Cell } from "../case.ts";

const root = new URL("../../", import.meta.url).pathname;

/** What a user downloads or deploys. */
export const size: Case = {
  question: "How many bytes are the kernels and the library, as files and compressed?",
  async run() {
    const rows: Cell[][] = [];
    const add = (name: string, bytes: Uint8Array) => {
      rows.push([name, bytes.length / 1024, gzipSync(bytes, { level: 9 }).length / 1024]);
    };
    for (const { name } of families) {
      for (const build of ["simd", "relaxed"]) {
        add(`kernels, ${name}, ${build} build`, await Deno.readFile(`${root}kernels/dist/${name}.${build}.wasm`));
      }
    }
    add("library for browsers, minified, both builds within", await bundle({ entryPoints: [`${root}mod.ts`] }));
    add(
      "service for workerd, minified, without the kernels",
      await bundle({
        entryPoints: [`${root}server/entry/workerd.ts`],
        external: ["*.wasm", "node:*"],
        conditions: ["workerd", "import"],
      }),
    );
    const deployed = rows.filter(([name]) => !String(name).startsWith("library"));
    const compressed = deployed.reduce((sum, [, , gzip]) => sum + Number(gzip), 0);
    rows.push([
      "deployed to workerd: service and kernels",
      deployed.reduce((sum, [, size]) => sum + Number(size), 0),
      compressed,
    ]);
    return {
      tables: [{ title: "Sizes in KiB", columns: ["what", "size", "gzip -9"], rows }],
      targets: [{ name: "deployed to workerd, gzip, KiB", value: compressed, limit: 300, sense: "at most" }],
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
