import { describe, it } from "node:test";
import assert from "node:assert/strict";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { build, type Plugin, stop } from "esbuild";
import { Miniflare } from "miniflare";
import { findChromium, findFirefox } from "../../scripts/test/browsers.ts";
import { findBunCommand } from "../../scripts/test/processes.ts";
import { serveFiles } from "../../scripts/test/static_server.ts";
import {
  createProject,
  emptyProject,
  example,
  expected,
  installFromCheckout,
  packedLibrary,
  printed,
  program,
  type Project,
} from "./project.ts";

const bun = await findBunCommand();

describe("the packed library", () => {
  it("runs in Node, and lets the process end by itself", async () => {
    await using project = await createProject();
    assert.equal(await project.run("node", "main.mjs"), expected);
  });

  it("runs in Node on threads, and lets the process end by itself", async () => {
    await using project = await createProject();
    await project.write(
      "threads.mjs",
      program.replace("{ bits: 3 }", '{ bits: 3, backend: "threads", threads: 2 }') + "console.log(answer);\n",
    );
    assert.equal(await project.run("node", "threads.mjs"), expected.replace("wasm", "threads"));
  });

  it("brings the command: minima examines every backend in Node", async () => {
    await using project = await createProject();
    const report = JSON.parse(await project.run("node_modules/@minima/minima/cli.js", "doctor", "--json"));
    const outcomes = Object.fromEntries(
      report.backends.map((entry: Record<string, string>) => [entry.backend, entry.outcome]),
    );
    assert.equal(report.capabilities.runtime, "node");
    assert.deepEqual([outcomes.reference, outcomes.wasm, outcomes.threads], ["passed", "passed", "passed"]);
  });

  it("says what is missing where hono is not installed: the library needs it not, the service does", async () => {
    await using project = await createProject();
    const port = ["--port", "0"];
    await assert.rejects(
      project.run("node_modules/@minima/minima/cli.js", "serve", ...port),
      /Cannot serve: expected the packages "hono" and "@hono\/node-server"/,
    );
    await project.write("server.mjs", 'await import("@minima/minima/server");\n');
    const missing = /Cannot load the HTTP service: expected the package "hono", which is not installed/;
    await assert.rejects(project.run("node", "server.mjs"), missing);
    await assert.rejects(project.run(Deno.execPath(), "run", "-A", "server.mjs"), missing);
    if (bun) await assert.rejects(project.run(bun.command, "server.mjs"), missing);
  });

  it("serves where hono is installed", async () => {
    await using project = await createProject();
    await installFromCheckout(project, "hono");
    await project.write(
      "server.mjs",
      'import { createApp } from "@minima/minima/server";\n' +
        'console.log(await (await createApp().fetch(new Request("http://localhost/healthz"))).text());\n',
    );
    assert.equal(await project.run("node", "server.mjs"), '{"status":"ok"}');
  });

  it("draws with what is bundled into it, and brings the licences", async () => {
    await using project = await createProject();
    await project.write(
      "pictures.mjs",
      [
        'import { drawCurves } from "@minima/minima/pictures";',
        'console.log(drawCurves([{ name: "one", x: [1, 2], y: [1, 2] }], { title: "One" }));\n',
      ].join("\n"),
    );
    assert.match(await project.run("node", "pictures.mjs"), /^<svg [^]*<\/svg>$/);
    const licences = Deno.readTextFileSync("build/npm/THIRD_PARTY_LICENSES");
    for (const name of ["d3-scale", "d3-shape", "d3-format"]) assert.match(licences, new RegExp(`^${name}$`, "m"));
    assert.doesNotMatch(Deno.readTextFileSync("build/npm/mod.js"), /scaleLinear|d3-/);
  });

  it("runs in Bun", { skip: bun ? false : "no bun" }, async () => {
    await using project = await createProject();
    assert.equal(await project.run(bun!.command, "main.mjs"), expected);
  });

  it("runs in Deno, which checks the types that it declares", async () => {
    await using project = await createProject();
    const typed =
      `import type { QuantizedLayer } from "@minima/minima";\n${program}const typed: QuantizedLayer = layer;\n`;
    await project.write("main.ts", `${typed}console.log(typed && answer);\n`);
    assert.equal(await project.run(Deno.execPath(), "run", "-A", "--check", "main.ts"), expected);
    await project.write("wrong.ts", `import { fromRows } from "@minima/minima";\nfromRows("not rows");\n`);
    await assert.rejects(project.run(Deno.execPath(), "check", "wrong.ts"), /TS2345/);
  });

  it("runs in Node when a bundler has put it into one file", async () => {
    await using project = await createProject();
    await bundle(project.directory, "default");
    await Deno.remove(`${project.directory}/node_modules`, { recursive: true });
    assert.equal(await project.run("node", "bundle.mjs"), expected);
  });

  it("runs in workerd, with the kernels as modules", async () => {
    await using project = await createProject();
    const [imports, ...body] = program.replace("export const", "const").split("\n");
    await project.write(
      "main.mjs",
      `${imports}\nexport default { async fetch() {${body.join("\n")} return new Response(answer); } };\n`,
    );
    await bundle(project.directory, "workerd");
    const kernels = [...Deno.readDirSync("build/npm/workerd")].filter(({ name }) => name.endsWith(".wasm")).map((
      { name },
    ) => ({
      type: "CompiledWasm" as const,
      path: name,
      contents: Deno.readFileSync(`build/npm/workerd/${name}`),
    }));
    const contents = Deno.readTextFileSync(`${project.directory}/bundle.mjs`);
    const worker = new Miniflare({
      compatibilityDate: "2026-04-01",
      modules: [{ type: "ESModule", path: "bundle.mjs", contents }, ...kernels],
    });
    try {
      assert.equal(await (await worker.dispatchFetch("http://worker/")).text(), expected);
    } finally {
      await worker.dispose();
    }
  });

  for (const [name, find] of [["Chromium", findChromium], ["Firefox", findFirefox]] as const) {
    it(`runs in a plain page of ${name}, without a bundler, isolated or not`, async (context) => {
      const browser = await find();
      if (typeof browser === "string") return context.skip(browser);
      await using project = await createProject();
      const map = JSON.stringify({ imports: { "@minima/minima": "./node_modules/@minima/minima/mod.js" } });
      await project.write("index.html", `<!doctype html><script type="importmap">${map}</script>`);
      for (const isolated of [true, false]) {
        await using server = serveFiles(project.directory, isolated);
        const page = await browser.open();
        try {
          await page.goto(server.url);
          assert.equal(await page.evaluate('import("/main.mjs").then(({ answer }) => answer)'), expected);
          assert.equal(await page.evaluate("crossOriginIsolated"), isolated);
        } finally {
          await page.close();
        }
      }
    });
  }
});

describe("the README", () => {
  it("shows what its example prints, installed as it says, in Node, Bun and Deno", async (context) => {
    await using project = await installed();
    assert.deepEqual(readdirSync(`${project.directory}/node_modules/@minima`), ["minima"]);
    assert.deepEqual(readdirSync(`${project.directory}/node_modules`).filter((name) => !name.startsWith(".")), [
      "@minima",
    ]);
    assert.equal(await project.run("node", "example.mjs"), printed.trim());
    assert.equal(await project.run(Deno.execPath(), "run", "-A", "example.mjs"), printed.trim());
    if (bun) assert.equal(await project.run(bun.command, "example.mjs"), printed.trim());
    else context.diagnostic("no bun");
  });

  it("shows what its example prints, from the sources, in Deno and Bun as it says", async (context) => {
    for (
      const [file, command] of [["deno.json", [Deno.execPath(), "run", "-A"]], ["tsconfig.json", [
        bun?.command,
      ]]] as const
    ) {
      const [, given] = Deno.readTextFileSync("README.md").match(new RegExp(`^echo '(.*)' > ${file} &&`, "m"))!;
      await using project = await emptyProject();
      await project.write("example.mjs", example);
      await project.write(file, given.replace("../minima", Deno.cwd()));
      const [program, ...args] = command;
      if (program) assert.equal(await project.run(program, ...args, "example.mjs"), printed.trim());
      else context.diagnostic("no bun");
    }
  });

  it("names the file that is packed", async () => {
    const name = (await packedLibrary()).split("/").at(-1)!;
    assert.ok(Deno.readTextFileSync("README.md").includes(`build/${name}`), name);
  });

  it("links only to what is in the package, and so does every document there", async () => {
    await using project = await createProject();
    const root = join(project.directory, "node_modules/@minima/minima");
    const documents = readdirSync(root, { recursive: true, encoding: "utf8" }).filter((path) => path.endsWith(".md"));
    assert.ok(documents.length > 3);
    const broken = documents.flatMap((document) =>
      [...Deno.readTextFileSync(join(root, document)).matchAll(/\]\(([^)]+)\)/g)]
        .map(([, link]) => link.replace(/#.*/, ""))
        .filter((link) => link && !/^https?:/.test(link) && !existsSync(join(root, dirname(document), link)))
        .map((link) => `${document}: ${link}`)
    );
    assert.deepEqual(broken, []);
  });

  it("states the least TypeScript that takes the declarations, all of them checked", async () => {
    const { version } = JSON.parse(Deno.readTextFileSync("node_modules/typescript/package.json"));
    const [, least] = Deno.readTextFileSync("README.md").match(/TypeScript (\d+\.\d+)/)!;
    assert.equal(version.split(".", 2).join("."), least, "the version in package.json is the one that is stated");
    await using project = await createProject();
    await project.write("main.ts", `${example}import { createApp } from "@minima/minima/server";\ncreateApp();\n`);
    const options = ["--noEmit", "--strict", "--target", "es2022", "--module", "nodenext", "--lib", "es2022,dom"];
    const tsc = await Deno.realPath("node_modules/typescript/bin/tsc");
    assert.equal(await project.run("node", tsc, ...options, "main.ts"), "");
    await project.write("wrong.ts", 'import { fromRows } from "@minima/minima";\nfromRows("not rows");\n');
    await assert.rejects(project.run("node", tsc, ...options, "wrong.ts"), /TS2345/);
  });
});

/** Installed as the README says, without a registry: the library depends on nothing. */
async function installed(): Promise<Project> {
  const project = await emptyProject();
  await project.write("package.json", '{ "type": "module" }\n');
  await project.run("npm", "install", "--offline", "--no-audit", "--no-fund", await packedLibrary());
  await project.write("example.mjs", example);
  return project;
}

async function bundle(directory: string, condition: string): Promise<void> {
  const { warnings } = await build({
    absWorkingDir: directory,
    entryPoints: ["main.mjs"],
    outfile: "bundle.mjs",
    bundle: true,
    format: "esm",
    platform: "neutral",
    conditions: [condition],
    external: ["node:*"],
    plugins: [wasmModules],
    logLevel: "error",
  });
  await stop();
  assert.deepEqual(warnings, []);
}

/** As the bundlers for workerd do: a `.wasm` file stays an import, and comes to lie beside the bundle. */
const wasmModules: Plugin = {
  name: "WASM modules",
  setup({ onResolve }) {
    onResolve({ filter: /\.wasm$/ }, ({ path }) => ({ path: `./${path.split("/").at(-1)}`, external: true }));
  },
};
