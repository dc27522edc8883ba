/** workerd, the runtime of Cloudflare Workers, through Miniflare. */

import { Miniflare } from "miniflare";
import { bundleForPages } from "./bundle.ts";
import type { TestOutcome } from "./report.ts";
import type { Run, Runtime } from "./runner.ts";
import { failure, logOf } from "./runner.ts";

const harness = "scripts/test/portable/worker.ts";

const main = `
  import relaxed from "./relaxed.wasm";
  import simd from "./simd.wasm";
  import { createWorker } from "./${harness.replace(".ts", ".mjs")}";
  export default createWorker({ simd, relaxed });
`;

/** workerd, from its npm package. */
export async function findWorkerd(): Promise<Runtime | string> {
  const probe = new Miniflare({ modules: true, script: "export default { fetch: () => new Response() }" });
  try {
    await probe.ready;
  } catch (error) {
    return `workerd does not start: ${error}`;
  } finally {
    await probe.dispose();
  }
  const { default: { version } } = await import("workerd/package.json", { with: { type: "json" } });
  return { version, run };
}

async function run(files: readonly string[]): Promise<Run> {
  const { directory, outputs } = await bundleForPages("workerd", harness, files);
  const chunks = [...Deno.readDirSync(directory)].filter(({ isFile }) => isFile).map(({ name }) => name);
  const worker = new Miniflare({
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    modules: [
      { type: "ESModule", path: "main.mjs", contents: main },
      ...[...outputs.values(), ...chunks].map((path) => (
        { type: "ESModule", path, contents: Deno.readTextFileSync(`${directory}/${path}`) } as const
      )),
      ...["simd", "relaxed"].map((build) => (
        {
          type: "CompiledWasm",
          path: `${build}.wasm`,
          contents: Deno.readFileSync(`kernels/dist/${build}.wasm`),
        } as const
      )),
    ],
  });
  const outcomes: TestOutcome[] = [];
  try {
    await worker.ready;
    for (const file of files) {
      const response = await worker.dispatchFetch(`http://worker/?file=/${outputs.get(file)}`);
      if (response.ok) outcomes.push(...await response.json() as TestOutcome[]);
      else outcomes.push(failure(file, await response.text()));
    }
  } finally {
    await worker.dispose();
  }
  return { outcomes, log: logOf(outcomes) };
}
