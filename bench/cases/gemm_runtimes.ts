import type { Case, Cell, Table, Target } from "../case.ts";
import type { Build } from "../kernels.ts";
import type { GemmRates } from "../runtimes/gemm.ts";
import { findRuntimes } from "../runtimes/runtimes.ts";

/** The same product in every runtime. */
export const gemmRuntimes: Case = {
  question: "What share of the core's multiply-add peak does a matrix product reach in each JavaScript runtime?",
  async run({ quick, progress }) {
    const { found, missing } = await findRuntimes();
    const tables: Table[] = [], targets: Target[] = [];
    for (const size of quick ? [256] : [512, 1024]) {
      const answers: Answer[] = [];
      for (const runtime of found) {
        progress(`${runtime.name}, ${size}`);
        const rates = await runtime.run<GemmRates>("gemm.ts", { quick, variant: String(size) });
        answers.push({ name: runtime.name, rates });
      }
      const part = report(size, answers);
      tables.push(part.table);
      targets.push(...part.targets);
    }
    return {
      tables,
      targets,
      notes: [
        "The share is of the highest peak that any runtime reached with the chosen build: fused multiply-adds for " +
        "relaxed, multiplications and additions for simd.",
      ],
      missing,
    };
  },
};

/** Runtimes of which more is asked than of the others. */
const promised = /^(Deno|Chromium) /;

interface Answer {
  readonly name: string;
  readonly rates: GemmRates;
}

function report(size: number, answers: readonly Answer[]): { table: Table; targets: Target[] } {
  const rate = ({ measurements }: GemmRates, name: string) =>
    measurements.find((measurement) => measurement.name === name)?.rate ?? null;
  const choice = ({ builds }: GemmRates) => builds[builds.length - 1];
  // The peak belongs to the core and the build, not to the runtime: not every compiler keeps the loop's registers.
  const peak = (build: Build, dtype: string) =>
    Math.max(
      ...answers.filter(({ rates }) => choice(rates) === build).map(({ rates }) => rate(rates, `${dtype} peak`)!),
    );
  const targets: Target[] = [];
  const rows = answers.map(({ name, rates }): Cell[] => {
    const chosen = choice(rates);
    const cells: Cell[] = [name, chosen, rates.measurements[0].clock];
    for (const dtype of ["f32", "f64"]) {
      const value = rate(rates, `${dtype} ${chosen}`)! / peak(chosen, dtype);
      cells.push(rate(rates, `${dtype} simd`), rate(rates, `${dtype} relaxed`), rate(rates, `${dtype} peak`), value);
      const target = (what: string, value: number, limit: number): Target => ({
        name: `${name}, ${dtype}, ${size}: share of the peak${what}`,
        value,
        limit,
        sense: "at least",
      });
      targets.push(target("", value, promised.test(name) ? 0.85 : 0.75));
      if (promised.test(name)) {
        targets.push(target(" by the simd build", rate(rates, `${dtype} simd`)! / peak(chosen, dtype), 0.55));
      }
    }
    return cells;
  });
  return {
    table: {
      title: `Product of ${size} x ${size} matrices on one thread, GFLOP/s`,
      columns: [
        "runtime",
        "build",
        "clock",
        ...["f32", "f64"].flatMap((dtype) => [`${dtype} simd`, `${dtype} relaxed`, `${dtype} peak`, `${dtype} share`]),
      ],
      rows,
    },
    targets,
  };
}
