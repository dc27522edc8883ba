import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { dirname, join } from "node:path/posix";
import { sourceFiles } from "../../scripts/sources.ts";

const files = sourceFiles();
const folders = new Set(files.flatMap((file) => file.split("/").map((_, i, parts) => parts.slice(0, i).join("/"))));
const documents = files.filter((file) => file.endsWith(".md") && !file.startsWith("bench/results/"))
  .map((path) => ({ path, text: Deno.readTextFileSync(path).replace(/^```[\s\S]*?^```$/gm, "") }));

/** Roots that a document names paths from, beside the repository and its own folder. */
const roots: { readonly [document: string]: readonly string[] } = { "CONTRIBUTING.md": ["tests"] };
/** Media types look like paths. */
const mediaType = /^(application|text|image)\//;

/** Whether a path is a file, or a folder where it ends in a slash. */
function isThere(path: string): boolean {
  return path.endsWith("/") ? folders.has(path.slice(0, -1)) : files.includes(path) || folders.has(path);
}

/** Paths in backticks: with a slash or the name of a source file, without placeholders and command lines. */
function pathsIn(text: string): string[] {
  return [...text.matchAll(/`(\w[\w./-]*)`/g)].map(([, path]) => path)
    .filter((path) => /\/|\.(ts|py)$/.test(path) && !mediaType.test(path));
}

/** The first column of the table of layers. */
function layersOf(architecture: string): string[] {
  const table = architecture.match(/^\| Folder[\s\S]*?\n\n/m)![0];
  return [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, cell]) => [...cell.matchAll(/`([^`]+)`/g)])
    .map(([, folder]) => folder);
}

describe("documents", () => {
  it("name paths that exist", () => {
    const missing = documents.flatMap(({ path, text }) =>
      pathsIn(text)
        .filter((named) => !["", dirname(path), ...roots[path] ?? []].some((root) => isThere(join(root, named))))
        .map((named) => `${path}: ${named}`)
    );
    assert.deepEqual(missing, []);
  });

  it("link to files that exist", () => {
    const missing = documents.flatMap(({ path, text }) =>
      [...text.matchAll(/\]\((?![a-z]+:|#)([^)#]+)/g)]
        .filter(([, target]) => !isThere(join(dirname(path), target)))
        .map(([, target]) => `${path}: ${target}`)
    );
    assert.deepEqual(missing, []);
  });

  it("list every route of the service", () => {
    const routes = [...Deno.readTextFileSync("server/routes/mod.ts").matchAll(/path: "([^"]+)"/g)].map(([, path]) =>
      path
    );
    assert.ok(routes.length > 10, routes.join());
    for (const { path, text } of documents.filter(({ path }) => ["README.md", "server/README.md"].includes(path))) {
      assert.deepEqual(routes.filter((route) => !text.includes(`${route}\``)), [], path);
    }
  });

  it("are seen by this test: paths and links are found", () => {
    const { text } = documents.find(({ path }) => path === "ARCHITECTURE.md")!;
    assert.ok(pathsIn(text).includes("kernels/contract/l0/constants.ts"));
    assert.ok(!isThere("kernels/contract/absent.ts") && !isThere("kernels/absent/") && isThere("kernels/contract/"));
  });

  it("give every folder a place among the layers", () => {
    const { text } = documents.find(({ path }) => path === "ARCHITECTURE.md")!;
    const named = layersOf(text);
    const needed = [...folders].filter((folder) => /^(kernels\/\w+|[a-z]\w*)$/.test(folder) && folder !== "kernels");
    const absent = needed.filter((folder) => !named.some((layer) => layer.startsWith(`${folder}/`)));
    assert.deepEqual(absent, []);
  });
});

describe("comments", () => {
  const sources = files.filter((path) => path.endsWith(".ts") && !path.includes("/dist/"))
    .map((path) => ({ path, text: Deno.readTextFileSync(path) }));

  it("link to names that are declared", () => {
    const declared = new Set(
      sources.flatMap(({ text }) =>
        [...text.matchAll(/\b(?:function\*?|const|interface|type|class) (\w+)/g)].map(([, name]) => name)
      ),
    );
    const links = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/\{@link(?:code)? (\w+)/g)].map(([, name]) => ({ path, name }))
    );
    assert.ok(links.length > 100);
    assert.deepEqual(links.filter(({ name }) => !declared.has(name)), []);
  });

  it("name files that exist", () => {
    const named = sources.flatMap(({ path, text }) =>
      [...text.matchAll(/^ *(?:\*|\/\/|\/\*).*$/gm)]
        .flatMap((
          [line],
        ) => [...line.matchAll(/(?<![\w./@-])(?:kernels|solvers|contract|cli|server|tests|scripts)\/[\w/]+\.ts\b/g)])
        .map(([file]) => ({ path, file }))
    );
    assert.ok(named.length > 5, `${named.length}`);
    assert.deepEqual(named.filter(({ file }) => !isThere(file) && !isThere(`kernels/${file}`)), []);
  });
});
