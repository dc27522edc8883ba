import type { Case, Cell } from "../case.ts";
import { median } from "../runner.ts";
import type { ColdStart } from "../runtimes/cold_start.ts";
import { findRuntimes } from "../runtimes/runtimes.ts";

/** From nothing to a first answer. */
export const coldStart: Case = {
  question: "How long does a fresh process, page or worker need to import the library, initialise it and run a kernel?",
  async run({ quick, progress }) {
    const { found, missing } = await findRuntimes();
    const rounds = quick ? 1 : 7;
    const starts = found.map((): ColdStart[] => []);
    for (let round = 1; round <= rounds; round++) {
      for (const [index, runtime] of found.entries()) {
        progress(`round ${round} of ${rounds}, ${runtime.name}`);
        starts[index].push(await runtime.run<ColdStart>("cold_start.ts", { quick }));
      }
    }
    const rows = found.map(({ name }, index): Cell[] => {
      const least = (stage: keyof ColdStart) => Math.min(...starts[index].map((start) => start[stage]));
      const totals = starts[index].map((start) => start.import + start.init + start.kernel);
      return [name, least("import"), least("init"), least("kernel"), Math.min(...totals), median(totals)];
    });
    return {
      tables: [{
        title: "Wall-clock milliseconds",
        columns: ["runtime", "import", "init", "first kernel", "all, minimum", "all, median"],
        rows,
      }],
      targets: [],
      notes: [
        "The start of the runtime itself is not counted. The kernel is a product of two 64 x 64 matrices.",
        "workerd compiles the kernels before the worker starts, and its clock ticks in whole milliseconds.",
      ],
      missing,
    };
  },
};
