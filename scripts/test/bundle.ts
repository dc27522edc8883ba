/** Bundles the test files for runtimes that do not read TypeScript. */

import { build, type BuildOptions, type Plugin } from "esbuild";
import { readFile, rm } from "node:fs/promises";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";

/** The bundled tests. */
export interface Bundle {
  /** Folder of the output. */
  readonly directory: string;
  /** Output of each test file, relative to `directory`. */
  readonly outputs: ReadonlyMap<string, string>;
}

/** For Node and Bun: dependencies and built-in modules stay imports. */
export function bundleForProcesses(name: string, files: readonly string[]): Promise<Bundle> {
  return bundle(name, files, {
    platform: "node",
    packages: "external",
    sourcemap: "inline",
    plugins: [ownUrls],
  });
}

/** For pages and workerd: `node:test` and `node:assert` are replaced, all else is bundled in; `harness` comes along. */
export function bundleForPages(name: string, harness: string, files: readonly string[]): Promise<Bundle> {
  return bundle(name, [harness, ...files], pageOptions);
}

/**
 * Test files that need a built-in Node module merely to load, and that module; a dynamic import is taken to be guarded.
 */
export async function findNodeImports(files: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const entryPoints = [...files];
  const { metafile: { inputs } } = await build({
    ...common,
    ...pageOptions,
    entryPoints,
    outdir: "none",
    write: false,
  });
  const found = new Map<string, string>();
  for (const file of files) {
    const seen = new Set([file]);
    for (const path of seen) {
      for (const { path: imported, kind, external } of inputs[path]?.imports ?? []) {
        if (!external) seen.add(imported);
        else if (kind === "import-statement") found.set(file, imported);
      }
    }
  }
  return found;
}

const common = {
  outbase: ".",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  outExtension: { ".js": ".mjs" },
  metafile: true,
  logLevel: "error",
} as const;

const pageOptions = {
  platform: "browser",
  external: ["node:*", "*.wasm"],
  alias: {
    "node:test": resolve("scripts/test/portable/node_test.ts"),
    "node:assert": resolve("scripts/test/portable/assert.ts"),
    "node:assert/strict": resolve("scripts/test/portable/assert.ts"),
  },
} satisfies BuildOptions;

async function bundle(name: string, files: readonly string[], options: BuildOptions): Promise<Bundle> {
  const directory = `build/tests/${name}`;
  await rm(directory, { recursive: true, force: true });
  const { metafile } = await build({ ...options, ...common, entryPoints: [...files], outdir: directory });
  // Targets of dynamic imports are entry points too.
  const outputs = Object.entries(metafile.outputs).flatMap(([path, { entryPoint }]): [string, string][] =>
    entryPoint && files.includes(entryPoint) ? [[entryPoint, path.slice(directory.length + 1)]] : []
  );
  return { directory, outputs: new Map(outputs) };
}

/** Keeps `import.meta.url` of a test what it was, so that it finds the files beside it. */
const ownUrls: Plugin = {
  name: "own URLs",
  setup({ onLoad }) {
    onLoad({ filter: /[\\/]tests[\\/].*\.ts$/ }, async ({ path }) => {
      const url = JSON.stringify(pathToFileURL(path).href);
      return { contents: (await readFile(path, "utf8")).replaceAll("import.meta.url", url), loader: "ts" };
    });
  },
};
