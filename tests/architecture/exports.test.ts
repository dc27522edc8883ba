import { it } from "node:test";
import assert from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { isAssembly, sourceFiles } from "../../scripts/sources.ts";

/** What one file offers to others and takes from them. */
interface Module {
  /** Names that it declares and exports; without types that say what its other exports take and give. */
  readonly own: Set<string>;
  /** Names that it passes on, with the file and the name there; `*` for all of a file. */
  readonly passed: { readonly name: string; readonly from: string; readonly origin: string }[];
  /** Names that it imports; `*` for all of a file. */
  readonly taken: { readonly from: string; readonly name: string }[];
}

const configuration = JSON.parse(Deno.readTextFileSync("deno.json"));
const publicFiles = new Set(Object.values<string>(configuration.exports).map((path) => join(path)));
const files = sourceFiles().filter((path) => path.endsWith(".ts") && !path.includes("/dist/"));
/** Read by their paths: what bundles and pages begin with, and AssemblyScript, whose exports the build collects. */
const loadedByPath = (path: string) =>
  isAssembly(path) || path.startsWith("bench/runtimes/") || path.startsWith("scripts/test/portable/");

function resolve(file: string, specifier: string): string {
  const mapped: string | undefined = configuration.imports?.[specifier];
  if (mapped) return join(mapped);
  if (!specifier.startsWith(".")) return specifier;
  const path = join(dirname(file), specifier);
  return isAssembly(file) && !path.endsWith(".ts") ? `${path}.ts` : path;
}

const names = (list: string) =>
  list.split(",").map((part) => part.trim().replace(/^type /, "")).filter((part) => part !== "")
    .map((part) => part.split(/\s+as\s+|\s*:\s*/))
    .map(([name, alias = name]) => ({ name, alias }));

function read(file: string): Module {
  const text = Deno.readTextFileSync(file).replace(/\/\*[\s\S]*?\*\//g, "").replace(/^\s*\/\/.*$/gm, "");
  const module: Module = { own: new Set(), passed: [], taken: [] };
  const declarations =
    /^export (?:default )?(?:declare )?(?:abstract )?(?:async )?(function\*?|const|let|class|interface|type|enum) (\w+)/gm;
  for (const [, kind, name] of text.matchAll(declarations)) {
    const isType = kind === "interface" || kind === "type";
    if (!isType || text.match(new RegExp(`\\b${name}\\b`, "g"))!.length === 1) module.own.add(name);
  }
  for (const [, list] of text.matchAll(/^export (?:const|let) \{([^}]*)\} =/gm)) {
    names(list).forEach(({ alias }) => module.own.add(alias));
  }
  for (const [, list, specifier] of text.matchAll(/^export (?:type )?\{([^}]*)\}(?: from "([^"]+)")?/gm)) {
    for (const { name, alias } of names(list)) {
      if (specifier) module.passed.push({ name: alias, from: resolve(file, specifier), origin: name });
      else module.own.add(alias);
    }
  }
  for (const [, alias, specifier] of text.matchAll(/^export (?:type )?\*(?: as (\w+))? from "([^"]+)"/gm)) {
    const from = resolve(file, specifier);
    if (alias) module.taken.push({ from, name: "*" });
    else module.passed.push({ name: "*", from, origin: "*" });
  }
  for (const [, list, specifier] of text.matchAll(/^import (?:type )?(?:\w+, )?\{([^}]*)\} from "([^"]+)"/gm)) {
    for (const { name } of names(list)) module.taken.push({ from: resolve(file, specifier), name });
  }
  for (const [, specifier] of text.matchAll(/^import (?:type )?\* as \w+ from "([^"]+)"/gm)) {
    module.taken.push({ from: resolve(file, specifier), name: "*" });
  }
  for (const [, list, specifier] of text.matchAll(/\{([^{}]*)\} = await import\(\s*"([^"]+)"\s*\)/g)) {
    for (const { name } of names(list)) module.taken.push({ from: resolve(file, specifier), name });
  }
  for (
    const [, specifier] of text.replace(/\{[^{}]*\} = await import\([^)]*\)/g, "").matchAll(/\bimport\(\s*"([^"]+)"/g)
  ) {
    module.taken.push({ from: resolve(file, specifier), name: "*" });
  }
  return module;
}

const modules = new Map(files.map((file) => [file, read(file)]));
const used = new Map(files.map((file) => [file, new Set<string>()]));

/** Notes that a name of a file is used, there or where that file has it from. */
function use(file: string, name: string): void {
  const module = modules.get(file), known = used.get(file);
  if (module === undefined || known === undefined || known.has(name)) return;
  known.add(name);
  if (name === "*") {
    for (const own of module.own) known.add(own);
    for (const { from, origin } of module.passed) use(from, origin);
  } else {
    for (const { name: passed, from, origin } of module.passed) {
      if (passed === name) use(from, origin);
      else if (passed === "*") use(from, name);
    }
  }
}

for (const { taken } of modules.values()) for (const { from, name } of taken) use(from, name);
for (const file of publicFiles) use(file, "*");

it("every export is imported somewhere, or public", () => {
  const unused = files.filter((file) => !loadedByPath(file)).flatMap((file) => {
    const known = used.get(file)!;
    const { own, passed } = modules.get(file)!;
    return [...own, ...passed.map(({ name }) => name).filter((name) => name !== "*")]
      .filter((name) => !known.has(name) && !known.has("*"))
      .map((name) => `${file}: ${name}`);
  });
  assert.deepEqual(unused, []);
});

it("uses of exports are seen by this test, through barrels, namespaces and dynamic imports", () => {
  assert.ok(used.get("kernels/reference/dense/gemm.ts")!.has("gemm"), "a namespace of a barrel");
  assert.ok(used.get("kernels/engine/webgpu/machine.ts")!.has("createWebgpuMachine"), "a dynamic import");
  assert.ok(used.get("solvers/core/matrix.ts")!.has("matrix"), "a public name");
  assert.ok(!used.get("kernels/engine/webgpu/machine.ts")!.has("*"), "single names");
});
