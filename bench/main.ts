/**
 * `deno task bench [case...] [--quick] [--seed=N]`: runs cases, all of them when none is named, and records what they
 * found in `results/`. Quick runs are shown and not recorded.
 */

import { parseArgs } from "node:util";
import type { CaseContext } from "./case.ts";
import { cases } from "./cases/index.ts";
import { environment } from "./environment.ts";
import { record, targetLines, textTable, writeReadme } from "./report.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { quick: { type: "boolean", default: false }, seed: { type: "string", default: "1" } },
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

await installPeers();
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
  if (values.quick) continue;
  const command = `deno task bench ${name}` + (seed === 1 ? "" : ` --seed=${seed}`);
  await record({ case: name, question, command, seed, environment: environment(), ...outcome });
  await writeReadme(names);
}
// Peers leave workers and sockets behind that would keep the process alive.
Deno.exit(0);

/** Installs `bench/package.json` where it is not installed yet. */
async function installPeers(): Promise<void> {
  const here = new URL(".", import.meta.url).pathname;
  if (await Deno.stat(`${here}node_modules`).catch(() => undefined)) return;
  console.error("Installing the peers of bench/package.json ...");
  const { success } = await new Deno.Command("npm", { args: ["ci", "--ignore-scripts"], cwd: here }).output();
  if (!success) throw new Error("Cannot install the peers: run `npm ci` in bench/ to see why.");
}
