import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { sourceFiles } from "../../scripts/sources.ts";

/** Folders of the contract. */
const families = [
  ...new Set(sourceFiles("kernels/contract").flatMap((path) => path.match(/^kernels\/contract\/(\w+)\//)?.[1] ?? [])),
];

/** What a pattern finds in the files of a folder. */
function found(folder: string, pattern: RegExp): string[] {
  return sourceFiles(folder).flatMap((path) =>
    [...Deno.readTextFileSync(path).matchAll(pattern)].map(([, name]) => name)
  );
}

/** The name of a function without the types of its elements. */
const withoutTypes = (name: string) => name.replace(/(_f(32|64))+$/, "");

describe("assembly", () => {
  assert.ok(families.includes("dense") && families.includes("l0"));
  for (const family of families) {
    it(`of ${family} has the functions that the lowerings of ${family} launch`, () => {
      const lowerings = `kernels/wasm/${family}`;
      const launched = found(lowerings, /\bentry: [^\n]*?["`](\w+?)_(?:f32|f64|\$\{)/g);
      assert.equal(launched.length, found(lowerings, /\b(entry):/g).length, "every launch names its function in place");
      const exported = new Set(found(`kernels/wasm/assembly/${family}`, /^export function (\w+)/gm).map(withoutTypes));
      assert.deepEqual(launched.filter((name) => !exported.has(name)), []);
    });
  }
});
