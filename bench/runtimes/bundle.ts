/** Makes one JavaScript module of a program that is measured in other runtimes. */

import { build } from "esbuild";
import { buildPeak } from "../peak/build.ts";

/** What a program is given: compiled modules where the runtime forbids compiling, and settings. */
export interface ProgramInput {
  /** The kernels, only where the runtime forbids compiling. */
  readonly kernels?: { readonly simd: WebAssembly.Module; readonly relaxed: WebAssembly.Module };
  /** The peak loop. */
  readonly peak: {
    readonly simd: BufferSource | WebAssembly.Module;
    readonly relaxed: BufferSource | WebAssembly.Module;
  };
  readonly quick: boolean;
}

/** A bundled program. */
export interface Bundle {
  /** ES modules by file name; `program.js` is the one to run. */
  readonly code: ReadonlyMap<string, string>;
  /** WASM modules that the code imports, by file name; empty where it carries their bytes. */
  readonly wasm: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
}

/** How a program is bundled. */
export interface BundleOptions {
  readonly quick: boolean;
  /** Statements that follow the definition of `start(): Promise<unknown>`, whose answer is JSON. */
  readonly ending: string;
  /** WASM travels as imported modules, else as bytes within the code. @default false */
  readonly precompiled?: boolean;
}

/** Bundles `program`, a file of this folder whose `main(input)` is to run elsewhere. */
export async function bundleProgram(
  program: string,
  { quick, ending, precompiled = false }: BundleOptions,
): Promise<Bundle> {
  const here = new URL(".", import.meta.url).pathname;
  const wasm = new Map([["peak_simd.wasm", await buildPeak("simd")], [
    "peak_relaxed.wasm",
    await buildPeak("relaxed"),
  ]]);
  if (precompiled) {
    for (const name of ["simd", "relaxed"]) {
      wasm.set(`${name}.wasm`, await Deno.readFile(`${here}../../kernels/dist/${name}.wasm`));
    }
  }
  const kernels = precompiled ? "kernels: { simd, relaxed }, " : "";
  const entry = [
    ...[...wasm.keys()].map((file) => `import ${file.replace(".wasm", "")} from "./${file}";`),
    `import { main } from "./${program}";`,
    `const start = () => main({ ${kernels}peak: { simd: peak_simd, relaxed: peak_relaxed }, quick: ${quick} });`,
    ending,
  ];
  const { outputFiles } = await build({
    entryPoints: { program: "entry" },
    outdir: "/",
    bundle: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    external: ["node:*"],
    write: false,
    plugins: [{
      name: "program",
      setup(setup) {
        setup.onResolve({ filter: /^entry$/ }, ({ path }) => ({ path, namespace: "entry" }));
        setup.onLoad({ filter: /.*/, namespace: "entry" }, () => ({ contents: entry.join("\n"), resolveDir: here }));
        setup.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: precompiled, namespace: "wasm" }));
        setup.onLoad({ filter: /.*/, namespace: "wasm" }, ({ path }) => ({
          contents: wasm.get(path.replace("./", "")),
          loader: "binary",
        }));
      },
    }],
  });
  return {
    code: new Map(outputFiles.map(({ path, text }) => [path.slice(1), text])),
    wasm: precompiled ? wasm : new Map(),
  };
}
