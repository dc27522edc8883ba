/** The generated files that are committed, and the commands that make them. */

import { sourceFiles } from "./sources.ts";

interface Generated {
  /** A folder that holds nothing else, or a file. */
  readonly path: string;
  /** A task of deno.json, with its arguments. */
  readonly task: string;
}

const generated: readonly Generated[] = [
  { path: "kernels/dist", task: "build" },
  { path: "server/dist", task: "build" },
  // The option tables in the READMEs of the solvers.
  ...sourceFiles("solvers").filter((path) => path.endsWith(".md")).map((path) => ({ path, task: "build" })),
  // The records are measured; these follow from them.
  { path: "bench/results/README.md", task: "bench --readme" },
  { path: "README.md", task: "bench --readme" },
];

/** Makes them all again; the files that came out different, with their commands. */
export async function staleFiles(): Promise<string[]> {
  const before = await Promise.all(generated.map(({ path }) => contents(path)));
  for (const task of new Set(generated.map(({ task }) => task))) {
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["task", ...task.split(" ")] })
      .output();
    if (!success) throw new Error(`deno task ${task} failed:\n${new TextDecoder().decode(stderr)}`);
  }
  const after = await Promise.all(generated.map(({ path }) => contents(path)));
  return generated.flatMap(({ task }, i) => {
    const paths = new Set([...before[i].keys(), ...after[i].keys()]);
    return [...paths]
      .filter((path) => before[i].get(path) !== after[i].get(path))
      .map((path) => `${path}, made by deno task ${task}`);
  });
}

async function contents(path: string): Promise<Map<string, string>> {
  const info = await Deno.stat(path).catch(() => undefined);
  const files = info === undefined ? [] : info.isFile ? [path] : sourceFiles(path);
  return new Map(
    await Promise.all(files.map(async (file): Promise<[string, string]> => {
      const digest = await crypto.subtle.digest("SHA-256", await Deno.readFile(file));
      return [file, new Uint8Array(digest).toString()];
    })),
  );
}
