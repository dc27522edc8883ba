/** The tests' side in workerd: each request runs the bundled test file that its query names. */

import { init, type KernelModules } from "../../../solvers/core/mod.ts";
import { runTests } from "./node_test.ts";

/** The worker; workerd compiles no WASM at run time, so the kernels come as modules. */
export function createWorker(modules: KernelModules): { fetch(request: Request): Promise<Response> } {
  return {
    async fetch(request) {
      const file = new URL(request.url).searchParams.get("file") as string;
      await init({ modules });
      return Response.json(await runTests(() => import(file)));
    },
  };
}
