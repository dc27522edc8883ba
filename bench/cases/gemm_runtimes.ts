import type { Case, Cell, Target } from "../case.ts";
import type { GemmRates } from "../runtimes/gemm.ts";
import { findRuntimes } from "../runtimes/runtimes.ts";

/** The same product in every runtime. */
export const gemmRuntimes: Case = {
  question: "What share of the core's multiply-add peak does a matrix product reach in each JavaScript runtime?",
  async run({ quick, progress }) {
    const { found, missing } = await findRuntimes();
    const size = quick ? 256 : 512;
    const rows: Cell[][] = [];
    const targets: Target[] = [];
    for (const runtime of found) {
      progress(runtime.name);
      const { builds, measurements } = await runtime.run<GemmRates>("gemm.ts", quick);
      const chosen = builds[builds.length - 1];
      const rate = (name: string) => measurements.find((measurement) => measurement.name === name)?.rate ?? null;
      const cells: Cell[] = [runtime.name, chosen, measurements[0].clock];
      for (const dtype of ["f32", "f64"]) {
        const share = rate(`${dtype} ${chosen}`)! / rate(`${dtype} peak`)!;
        cells.push(rate(`${dtype} simd`), rate(`${dtype} relaxed`), rate(`${dtype} peak`), share);
        targets.push({
          name: `${runtime.name}, ${dtype}: share of the peak`,
          value: share,
          limit: 0.75,
          sense: "at least",
        });
      }
      rows.push(cells);
    }
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
        "The peak is that of the chosen build: fused multiply-adds for relaxed, multiplications and additions for simd.",
        ...missing,
      ],
    };
  },
};
