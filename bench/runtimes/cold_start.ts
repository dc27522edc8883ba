/** Program: from nothing to the first answer of one system, in the runtime that it runs in. */

import type { ProgramInput } from "./bundle.ts";

/** Wall-clock milliseconds of each stage. */
export interface ColdStart {
  /** Reading and evaluating the subpath of the system. */
  readonly import: number;
  /** The first small answer: kernels decoded, compiled and instantiated. */
  readonly answer: number;
}

const samples = 60, features = 20;

/** The same numbers in every runtime. */
const numbers = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i * i + 1));

const table = (rows: number, columns: number) => ({
  data: numbers(rows * columns),
  shape: [rows, columns] as const,
});

/** What each system is asked: its subpath is loaded first, and nothing else. */
const questions = {
  async regression() {
    const { sparseRegression } = await import(
      "../../solvers/regression/mod.ts"
    );
    return () =>
      sparseRegression(table(samples, features), numbers(samples), {
        lambda0: 1,
      });
  },
  async graph() {
    const { sparsePrecision } = await import("../../solvers/graph/mod.ts");
    return () => sparsePrecision(table(samples, features), { lambda0: 0.1, lambda2: 0.1 });
  },
  async quantization() {
    const { quantizeLayer } = await import("../../solvers/quantization/mod.ts");
    const gram = table(features, features);
    gram.data.forEach((_, at) => gram.data[at] = Number(at % (features + 1) === 0));
    return () => quantizeLayer(table(samples, features), gram);
  },
};

/** Names of the systems, each a variant of this program. */
export type System = keyof typeof questions;

/** Measures; must be the first use of the library. */
export async function main(
  { kernels, variant }: ProgramInput,
): Promise<ColdStart> {
  const begin = performance.now();
  const ask = await questions[variant as System]();
  const imported = performance.now();
  if (kernels) {
    const { init } = await import("../../solvers/core/mod.ts");
    await init({ modules: kernels });
  }
  await ask();
  return { import: imported - begin, answer: performance.now() - imported };
}
