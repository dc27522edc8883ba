import { systems } from "../../scripts/systems.ts";
import type { Case, Cell, Outcome, Target } from "../case.ts";
import { median } from "../runner.ts";
import { bareVariant, type ColdStart } from "../runtimes/cold_start.ts";
import { findRuntimes } from "../runtimes/runtimes.ts";

/** The most that a first answer may take, in times of compiling and instantiating its kernels. */
const mostOfBare = 4;

/** How long each system takes to a first answer in each runtime, and which runtimes are missing. */
export async function coldStarts(quick: boolean, progress: (text: string) => void): Promise<Outcome> {
  const { found, missing } = await findRuntimes();
  const rounds = quick ? 1 : 7;
  const starts = found.map(() =>
    systems().map((system) => ({ system, whole: [] as ColdStart[], bare: [] as number[] }))
  );
  for (let round = 1; round <= rounds; round++) {
    for (const [index, runtime] of found.entries()) {
      progress(`round ${round} of ${rounds}, ${runtime.name}`);
      for (const { system, whole, bare } of starts[index]) {
        whole.push(await runtime.run<ColdStart>("cold_start.ts", { quick, variant: system }));
        if (!runtime.precompiled) {
          bare.push((await runtime.run<ColdStart>("cold_start.ts", { quick, variant: bareVariant(system) })).answer);
        }
      }
    }
  }
  const rows: Cell[][] = [], targets: Target[] = [];
  for (const [index, { name }] of found.entries()) {
    for (const { system, whole, bare } of starts[index]) {
      const least = (stage: keyof ColdStart) => Math.min(...whole.map((start) => start[stage]));
      const totals = whole.map((start) => start.import + start.answer);
      const all = Math.min(...totals), kernels = bare.length > 0 ? Math.min(...bare) : null;
      rows.push([name, system, least("import"), least("answer"), all, median(totals), kernels]);
      if (kernels === null) continue;
      targets.push({
        name: `${name}, ${system}: import and first answer, in times of its kernels alone`,
        value: all / kernels,
        limit: mostOfBare,
        sense: "at most",
      });
    }
  }
  const columns = ["runtime", "system", "import", "first answer", "all, minimum", "all, median", "kernels alone"];
  const title = "Cold start, wall-clock milliseconds";
  return { tables: [{ title, columns, rows }], targets, notes, missing };
}

/** What to know of the times. */
const notes = [
  "The start of the runtime itself is not counted. A first answer is a small solve (60 samples or outputs, 20 features " +
  "or inputs), its kernels decoded and compiled. Kernels alone: the same modules decoded, compiled and instantiated in " +
  "a process of their own, which is the baseline of the targets.",
  "workerd compiles the kernels before the worker starts, and its clock ticks in whole milliseconds.",
];

/** From nothing to a first answer. */
export const coldStart: Case = {
  question: "How long does a fresh process, page or worker need to import one system and give a first small answer?",
  run: ({ quick, progress }) => coldStarts(quick, progress),
};
