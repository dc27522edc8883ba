import type { Case } from "../case.ts";
import type { LayerMemory } from "../runtimes/quantize_memory.ts";
import { deno } from "../runtimes/runtimes.ts";

/** Memory of a large layer. */
export const quantizeMemory: Case = {
  question: "How much memory does quantising a large layer take, its inputs included?",
  async run({ quick, progress }) {
    const runtime = await deno();
    if (typeof runtime === "string") throw new Error(runtime);
    progress("a fresh process");
    const { size, inputs, growth } = await runtime.run<LayerMemory>(
      "quantize_memory.ts",
      quick,
    );
    return {
      tables: [{
        title: `f32, ${size} x ${size}, a fresh ${runtime.name} process, MiB`,
        columns: ["inputs", "growth of the peak", "in inputs"],
        rows: [[inputs / 2 ** 20, growth / 2 ** 20, growth / inputs]],
      }],
      targets: [{
        name: "peak growth in inputs",
        value: growth / inputs,
        limit: 3,
        sense: "at most",
      }],
      notes: [
        "Weights and Gram matrix are the inputs; 6 passes of QuantEase on one thread.",
      ],
    };
  },
};
