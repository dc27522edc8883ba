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

/** A bundled program, and the WASM modules that a runtime without a compiler imports. */
export interface Bundle {
  /** ES module; what it does with the answer of `start()` is the bundler's `ending`. */
  readonly code: string;
  /** Contents of the modules that `code` imports, by file name; empty except for workerd. */
  readonly modules: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
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
  const kernels = (name: string) => Deno.readFile(`${here}../../kernels/dist/${name}.wasm`);
  const modules = new Map([["peak_simd.wasm", await buildPeak("simd")], [
    "peak_relaxed.wasm",
    await buildPeak("relaxed"),
  ]]);
  if (precompiled) {
    for (const name of ["simd", "relaxed"]) modules.set(`${name}.wasm`, await kernels(name));
  }
  const given = precompiled ? "kernels: { simd, relaxed }, " : "";
  const { outputFiles } = await build({
    stdin: {
      contents: [...modules.keys()].map((file) => `import ${file.replace(".wasm", "")} from "./${file}";`).join("\n") +
        `\nimport { main } from "./${program}";` +
        `\nconst start = () => main({ ${given}peak: { simd: peak_simd, relaxed: peak_relaxed }, quick: ${quick} });` +
        `\n${ending}`,
      resolveDir: here,
    },
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    plugins: [{
      name: "wasm",
      setup(setup) {
        setup.onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path, external: precompiled, namespace: "wasm" }));
        setup.onLoad({ filter: /.*/, namespace: "wasm" }, ({ path }) => ({
          contents: modules.get(path.replace("./", "")),
          loader: "binary",
        }));
      },
    }],
  });
  return { code: outputFiles[0].text, modules: precompiled ? modules : new Map() };
}
