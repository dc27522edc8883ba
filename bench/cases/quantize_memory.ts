import type { Case, Target } from "../case.ts";
import { type LayerMemory, memoryVariants } from "../runtimes/quantize_memory.ts";
import { deno } from "../runtimes/runtimes.ts";

/** Memory of a large layer. */
export const quantizeMemory: Case = {
  question: "How much memory does quantising a large layer take, its inputs included?",
  async run({ quick, progress }) {
    const runtime = await deno();
    if (typeof runtime === "string") throw new Error(runtime);
    const measured: (LayerMemory & { readonly method: string })[] = [];
    for (const variant of memoryVariants) {
      progress(variant);
      const memory = await runtime.run<LayerMemory>("quantize_memory.ts", { quick, variant });
      measured.push({ method: variant, ...memory });
    }
    const [{ size }] = measured;
    return {
      tables: [{
        title: `f32, ${size} x ${size}, each in a fresh ${runtime.name} process, MiB`,
        columns: ["method", "inputs", "growth of the peak", "in inputs"],
        rows: measured.map((
          { method, inputs, growth },
        ) => [method, inputs / 2 ** 20, growth / 2 ** 20, growth / inputs]),
      }],
      targets: measured.map(({ method, inputs, growth }): Target => ({
        name: `${method}: peak growth in inputs`,
        value: growth / inputs,
        limit: 3,
        sense: "at most",
      })),
      notes: ["Weights and Gram matrix are the inputs; 6 iterations on one thread."],
    };
  },
};
