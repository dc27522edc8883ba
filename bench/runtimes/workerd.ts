/** workerd, the runtime of Cloudflare Workers, through Miniflare. */

import { Miniflare } from "miniflare";
import { bundleProgram, type ProgramSettings } from "./bundle.ts";
import type { Runtime } from "./runtimes.ts";

const compatibilityDate = "2026-04-01";

/** workerd as Miniflare brings it. */
export async function workerd(): Promise<Runtime> {
  const manifest = new URL("../../node_modules/workerd/package.json", import.meta.url);
  const { version } = JSON.parse(await Deno.readTextFile(manifest)) as { version: string };
  return {
    name: `workerd ${version}`,
    precompiled: true,
    async run<Answer>(program: string, settings: ProgramSettings) {
      const { code, wasm } = await bundleProgram(program, {
        settings,
        ending: "export default { fetch: async () => Response.json(await start()) };",
        precompiled: true,
      });
      const worker = new Miniflare({
        compatibilityDate,
        // The first module is the one that answers requests.
        modules: [
          ...[...code].sort(([a], [b]) => Number(b === "program.js") - Number(a === "program.js"))
            .map(([path, contents]) => ({ type: "ESModule" as const, path, contents })),
          ...[...wasm].map(([path, contents]) => ({ type: "CompiledWasm" as const, path, contents })),
        ],
      });
      try {
        const response = await worker.dispatchFetch("http://bench/");
        if (!response.ok) throw new Error(await response.text());
        return await response.json() as Answer;
      } finally {
        await worker.dispose();
      }
    },
  };
}
