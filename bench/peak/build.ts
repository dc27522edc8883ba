/** Compiles the peak loop when a benchmark needs it; nothing of it is part of the library. */

import asc from "assemblyscript/asc";
import type { PeakBuild } from "./peak.ts";

/** The bytes of one build of `assembly/peak.ts`. */
export async function buildPeak(build: PeakBuild): Promise<Uint8Array<ArrayBuffer>> {
  const source = await Deno.readTextFile(new URL("assembly/peak.ts", import.meta.url));
  let bytes: Uint8Array<ArrayBuffer> | undefined;
  const { error, stderr } = await asc.main(
    ["peak.ts", "--outFile", "peak.wasm", "-O2", "--noAssert", "--runtime", "stub", "--enable", "simd"]
      .concat(build === "relaxed" ? ["--enable", "relaxed-simd"] : []),
    {
      readFile: (name: string) => (name === "peak.ts" ? source : null),
      writeFile: (_name: string, contents: string | Uint8Array) => {
        if (typeof contents !== "string") bytes = new Uint8Array(contents);
      },
      listFiles: () => [],
    },
  );
  if (error || bytes === undefined) throw new Error(`Cannot compile the peak loop: ${error?.message}\n${stderr}`);
  return bytes;
}
