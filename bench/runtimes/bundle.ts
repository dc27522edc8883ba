/** Makes one JavaScript module of a program that is measured in other runtimes. */

import { build } from "esbuild";
import type { KernelModules } from "../../mod.ts";
import { buildPeak } from "../peak/build.ts";

/** How a program is to run. */
export interface ProgramSettings {
  /** Smaller sizes and fewer rounds. */
  readonly quick: boolean;
  /** Which of the program's variants, by a name that it knows. */
  readonly variant?: string;
}

/** What a program is given: compiled modules where the runtime forbids compiling, and settings. */
export interface ProgramInput extends ProgramSettings {
  /** The kernels, only where the runtime forbids compiling. */
  readonly kernels?: KernelModules;
  /** The peak loop. */
  readonly peak: {
    readonly simd: BufferSource | WebAssembly.Module;
    readonly relaxed: BufferSource | WebAssembly.Module;
  };
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
  readonly settings: ProgramSettings;
  /** Statements that follow the definition of `start(): Promise<unknown>`, whose answer is JSON. */
  readonly ending: string;
  /** WASM travels as imported modules, else as bytes within the code. @default false */
  readonly precompiled?: boolean;
}

/** Bundles `program`, a file of this folder whose `main(input)` is to run elsewhere. */
export async function bundleProgram(
  program: string,
  { settings, ending, precompiled = false }: BundleOptions,
): Promise<Bundle> {
  const here = new URL(".", import.meta.url).pathname;
  const wasm = new Map([["peak_simd.wasm", await buildPeak("simd")], [
    "peak_relaxed.wasm",
    await buildPeak("relaxed"),
  ]]);
  if (precompiled) {
    const dist = `${here}../../kernels/dist`;
    for await (const { name } of Deno.readDir(dist)) {
      if (name.endsWith(".wasm")) wasm.set(name, await Deno.readFile(`${dist}/${name}`));
    }
  }
  const kernels = precompiled ? "kernels: modules, " : "";
  const entry = [
    ...precompiled ? ['import { modules } from "../../kernels/dist/modules.js";'] : [],
    ...[...wasm.keys()].filter((file) => file.startsWith("peak")).map((file) =>
      `import ${file.replace(".wasm", "")} from "./${file}";`
    ),
    `import { main } from "./${program}";`,
    `const settings = ${JSON.stringify(settings)};`,
    `const start = () => main({ ${kernels}peak: { simd: peak_simd, relaxed: peak_relaxed }, ...settings });`,
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
