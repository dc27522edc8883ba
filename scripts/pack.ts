/**
 * `deno task pack`: the npm package, in `build/npm/`: one bundle for each export of deno.json with the chunks they
 * share, their declarations, the same for workerd with the kernels as modules, and the documents that the README leads
 * to. Beside it, in `build/`, the same as one file that `npm install` takes.
 */

import { dirname, join } from "node:path/posix";
import { build, type BuildOptions, type Metafile, stop } from "esbuild";
import { findFamilies } from "./assembly_exports.ts";
import { copyModules, edgeOptions, familiesOf, givingModules } from "./edge.ts";

const output = "build/npm";

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, string>>;
}

const manifest: Manifest = JSON.parse(Deno.readTextFileSync("deno.json"));
const development = JSON.parse(Deno.readTextFileSync("package.json"));
/** Name of each export in the package: `mod` for ".", `server` for "./server"; one folder holds them all. */
const entries = Object.entries(manifest.exports).map(([key, source]) => ({
  key,
  source: source.slice(2),
  name: key.slice(2).replaceAll("/", "-") || "mod",
}));
const shared = {
  chunkNames: "chunks/[name]-[hash]",
  bundle: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  platform: "neutral",
  external: [...Object.keys(development.peerDependencies), "node:*"],
  metafile: true,
  logLevel: "error",
} satisfies BuildOptions;

await Deno.remove(output, { recursive: true }).catch(() => {});
await bundleForWorkerd(await bundle());
await declarations();
for (const path of linkedFiles("README.md")) {
  await Deno.mkdir(dirname(`${output}/${path}`), { recursive: true });
  await Deno.copyFile(path, `${output}/${path}`);
}
await Deno.writeTextFile(`${output}/package.json`, JSON.stringify(packageJson(), null, 2) + "\n");
await run("npm", "pack", `./${output}`, "--pack-destination", dirname(output));
await stop();

async function bundle(): Promise<Metafile> {
  const entryPoints = entries.map(({ name, source }) => ({ in: source, out: name }));
  const { metafile } = await build({ ...shared, entryPoints, outdir: output });
  await Deno.writeTextFile(`${output}/THIRD_PARTY_LICENSES`, licensesOf(Object.keys(metafile.inputs)));
  for (const { name } of entries.filter(isCommand)) {
    const path = `${output}/${name}.js`;
    await Deno.writeTextFile(path, `#!/usr/bin/env node\n${await Deno.readTextFile(path)}`);
    await Deno.chmod(path, 0o755);
  }
  return metafile;
}

/**
 * workerd compiles no WASM at run time: there, each entry first hands over the modules of the families that it reaches,
 * and nothing carries their bytes. Chunks lie beside the entries, as the modules that they import do.
 */
async function bundleForWorkerd(metafile: Metafile): Promise<void> {
  const outdir = `${output}/workerd`, virtual = "workerd:";
  await build({
    ...shared,
    ...edgeOptions,
    external: shared.external,
    entryPoints: entries.filter((entry) => !isCommand(entry)).map(({ name }) => ({ in: virtual + name, out: name })),
    outdir,
    chunkNames: "chunk-[hash]",
    plugins: [...edgeOptions.plugins, {
      name: "entries",
      setup({ onResolve, onLoad }) {
        onResolve({ filter: /^workerd:/ }, ({ path }) => ({ path, namespace: "workerd" }));
        onLoad({ filter: /^workerd:/, namespace: "workerd" }, ({ path }) => {
          const { source } = entries.find(({ name }) => virtual + name === path)!;
          const modules = givingModules(familiesOf(metafile, source), ".");
          return { contents: `${modules}export * from "./${source}";\n`, resolveDir: Deno.cwd(), loader: "ts" };
        });
      },
    }],
  });
  await copyModules(await findFamilies(), outdir);
}

/** The licences of the packages whose files are in the bundle. */
function licensesOf(inputs: readonly string[]): string {
  const packages = new Set(inputs.flatMap((path) => /^node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(path)?.[1] ?? []));
  return [...packages].sort()
    .map((name) => `${name}\n\n${Deno.readTextFileSync(`node_modules/${name}/LICENSE`).trim()}\n`)
    .join("\n---\n\n");
}

/** Deno derives the declarations of all that the exports reach; nothing else of its package is used. */
async function declarations(): Promise<void> {
  const archive = `${output}/deno.tgz`, folder = `${output}/deno`;
  await Deno.mkdir(folder, { recursive: true });
  await run(Deno.execPath(), "pack", "--quiet", "--allow-dirty", "--no-source-maps", "--output", archive);
  await run("tar", "-xzf", archive, "-C", folder);
  for (const path of declarationFiles(`${folder}/package`)) {
    const target = `${output}/types/${path.slice(`${folder}/package/`.length)}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.rename(path, target);
  }
  await Deno.remove(folder, { recursive: true });
  await Deno.remove(archive);
}

function packageJson(): unknown {
  const { name, description, license, engines, peerDependencies, peerDependenciesMeta } = development;
  const commands = entries.filter(isCommand);
  return {
    name,
    version: manifest.version,
    description,
    license,
    type: "module",
    engines,
    sideEffects: ["./workerd/*.js"],
    exports: Object.fromEntries(
      entries.filter((entry) => !isCommand(entry)).map(({ key, name, source }) => [key, {
        types: `./types/${source.replace(/\.ts$/, ".d.ts")}`,
        workerd: `./workerd/${name}.js`,
        default: `./${name}.js`,
      }]),
    ),
    ...commands.length > 0 ? { bin: { minima: `./${commands[0].name}.js` } } : {},
    // All optional: WebGPU for Node and Bun, whose runtimes have none, and what the HTTP service alone needs.
    peerDependencies,
    peerDependenciesMeta,
  };
}

/** The document and all that relative links lead to from it, from the root of the repository. */
function linkedFiles(document: string): ReadonlySet<string> {
  const found = new Set([document]);
  for (const path of found) {
    if (!path.endsWith(".md")) continue;
    for (const [, link] of Deno.readTextFileSync(path).matchAll(/\]\(([^)#:]+)(?:#[^)]*)?\)/g)) {
      found.add(join(dirname(path), link));
    }
  }
  return found;
}

function isCommand({ key }: { readonly key: string }): boolean {
  return key === "./cli";
}

function declarationFiles(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) =>
    isDirectory ? declarationFiles(`${folder}/${name}`) : name.endsWith(".d.ts") ? [`${folder}/${name}`] : []
  );
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args }).output();
  if (!success) throw new Error(`${command} ${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
}
