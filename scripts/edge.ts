/** Bundling for workerd (Cloudflare Workers), which compiles no WASM at run time: kernels come as imported modules. */

import type { BuildOptions, Metafile, Plugin } from "esbuild";
import { copyFile } from "node:fs/promises";

const dist = "kernels/dist";

/** The kernels come as modules, so the bytes that the library carries in base64 stay out. */
const withoutEmbeddedKernels: Plugin = {
  name: "without embedded kernels",
  setup({ onLoad }) {
    onLoad({ filter: /kernels[\\/]dist[\\/]\w+\.(simd|relaxed)\.ts$/ }, () => ({
      contents: 'throw new Error("this bundle has no embedded kernels");',
    }));
  },
};

/** `.wasm` files stay imports, from the folder of the bundle. */
const wasmBeside: Plugin = {
  name: "WASM beside the bundle",
  setup({ onResolve }) {
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `./${path.split("/").at(-1)}`, external: true }));
  },
};

/** What every bundle for workerd has in common. */
export const edgeOptions = {
  bundle: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  conditions: ["workerd", "import"],
  target: "es2022",
  external: ["node:*"],
  metafile: true,
  plugins: [withoutEmbeddedKernels, wasmBeside],
} satisfies BuildOptions;

/** The families of kernels that a module reaches, by what was bundled. */
export function familiesOf({ inputs }: Metafile, entry: string): string[] {
  const reached = new Set([entry]);
  for (const path of reached) for (const { path: imported } of inputs[path]?.imports ?? []) reached.add(imported);
  const found = [...reached].flatMap((path) => /^kernels\/families\/(\w+)\.ts$/.exec(path)?.[1] ?? []);
  return found.filter((name) => name !== "mod").sort();
}

/** Source text that hands the modules of families to the library; paths begin with `root`. */
export function givingModules(families: readonly string[], root: string): string {
  if (families.length === 0) return "";
  return [
    ...families.map((family) => `import { ${family} } from "${root}/${dist}/${family}.js";`),
    `import { provideModules } from "${root}/kernels/engine/modules.ts";`,
    `provideModules({ ${families.join(", ")} });\n`,
  ].join("\n");
}

/** Copies the modules of families to a folder; the names of the files. */
export async function copyModules(families: readonly string[], folder: string): Promise<string[]> {
  const names = families.flatMap((family) => [`${family}.simd.wasm`, `${family}.relaxed.wasm`]);
  for (const name of names) await copyFile(`${dist}/${name}`, `${folder}/${name}`);
  return names;
}
