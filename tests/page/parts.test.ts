import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { assets } from "../../server/dist/assets.js";
import { pageAsset } from "../../server/page.ts";
import { panels } from "../../server/playground/panels/mod.ts";

/** What a script imports: at once, and when it asks for it. */
function importsOf(path: string): { now: string[]; later: string[] } {
  const text = assets.get(path)!.text, absolute = (name: string) => new URL(name, `http://page${path}`).pathname;
  return {
    now: [...text.matchAll(/\b(?:from|import)\s*"(\.[^"]+)"/g)].map(([, name]) => absolute(name)),
    later: [...text.matchAll(/\bimport\("(\.[^"]+)"\)/g)].map(([, name]) => absolute(name)),
  };
}

/** A script and all that it imports at once. */
function closure(path: string, found = new Set<string>()): Set<string> {
  if (found.has(path)) return found;
  found.add(path);
  for (const next of importsOf(path).now) closure(next, found);
  return found;
}

const sizeOf = (paths: Iterable<string>) =>
  Array.from(paths, (path) => assets.get(path)!.text.length).reduce((a, b) => a + b, 0);
const isKernels = (path: string) => /\/\w+\.(?:simd|relaxed)-\w+\.js$/.test(path);

describe("the scripts of the page", () => {
  it("are all there, and none imports what is not", () => {
    for (const path of assets.keys()) {
      if (!path.endsWith(".js")) continue;
      for (const next of [...importsOf(path).now, ...importsOf(path).later]) {
        assert.ok(assets.has(next), `${path}: ${next}`);
      }
    }
  });

  it("begin small: no solver, no picture and no kernel is loaded before it is used", () => {
    for (const entry of ["/playground.js", "/worker.js"]) {
      const paths = closure(entry);
      assert.ok(sizeOf(paths) < 40_000, `${entry}: ${sizeOf(paths)} characters`);
      assert.ok(![...paths].some(isKernels));
      const later = [...paths].flatMap((path) => importsOf(path).later);
      assert.ok(later.length >= Object.keys(panels).length, later.join());
    }
    const kernels = [...assets.keys()].filter(isKernels);
    assert.ok(kernels.length >= 8, kernels.join());
    for (const path of assets.keys()) {
      if (path.endsWith(".js") && !isKernels(path)) assert.ok(![...closure(path)].some(isKernels), path);
    }
  });

  it("are kept for good where their names are those of their contents", async () => {
    const part = [...assets.keys()].find((path) => path.startsWith("/parts/"))!;
    const ask = (path: string) => pageAsset(new Request(`http://localhost${path}`))!;
    assert.match(ask(part).headers.get("cache-control")!, /immutable/);
    assert.equal(ask("/playground.js").headers.get("cache-control"), "no-cache");
    assert.match(
      ask("/worker.js").headers.get("content-security-policy")!,
      /default-src 'none'; script-src 'self' 'wasm-unsafe-eval'/,
    );
    assert.equal(await ask("/").text(), assets.get("/")!.text);
  });
});
