/**
 * `deno task bench [case...] [--quick] [--seed=N] [--results=FOLDER] [--no-install]`: runs cases, all of them when none
 * is named, and records what they found in `results/`, or in the folder that is named; quick runs only there. `--list`
 * says which cases there are, `--readme` writes their `README.md`, and the table of the
 * project's, from the records alone. A peer that is missing is left out
 * and named.
 */

import { parseArgs } from "node:util";
import type { CaseContext } from "./case.ts";
import { cases } from "./cases/index.ts";
import { environment } from "./environment.ts";
import { writeHeadlines } from "./headlines.ts";
import { record, targetLines, textTable, writeReadme } from "./report.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
    results: { type: "string" },
    list: { type: "boolean", default: false },
    readme: { type: "boolean", default: false },
    "no-install": { type: "boolean", default: false },
  },
});
const names = Object.keys(cases);
const unknown = positionals.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`Cannot run "${unknown[0]}": expected ${names.join(", ")}.`);
  Deno.exit(2);
}
const seed = Number(values.seed);
if (!Number.isSafeInteger(seed) || seed < 0) {
  console.error(`Cannot use "--seed": expected a whole number from 0 on, received ${values.seed}.`);
  Deno.exit(2);
}
if (values.list) {
  const width = Math.max(...names.map((name) => name.length));
  for (const name of names) console.log(`${name.padEnd(width)}  ${(await cases[name]()).question}`);
  Deno.exit(0);
}
if (values.readme) {
  await writeReadme(names, values.results);
  if (values.results === undefined) await writeHeadlines();
  Deno.exit(0);
}
if (!values["no-install"] && await installPeers()) Deno.exit(await runAgain());

const live = Deno.stderr.isTerminal();
for (const name of positionals.length > 0 ? positionals : names) {
  const context: CaseContext = {
    quick: values.quick,
    seed,
    progress: (text) =>
      Deno.stderr.writeSync(new TextEncoder().encode(live ? `\r\x1b[K${name}: ${text}` : `${name}: ${text}\n`)),
  };
  const { question, run } = await cases[name]();
  console.log(`\n${name}: ${question}\n`);
  const outcome = await run(context);
  if (live) Deno.stderr.writeSync(new TextEncoder().encode("\r\x1b[K"));
  for (const table of outcome.tables) console.log(textTable(table) + "\n");
  for (const line of targetLines(outcome)) console.log(line);
  for (const note of outcome.notes) console.log(`note: ${note}`);
  for (const reason of outcome.missing ?? []) console.log(`left out: ${reason}`);
  if (outcome.leftOut) console.log(`left out: ${name}: ${outcome.leftOut}`);
  if (values.quick && values.results === undefined || outcome.leftOut) continue;
  const command = `deno task bench ${name}` + (values.quick ? " --quick" : "") + (seed === 1 ? "" : ` --seed=${seed}`);
  await record({ case: name, question, command, seed, environment: environment(), ...outcome }, values.results);
  await writeReadme(names, values.results);
  if (values.results === undefined) await writeHeadlines();
}
// Peers leave workers and sockets behind that would keep the process alive.
Deno.exit(0);

/** Installs `bench/package.json` where it is not installed yet; whether it did. Without it, its peers are missing. */
async function installPeers(): Promise<boolean> {
  const here = new URL(".", import.meta.url).pathname;
  if (await Deno.stat(`${here}node_modules`).catch(() => undefined)) return false;
  console.error("Installing the peers of bench/package.json ...");
  const { success } = await new Deno.Command("npm", { args: ["ci", "--ignore-scripts"], cwd: here, stdout: "null" })
    .output();
  if (!success) console.error("Cannot install the peers, which are left out: run `npm ci` in bench/ to see why.");
  return success;
}

/** The same command in a process of its own: this one has looked for packages before they were there. */
async function runAgain(): Promise<number> {
  const args = ["run", "-A", new URL(import.meta.url).pathname, ...Deno.args];
  return (await new Deno.Command(Deno.execPath(), { args, stdin: "inherit" }).spawn().status).code;
}
