/** workerd, the runtime of Cloudflare Workers, through Miniflare. */

import { Miniflare } from "miniflare";
import { bundleForPages } from "./bundle.ts";
import type { TestOutcome } from "./report.ts";
import type { Run, Runtime } from "./runner.ts";
import { failure, logOf } from "./runner.ts";

const harness = "scripts/test/portable/worker.ts";

const main = `
  import { modules } from "./kernels/modules.js";
  import { createWorker } from "./${harness.replace(".ts", ".mjs")}";
  export default createWorker(modules);
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

/** A module as Miniflare takes it. */
interface WorkerdModule {
  readonly type: "ESModule" | "CompiledWasm";
  readonly path: string;
  readonly contents: string | Uint8Array<ArrayBuffer>;
}

/** The kernels, in a folder of this name: `modules.js` there imports them all. */
function kernelModules(folder: string): WorkerdModule[] {
  return [...Deno.readDirSync("kernels/dist")].flatMap(({ name }): WorkerdModule[] => {
    const path = `${folder}/${name}`, file = `kernels/dist/${name}`;
    if (name.endsWith(".js")) return [{ type: "ESModule", path, contents: Deno.readTextFileSync(file) }];
    return name.endsWith(".wasm") ? [{ type: "CompiledWasm", path, contents: Deno.readFileSync(file) }] : [];
  });
}

async function run(files: readonly string[]): Promise<Run> {
  const { directory, outputs } = await bundleForPages("workerd", harness, files);
  const chunks = [...Deno.readDirSync(directory)].filter(({ isFile }) => isFile).map(({ name }) => name);
  const worker = new Miniflare({
    compatibilityDate: "2026-04-01",
    compatibilityFlags: ["nodejs_compat"],
    modules: [
      { type: "ESModule", path: "main.mjs", contents: main },
      ...[...outputs.values(), ...chunks].map((path): WorkerdModule => (
        { type: "ESModule", path, contents: Deno.readTextFileSync(`${directory}/${path}`) }
      )),
      ...kernelModules("kernels"),
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
