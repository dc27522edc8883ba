import type { Case, Cell, Target } from "../case.ts";
import type { Build } from "../kernels.ts";
import type { GemmRates } from "../runtimes/gemm.ts";
import { findRuntimes } from "../runtimes/runtimes.ts";

/** The same product in every runtime. */
export const gemmRuntimes: Case = {
  question: "What share of the core's multiply-add peak does a matrix product reach in each JavaScript runtime?",
  async run({ quick, progress }) {
    const { found, missing } = await findRuntimes();
    const size = quick ? 256 : 512;
    const answers: { readonly name: string; readonly rates: GemmRates }[] = [];
    for (const runtime of found) {
      progress(runtime.name);
      answers.push({ name: runtime.name, rates: await runtime.run<GemmRates>("gemm.ts", quick) });
    }

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
        targets.push({ name: `${name}, ${dtype}: share of the peak`, value, limit: 0.75, sense: "at least" });
      }
      return cells;
    });
    return {
      tables: [{
        title: `Product of ${size} x ${size} matrices on one thread, GFLOP/s`,
        columns: [
          "runtime",
          "build",
          "clock",
          ...["f32", "f64"].flatMap((dtype) => [
            `${dtype} simd`,
            `${dtype} relaxed`,
            `${dtype} peak`,
            `${dtype} share`,
          ]),
        ],
        rows,
      }],
      targets,
      notes: [
        "The share is of the highest peak that any runtime reached with the chosen build: fused multiply-adds for " +
        "relaxed, multiplications and additions for simd.",
        ...missing,
      ],
    };
  },
};
