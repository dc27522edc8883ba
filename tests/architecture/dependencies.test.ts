import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { isAssembly, sourceFiles } from "../../scripts/sources.ts";

/** What the files of a layer may import: paths that begin with one of these. `type ` before a path: types only. */
interface Layer {
  readonly within: readonly string[];
  readonly mayImport: readonly string[];
}

const engine = "kernels/engine/mod.ts", contracts = ["type kernels/contract.ts", "type kernels/contract/"];
/** The folders of the contract, one a family. */
const contractFamilies = sourceFiles("kernels/contract").filter((path) => path.endsWith("/mod.ts")).map(dirname);
/** Sizes, codes and layouts that a kernel and the code around it share: constants that both compilers read. */
const constants = [
  ...contractFamilies.map((folder) => `${folder}/constants.ts`),
  ...["blocking", "cholesky_blocking", "quadratic_form_blocking"].map((name) => `kernels/wasm/dense/${name}.ts`),
  "kernels/wasm/quantization/blocking.ts",
];
const host = ["node:", "type node:"];
/** What each system offers. */
const systems = sourceFiles("solvers").filter((path) => /^solvers\/(?!core\/)\w+\/mod\.ts$/.test(path));
/** Their tables of options, from which the forms of the page follow without the solvers. */
const optionTables = sourceFiles("solvers").filter((path) => /^solvers\/(?!core\/)\w+\/(\w+_)?options\.ts$/.test(path));

/** From the bottom up; each file belongs to the first layer that holds it. */
const layers: { readonly [name: string]: Layer } = {
  contracts: { within: ["kernels/contract.ts", "kernels/contract/"], mayImport: ["kernels/contract/"] },
  assembly: { within: ["kernels/wasm/assembly/"], mayImport: ["kernels/wasm/assembly/", ...constants] },
  reference: { within: ["kernels/reference/"], mayImport: ["kernels/reference/", "kernels/contract/", ...contracts] },
  wasm: {
    within: ["kernels/wasm/"],
    mayImport: ["kernels/wasm/", "kernels/reference/", "kernels/contract/", ...contracts],
  },
  webgpu: {
    within: ["kernels/webgpu/"],
    mayImport: ["kernels/webgpu/", "kernels/reference/", "kernels/contract/", ...contracts],
  },
  families: { within: ["kernels/families/"], mayImport: ["kernels/"] },
  kernels: { within: ["kernels/"], mayImport: ["kernels/"] },
  core: { within: ["solvers/core/"], mayImport: ["solvers/core/", engine, ...contracts] },
  solvers: {
    within: ["solvers/"],
    mayImport: [
      "solvers/",
      "kernels/families/",
      engine,
      ...contractFamilies.map((folder) => `${folder}/`),
      ...contracts,
    ],
  },
  formats: {
    within: ["formats/"],
    mayImport: ["formats/", "solvers/core/", "type solvers/quantization/layer.ts"],
  },
  models: {
    within: ["models/"],
    mayImport: [
      "models/",
      "formats/",
      "solvers/core/",
      "solvers/quantization/",
      "kernels/families/",
      engine,
      ...contracts,
      "@huggingface/",
      ...host,
    ],
  },
  pictures: {
    within: ["pictures/"],
    mayImport: [
      "pictures/",
      "solvers/core/",
      "solvers/graph/edges.ts",
      "solvers/graph/structure.ts",
      "d3-scale",
      "d3-shape",
      "d3-format",
    ],
  },
  library: { within: ["mod.ts"], mayImport: ["solvers/", "formats/", "models/", engine] },
  playground: {
    within: ["server/playground/"],
    mayImport: [
      "server/playground/",
      ...systems,
      ...optionTables,
      "solvers/core/",
      "solvers/graph/edges.ts",
      "models/mod.ts",
      "models/quantize_options.ts",
      // Functions without kernels, which follow what is moved by hand.
      "solvers/sharpness/explorer.ts",
      "formats/mod.ts",
      "pictures/mod.ts",
    ],
  },
  server: {
    within: ["server/"],
    mayImport: [
      "server/",
      "solvers/core/",
      ...systems,
      "pictures/mod.ts",
      "formats/",
      "kernels/dist/",
      "hono",
      "@hono/",
      ...host,
    ],
  },
  commands: {
    within: ["cli.ts", "cli/"],
    mayImport: [
      "cli/",
      "mod.ts",
      "solvers/core/",
      "formats/",
      "pictures/mod.ts",
      "server/mod.ts",
      "server/limits.ts",
      "server/entry/listen.ts",
      "deno.json",
      ...host,
    ],
  },
};

/** Outside the order of the layers: they may import everything. */
const free = ["tests/", "bench/", "scripts/"];

const files = sourceFiles().filter((path) =>
  /\.(ts|js|mjs)$/.test(path) && !free.some((prefix) => path.startsWith(prefix))
);

interface Import {
  readonly target: string;
  readonly typeOnly: boolean;
  readonly dynamic: boolean;
}

function importsOf(file: string): Import[] {
  const text = Deno.readTextFileSync(file).replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const statements = [...text.matchAll(/^(?:import|export)\s(?:(type)\s)?(?:[^;"'`=]*?\sfrom\s)?"([^"]+)"/gm)];
  const calls = [...text.matchAll(/\bimport\("([^"]+)"\)/g)];
  return [
    ...statements.map(([, type, target]) => ({
      target: resolve(file, target),
      typeOnly: type !== undefined,
      dynamic: false,
    })),
    ...calls.map(([, target]) => ({ target: resolve(file, target), typeOnly: false, dynamic: true })),
  ];
}

function resolve(file: string, specifier: string): string {
  if (specifier === "@minima/minima") return "mod.ts";
  return specifier.startsWith(".") ? join(dirname(file), specifier) : specifier;
}

function layerOf(file: string): [string, Layer] {
  const found = Object.entries(layers).find(([, { within }]) => within.some((prefix) => file.startsWith(prefix)));
  assert.ok(found, `${file} belongs to no layer: add it to one`);
  return found;
}

function allowed({ target, typeOnly, dynamic }: Import, { mayImport }: Layer): boolean {
  // A built-in module behind a dynamic import is a guarded extra of one runtime.
  if (dynamic && target.startsWith("node:")) return true;
  return mayImport.some((entry) =>
    entry.startsWith("type ") ? typeOnly && target.startsWith(entry.slice(5)) : target.startsWith(entry)
  );
}

describe("dependencies", () => {
  it("point one way, from server and commands down to the kernels", () => {
    const wrong = files.flatMap((file) => {
      const [name, layer] = layerOf(file);
      return importsOf(file)
        .map((entry) =>
          isAssembly(file) && !entry.target.endsWith(".ts") ? { ...entry, target: `${entry.target}.ts` } : entry
        )
        .filter((entry) => !allowed(entry, layer))
        .map(({ target }) => `${file} (${name}) imports ${target}`);
    });
    assert.deepEqual(wrong, []);
  });

  it("have layers that hold files", () => {
    const held = new Set(files.map((file) => layerOf(file)[0]));
    assert.deepEqual(Object.keys(layers).filter((name) => !held.has(name)), []);
  });

  it("are seen by this test: mod.ts imports solvers, the engine imports kernels", () => {
    assert.ok(importsOf("mod.ts").some(({ target }) => target === "solvers/core/mod.ts"));
    assert.ok(importsOf("solvers/core/mod.ts").some(({ target }) => target === engine));
    assert.ok(importsOf("kernels/engine/calibrate.ts").some(({ target }) => target === "kernels/families/dense.ts"));
    assert.ok(importsOf("kernels/families/l0.ts").some(({ target, dynamic }) => dynamic && target.includes("dist")));
  });

  it("reach the kernels of a family by dynamic imports of its value alone, so that only what is used is loaded", () => {
    const names = files.flatMap((file) => /^kernels\/contract\/(\w+)\/mod\.ts$/.exec(file)?.[1] ?? []);
    const kernels = new RegExp(`^kernels/(reference|wasm|webgpu|dist)/(${names.join("|")})[/.]`);
    assert.ok(
      names.length >= 4 && kernels.test("kernels/wasm/dense/mod.ts") && kernels.test("kernels/dist/l0.simd.ts"),
    );
    const wrong = files.filter((file) => !/^kernels\/(reference|wasm|webgpu|dist)\//.test(file)).flatMap((file) =>
      importsOf(file).filter(({ target, typeOnly, dynamic }) =>
        target === "kernels/families/mod.ts" || !typeOnly && !dynamic && kernels.test(target)
      ).map(({ target }) => `${file} imports ${target}`)
    );
    assert.deepEqual(wrong, []);
  });

  it("have no cycles, type imports included", () => {
    const graph = new Map(files.map((file) => [file, importsOf(file)]));
    const state = new Map<string, "open" | "done">();
    const visit = (file: string, path: readonly string[]) => {
      assert.notEqual(state.get(file), "open", `cycle: ${[...path, file].join(" -> ")}`);
      if (state.has(file)) return;
      state.set(file, "open");
      for (const { target } of graph.get(file) ?? []) visit(target, [...path, file]);
      state.set(file, "done");
    };
    for (const file of files) visit(file, []);
  });
});
