import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { specifications } from "../../kernels/contract.ts";
import { families as kernelFamilies } from "../../kernels/families/mod.ts";
import { exportsOf } from "../../scripts/assembly_exports.ts";
import { sourceFiles } from "../../scripts/sources.ts";
import { deviceLowerings as webgpu, lowerings as wasm, referenceKernels, webgpuKernels } from "../support/kernels.ts";

/** Families and files of the contract, as `family/file.ts`. */
const files = sourceFiles("kernels/contract")
  .map((path) => path.slice("kernels/contract/".length))
  .filter((path) => path.includes("/"));

/** Where each kernel is specified. */
const declared = new Map<string, string>();
for (const path of files.filter((path) => !path.endsWith("/mod.ts"))) {
  const module = await import(`../../kernels/contract/${path}`);
  for (const [name, value] of Object.entries<object>(module)) {
    if (name.endsWith("Specifications")) Object.keys(value).forEach((kernel) => declared.set(kernel, path));
  }
}

/** Folders of the contract. */
const families = [...new Set(files.map((path) => path.split("/")[0]))];

/** What a pattern finds in the files of a folder. */
function found(folder: string, pattern: RegExp): string[] {
  return sourceFiles(folder).flatMap((path) =>
    [...Deno.readTextFileSync(path).matchAll(pattern)].map(([, name]) => name)
  );
}

/** The name of a function without the types of its elements. */
const withoutTypes = (name: string) => name.replace(/(_f(32|64))+$/, "");

describe("kernels", () => {
  it("are specified in one file of one family each", () => {
    assert.deepEqual([...declared.keys()].toSorted(), Object.keys(specifications).toSorted());
  });

  for (const [backend, table] of Object.entries({ reference: referenceKernels, wasm, webgpu })) {
    it(`stand at the path of their contract in ${backend}, and nothing else is in its table`, async () => {
      for (const name of Object.keys(table)) {
        const path = declared.get(name);
        assert.ok(path, `${backend} has ${name}, which the contract does not know`);
        const module = await import(`../../kernels/${backend}/${path}`);
        assert.ok(name in module, `kernels/${backend}/${path} does not export ${name}`);
      }
    });
  }

  it("have a reference each", () => {
    assert.deepEqual(Object.keys(referenceKernels).toSorted(), Object.keys(specifications).toSorted());
  });

  it("that have a reference alone are named by their families", () => {
    const alone = Object.keys(referenceKernels).filter((name) => !(name in wasm));
    assert.deepEqual(alone.toSorted(), kernelFamilies.flatMap(({ onlyReference }) => onlyReference ?? []).toSorted());
  });

  it("that run on WebGPU are named without loading it", () => {
    assert.deepEqual([...webgpuKernels].toSorted(), Object.keys(webgpu).toSorted());
  });

  for (const family of families) {
    it(`of ${family} have the functions that they launch in the assembly of ${family}`, () => {
      const lowerings = `kernels/wasm/${family}`;
      const launched = found(lowerings, /\bentry: [^\n]*?["`](\w+?)_(?:f32|f64|\$\{)/g);
      assert.equal(launched.length, found(lowerings, /\b(entry):/g).length, "every launch names its function in place");
      const exported = new Set(
        sourceFiles(`kernels/wasm/assembly/${family}`).flatMap((path) => {
          const { typed, generics } = exportsOf(Deno.readTextFileSync(path), path);
          return [...typed.map(withoutTypes), ...generics.map(({ name }) => name)];
        }),
      );
      assert.deepEqual(launched.filter((name) => !exported.has(name)), []);
    });
  }
});
