/** A project that has installed the packed library, to import it as a user would. */

/** The first example of the README, and what it prints. */
export const [, example, printed] = Deno.readTextFileSync("README.md")
  .match(/```ts\n([\s\S]*?)```\s*```text\n([\s\S]*?)```/)!;

/** What the project runs: that example, over the public API alone, silent, and where it ran. */
export const program = example.replaceAll(/^console\.log.*$/gm, "") +
  "\nexport const answer = `${layer.status} on ${layer.plan.backend}`;\n";

/** What `program` answers where there is WASM. */
export const expected = "converged on wasm";

/** A folder to run things in; from `createProject`, with `main.mjs`: the program, printing its answer. */
export interface Project extends AsyncDisposable {
  readonly directory: string;
  write(name: string, text: string): Promise<void>;
  /** Runs a command in the folder; what it printed. */
  run(command: string, ...args: string[]): Promise<string>;
}

let packed: Promise<string> | undefined;

/** Packs the library, once; the path of the file. */
export function packedLibrary(): Promise<string> {
  return packed ??= pack();
}

/** Packs the library, once, and unpacks it in a fresh folder; nothing else is installed there. */
export async function createProject(): Promise<Project> {
  const project = await emptyProject();
  const target = "node_modules/@minima/minima";
  await Deno.mkdir(`${project.directory}/${target}`, { recursive: true });
  await project.run("tar", "-xzf", await packedLibrary(), "-C", target, "--strip-components=1");
  await project.write("package.json", '{ "type": "module", "dependencies": { "@minima/minima": "*" } }\n');
  await project.write("main.mjs", `${program}console.log(answer);\n`);
  return project;
}

/** Lets the project use packages of this checkout. */
export async function installFromCheckout({ directory }: Project, ...names: readonly string[]): Promise<void> {
  for (const name of names) {
    const target = `${directory}/node_modules/${name}`;
    await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), { recursive: true });
    await Deno.symlink(await Deno.realPath(`node_modules/${name}`), target);
  }
}

/** A folder with nothing in it. */
export async function emptyProject(): Promise<Project> {
  const directory = await Deno.makeTempDir({ prefix: "minima-project-" });
  return {
    directory,
    write: (name, text) => Deno.writeTextFile(`${directory}/${name}`, text),
    async run(command, ...args) {
      const { success, stdout, stderr } = await new Deno.Command(command, {
        args,
        cwd: directory,
        env: { NO_COLOR: "1" },
        signal: AbortSignal.timeout(60_000),
      }).output();
      if (!success) {
        const output = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
        throw new Error(`${command} ${args.join(" ")}:\n${output}`);
      }
      return new TextDecoder().decode(stdout).trim();
    },
    [Symbol.asyncDispose]: () => Deno.remove(directory, { recursive: true }),
  };
}

/** Without the build of `deno task pack`, whose results the tests beside this one are reading. */
async function pack(): Promise<string> {
  const { success, stderr } = await new Deno.Command(Deno.execPath(), { args: ["run", "-A", "scripts/pack.ts"] })
    .output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
  const { version } = JSON.parse(Deno.readTextFileSync("deno.json"));
  return await Deno.realPath(`build/minima-minima-${version}.tgz`);
}
