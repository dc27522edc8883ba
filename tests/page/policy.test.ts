/** A page whose policy forbids WebAssembly, with the library alone. */

import assert from "node:assert/strict";
import { it } from "node:test";
import { assets } from "../../server/dist/assets.js";
import { inEachBrowser } from "./on_page.ts";

/** The page and the scripts of the library under `policy`, isolated, so that threads would be there. */
function serveUnder(policy: string) {
  return Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (request) => {
    const { pathname } = new URL(request.url), script = assets.get(pathname);
    const page = '<!doctype html><meta charset="utf-8"><title>Policy</title>';
    if (pathname !== "/" && !script) return new Response(null, { status: 404 });
    return new Response(pathname === "/" ? page : script!.text, {
      headers: {
        "content-type": pathname === "/" ? "text/html" : script!.type,
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
      },
    });
  });
}

/** What a page finds: capabilities, the plan and support of a regression, and what insisting on a backend gives. */
const script = `import("/minima.js").then(async ({ capabilities, fromRows, sparseRegression }) => {
  const X = fromRows([[1, 2], [2, 1], [3, 4], [4, 2], [5, 5]]), y = [2.1, 3.9, 6.2, 7.8, 10.1];
  const solve = (options) => sparseRegression(X, y, { size: 1, ...options });
  const refused = (backend) => solve({ backend }).then(({ plan }) => plan.backend, (error) => error.name + ": " + error.message);
  const { build, buildReason, threads, threadsReason } = await capabilities(), { plan, support } = await solve();
  return {
    build, buildReason, threads, threadsReason, plan, support: [...support],
    wasm: await refused("wasm"), insisted: await refused("threads"),
  };
})`;

interface Found {
  readonly build: string;
  readonly buildReason?: string;
  readonly threads: number;
  readonly threadsReason?: string;
  readonly plan: { readonly backend: string; readonly reason: string };
  readonly support: readonly number[];
  readonly wasm: string;
  readonly insisted: string;
}

await inEachBrowser("under a policy", (page) => {
  const under = async (policy: string): Promise<Found> => {
    await using server = serveUnder(policy);
    await page().goto(`http://127.0.0.1:${server.addr.port}/`);
    const found = await page().evaluate(script) as Found;
    await page().goto("about:blank");
    return found;
  };

  it("that forbids WebAssembly, the reference kernels solve, and plan and capabilities say why", async () => {
    const { build, buildReason, threads, plan, support, wasm, insisted } = await under("script-src 'self'");
    assert.deepEqual([build, threads, plan.backend, support], ["none", 1, "reference", [0]]);
    assert.match(buildReason!, /'wasm-unsafe-eval'/);
    assert.match(plan.reason, /'wasm-unsafe-eval'/);
    for (const error of [wasm, insisted]) assert.match(error, /^BackendError: .*'wasm-unsafe-eval'/);
  });

  it("that allows it and no blobs, the compiled kernels solve on one thread", async () => {
    const { build, plan, support, wasm, insisted } = await under("script-src 'self' 'wasm-unsafe-eval'");
    assert.notEqual(build, "none");
    assert.deepEqual([plan.backend, support, wasm], ["wasm", [0], "wasm"]);
    assert.match(insisted, /^BackendError: Cannot use backend "threads": /);
  });
});
