import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { families } from "../../kernels/families/mod.ts";
import { systems } from "../../scripts/systems.ts";
import type { Case, Cell, Target } from "../case.ts";
import { coldStarts } from "./cold_start.ts";

const root = new URL("../../", import.meta.url).pathname;

/** What a user downloads or deploys, by system. */
export const size: Case = {
  question:
    "How many bytes are the kernels, the library and the service of each system, and how long does each take to start?",
  async run({ quick, progress }) {
    const rows: Cell[][] = [];
    const add = (name: string, ...parts: Uint8Array[]) => {
      const [bytes, compressed] = parts.reduce(
        ([bytes, compressed], part) => [bytes + part.length, compressed + gzipSync(part, { level: 9 }).length],
        [0, 0],
      );
      rows.push([name, bytes / 1024, compressed / 1024]);
      return compressed / 1024;
    };
    for (const { name } of families) {
      for (const build of ["simd", "relaxed"]) {
        add(`kernels, ${name}, ${build} build`, await Deno.readFile(`${root}kernels/dist/${name}.${build}.wasm`));
      }
    }
    for (const system of systems()) {
      add(`library, ${system}, minified, both builds within`, ...await bundle(`${root}solvers/${system}/mod.ts`));
    }
    add("library, all, minified, both builds within", ...await bundle(`${root}mod.ts`));
    const deployed: [string, number][] = [];
    for (const system of systems()) {
      deployed.push([system, add(`deployed to workerd, ${system}: service and kernels`, ...await service(system))]);
    }
    add("deployed to workerd, all: service and kernels", ...await service());
    const starts = await coldStarts(quick, progress);
    return {
      tables: [{ title: "Sizes in KiB", columns: ["what", "size", "gzip -9"], rows }, ...starts.tables],
      targets: [
        ...deployed.map(([system, value]): Target => ({
          name: `deployed to workerd, ${system} alone, gzip, KiB`,
          value,
          limit: 150,
          sense: "at most",
        })),
        ...starts.targets,
      ],
      notes: [
        "A system is loaded in chunks: what a page downloads is less than the library's row, one build alone.",
        ...starts.notes,
      ],
      missing: starts.missing,
    };
  },
};

/** The chunks of a module for browsers. */
async function bundle(entry: string): Promise<Uint8Array[]> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    minify: true,
    splitting: true,
    format: "esm",
    target: "es2022",
    external: ["node:*"],
    write: false,
    outdir: "/",
  });
  return outputFiles.map(({ contents }) => contents);
}

/** The files that go to the edge. */
async function service(system?: string): Promise<Uint8Array[]> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "scripts/build_worker.ts", ...system ? [`--system=${system}`] : []],
    cwd: root,
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const folder = `${root}build/worker${system ? `-${system}` : ""}`;
  return [...Deno.readDirSync(folder)].map(({ name }) => Deno.readFileSync(`${folder}/${name}`));
}
