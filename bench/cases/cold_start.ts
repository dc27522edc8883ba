import type { Case, Cell, Table } from "../case.ts";
import { median } from "../runner.ts";
import type { ColdStart, System } from "../runtimes/cold_start.ts";
import { findRuntimes } from "../runtimes/runtimes.ts";

const systems: readonly System[] = ["regression", "graph", "quantization"];

/** How long each system takes to a first answer in each runtime, and which runtimes are missing. */
export async function coldStarts(
  quick: boolean,
  progress: (text: string) => void,
): Promise<{ table: Table; missing: readonly string[] }> {
  const { found, missing } = await findRuntimes();
  const rounds = quick ? 1 : 7;
  const starts = found.map(() => systems.map((): ColdStart[] => []));
  for (let round = 1; round <= rounds; round++) {
    for (const [index, runtime] of found.entries()) {
      progress(`round ${round} of ${rounds}, ${runtime.name}`);
      for (const [at, system] of systems.entries()) {
        starts[index][at].push(
          await runtime.run<ColdStart>("cold_start.ts", {
            quick,
            variant: system,
          }),
        );
      }
    }
  }
  const rows = found.flatMap(({ name }, index) =>
    systems.map((system, at): Cell[] => {
      const least = (stage: keyof ColdStart) => Math.min(...starts[index][at].map((start) => start[stage]));
      const totals = starts[index][at].map((start) => start.import + start.answer);
      return [
        name,
        system,
        least("import"),
        least("answer"),
        Math.min(...totals),
        median(totals),
      ];
    })
  );
  const columns = [
    "runtime",
    "system",
    "import",
    "first answer",
    "all, minimum",
    "all, median",
  ];
  return {
    table: { title: "Cold start, wall-clock milliseconds", columns, rows },
    missing,
  };
}

/** What to know of the times. */
export const coldStartNotes = [
  "The start of the runtime itself is not counted. A first answer is a small solve (60 samples or outputs, 20 features or inputs), its kernels decoded and compiled.",
  "workerd compiles the kernels before the worker starts, and its clock ticks in whole milliseconds.",
];

/** From nothing to a first answer. */
export const coldStart: Case = {
  question: "How long does a fresh process, page or worker need to import one system and give a first small answer?",
  async run({ quick, progress }) {
    const { table, missing } = await coldStarts(quick, progress);
    return { tables: [table], targets: [], notes: coldStartNotes, missing };
  },
};
