/** Program: from nothing to the first answer of one system, in the runtime that it runs in. */

import type { ProgramInput } from "./bundle.ts";

/** Wall-clock milliseconds of each stage. */
export interface ColdStart {
  /** Reading and evaluating the subpath of the system. */
  readonly import: number;
  /** The first small answer: kernels decoded, compiled and instantiated. */
  readonly answer: number;
}

/** What is asked of a system. */
interface Question {
  /** Names of the families of kernels that the answer needs. */
  readonly families: readonly string[];
  /** Loads the subpath of the system, and nothing else; what it returns solves. */
  load(): Promise<() => Promise<unknown>>;
}

const samples = 60, features = 20;

/** The same numbers in every runtime. */
const numbers = (length: number) => Float64Array.from({ length }, (_, i) => Math.sin(i * i + 1));

const table = (rows: number, columns: number) => ({ data: numbers(rows * columns), shape: [rows, columns] as const });

/** The question for each system. */
const questions: Readonly<Record<string, Question>> = {
  regression: {
    families: ["dense", "l0"],
    async load() {
      const { sparseRegression } = await import("../../solvers/regression/mod.ts");
      return () => sparseRegression(table(samples, features), numbers(samples), { lambda0: 1 });
    },
  },
  graph: {
    families: ["dense", "l0"],
    async load() {
      const { sparsePrecision } = await import("../../solvers/graph/mod.ts");
      return () => sparsePrecision(table(samples, features), { lambda0: 0.1, lambda2: 0.1 });
    },
  },
  quantization: {
    families: ["dense", "proximal", "quantization"],
    async load() {
      const { quantizeLayer } = await import("../../solvers/quantization/mod.ts");
      const gram = table(features, features);
      gram.data.forEach((_, at) => gram.data[at] = Number(at % (features + 1) === 0));
      return () => quantizeLayer(table(samples, features), gram);
    },
  },
  multitask: {
    families: ["dense", "l0"],
    async load() {
      const { sparseMultiTask } = await import("../../solvers/multitask/mod.ts");
      const tasks = [1, 2].map((sign) => ({
        X: table(samples, features),
        y: numbers(samples).map((value) => value * sign),
      }));
      return () => sparseMultiTask(tasks, { support: 3 });
    },
  },
  factorization: {
    families: ["dense", "factorization", "proximal"],
    async load() {
      const { archetypalNmf } = await import("../../solvers/factorization/mod.ts");
      const positive = { ...table(samples, features), data: numbers(samples * features).map(Math.abs) };
      return () => archetypalNmf(positive, { rank: 3 });
    },
  },
  completion: {
    families: ["dense", "spectral"],
    async load() {
      const { completeMatrix } = await import("../../solvers/completion/mod.ts");
      const rows = Uint32Array.from({ length: samples }, (_, i) => i % 12);
      const columns = Uint32Array.from({ length: samples }, (_, i) => Math.floor(i / 12));
      return () => completeMatrix({ shape: [12, 6], rows, columns, values: numbers(samples) });
    },
  },
  sharpness: {
    families: ["dense", "training"],
    async load() {
      const { trainClassifier } = await import("../../solvers/sharpness/mod.ts");
      const labels = Array.from({ length: samples }, (_, i) => i % 3);
      return () => trainClassifier(table(samples, features), labels, { epochs: 2 });
    },
  },
};

/** The systems that have a question: each is a variant of this program. */
export const askedSystems: readonly string[] = Object.keys(questions);

/** The variant that does no more than compile and instantiate the kernels of a system. */
export const bareVariant = (system: string) => `bare ${system}`;

/** Measures; must be the first use of the library. */
export async function main({ kernels, variant = "" }: ProgramInput): Promise<ColdStart> {
  const bare = askedSystems.find((system) => bareVariant(system) === variant);
  const question = questions[bare ?? variant];
  if (question === undefined) throw new Error(`Cannot ask "${variant}": expected ${askedSystems.join(", ")}.`);
  const begin = performance.now();
  if (bare) {
    await instantiate(question.families);
    return { import: 0, answer: performance.now() - begin };
  }
  const ask = await question.load();
  const imported = performance.now();
  if (kernels) {
    const { init } = await import("../../solvers/core/mod.ts");
    await init({ modules: kernels });
  }
  await ask();
  return { import: imported - begin, answer: performance.now() - imported };
}

/** What any program would have to do with these kernels before the first of them runs. */
async function instantiate(names: readonly string[]): Promise<void> {
  const [{ families }, { loadModule }] = await Promise.all([
    import("../../kernels/families/mod.ts"),
    import("../../kernels/engine/modules.ts"),
  ]);
  const memory = new WebAssembly.Memory({ initial: 16, maximum: 65536, shared: true });
  await Promise.all(
    families.filter(({ name }) => names.includes(name)).map(async (family) =>
      await WebAssembly.instantiate(await loadModule(family, "simd"), { env: { memory } })
    ),
  );
}
