/** A project that has installed the packed library, to import it as a user would. */

import { existsSync } from "node:fs";

/** What the project runs: the first example of the README, over the public API alone, and where it ran. */
export const program = Deno.readTextFileSync("README.md").match(/```ts\n([\s\S]*?)```/)![1]
  .replaceAll(/^console\.log.*$/gm, "") +
  "\nexport const answer = `${layer.status} on ${layer.plan.backend}`;\n";

/** What `program` answers where there is WASM. */
export const expected = "converged on wasm";

/** A folder with \`main.mjs\` (the program, printing its answer) and the packed library in \`node_modules\`. */
export interface Project extends AsyncDisposable {
  readonly directory: string;
  write(name: string, text: string): Promise<void>;
  /** Runs a command in the folder; what it printed. */
  run(command: string, ...args: string[]): Promise<string>;
}

let packed: Promise<void> | undefined;

/** Packs the library, once, and installs it in a fresh folder. */
export async function createProject(): Promise<Project> {
  await (packed ??= pack());
  const directory = await Deno.makeTempDir({ prefix: "minima-project-" });
  await Deno.mkdir(`${directory}/node_modules/@minima`, { recursive: true });
  await copyFolder("build/npm", `${directory}/node_modules/@minima/minima`);
  for (const dependency of Object.keys(JSON.parse(Deno.readTextFileSync("build/npm/package.json")).dependencies)) {
    const target = `${directory}/node_modules/${dependency}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.symlink(await Deno.realPath(`node_modules/${dependency}`), target);
  }
  const project: Project = {
    directory,
    write: (name, text) => Deno.writeTextFile(`${directory}/${name}`, text),
    async run(command, ...args) {
      const { success, stdout, stderr } = await new Deno.Command(command, {
        args,
        cwd: directory,
        env: { NO_COLOR: "1" },
        signal: AbortSignal.timeout(60_000),
      }).output();
      if (!success) throw new Error(`${command} ${args.join(" ")}:\n${new TextDecoder().decode(stderr)}`);
      return new TextDecoder().decode(stdout).trim();
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
  await project.write("package.json", '{ "type": "module", "dependencies": { "@minima/minima": "*" } }\n');
  await project.write("main.mjs", `${program}console.log(answer);\n`);
  return project;
}

async function pack(): Promise<void> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["task", "pack"] }).output();
  if (!success || !existsSync("build/npm/package.json")) throw new Error(new TextDecoder().decode(stderr));
}

async function copyFolder(from: string, to: string): Promise<void> {
  await Deno.mkdir(to, { recursive: true });
  for (const { name, isDirectory } of Deno.readDirSync(from)) {
    if (isDirectory) await copyFolder(`${from}/${name}`, `${to}/${name}`);
    else await Deno.copyFile(`${from}/${name}`, `${to}/${name}`);
  }
}
