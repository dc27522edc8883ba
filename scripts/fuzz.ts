/**
 * `deno task fuzz [MINUTES] [--seed N] [--subject NAME]`: random nasty instances through the promises of the solvers, for
 * so many minutes (one, unless told otherwise). Seeds follow one another from `--seed` on, or from the clock's. Each
 * failure is printed with the command that repeats it; the exit status says whether there was one.
 */

import { parseArgs } from "node:util";
import { dispose } from "../mod.ts";
import { subjects } from "../tests/support/subjects.ts";

const { values, positionals } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { seed: { type: "string" }, subject: { type: "string" }, count: { type: "string" } },
});
const minutes = positionals.length > 0 ? Number(positionals[0]) : 1;
const first = values.seed === undefined ? Date.now() % 2 ** 31 : Number(values.seed);
const count = values.count === undefined ? Infinity : Number(values.count);
const fuzzed = Object.entries(subjects).flatMap(([name, { fuzz }]) => fuzz ? [{ name, fuzz }] : []);
const chosen = fuzzed.filter(({ name }) => values.subject === undefined || name === values.subject);
if (chosen.length === 0 || !(minutes > 0) || !Number.isInteger(first) || !(count > 0)) {
  console.error(
    `usage: deno task fuzz [MINUTES] [--seed N] [--count N] [--subject ${fuzzed.map(({ name }) => name).join("|")}]`,
  );
  Deno.exit(2);
}

console.log(`${chosen.map(({ name }) => name).join(", ")}: from seed ${first} on, ${minutes} min`);
const end = performance.now() + 60_000 * minutes;
let done = 0, failed = 0;
for (let seed = first; performance.now() < end && done < count; seed++, done++) {
  for (const { name, fuzz } of chosen) {
    try {
      await fuzz(seed);
    } catch (error) {
      failed++;
      console.error(`${error instanceof Error ? error.message : error}`);
      console.error(`  again: deno task fuzz --seed ${seed} --count 1 --subject ${name}`);
    }
  }
}
await dispose();
console.log(`${done} seeds, ${failed} failures`);
Deno.exit(failed > 0 ? 1 : 0);
