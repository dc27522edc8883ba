/** The table of the project's README: a line a comparison, from the records. */

import { fileURLToPath } from "node:url";
import type { Table } from "./case.ts";
import { markdownTable, type RecordedResult } from "./report.ts";

interface Headline {
  readonly what: string;
  readonly measure: "speed" | "perplexity";
  /** Whose. */
  readonly beside: string;
  readonly case: string;
  /** How the name of the target begins whose value is shown. */
  readonly target: string;
}

const headlines: readonly Headline[] = [
  {
    what: "Product of f32 matrices, 1,024 a side, one core",
    measure: "speed",
    beside: "the core's 128-bit peak",
    case: "gemm",
    target: "f32 1024 x 1024: share of the peak",
  },
  {
    what: "the same",
    measure: "speed",
    beside: "TensorFlow.js, WASM",
    case: "gemm",
    target: "f32 1024 x 1024: rate to @tensorflow/tfjs-backend-wasm",
  },
  {
    what: "25 passes of QuantEase over a layer",
    measure: "speed",
    beside: "PyTorch",
    case: "quantize-layer",
    target: "times faster than PyTorch",
  },
  {
    what: "Language model of 3 bits a weight",
    measure: "perplexity",
    beside: "best of GPTAQ, Qronos, LoaQ, CoreQ",
    case: "quantize-model",
    target: "3 bits: perplexity of auto to the best other way's",
  },
  {
    what: "Best subset of 1,000 features, to a gap of 1 %",
    measure: "speed",
    beside: "L0BnB, from our start",
    case: "regression-certificates",
    target: "time of l0bnb over ours, 1000 x 1000, 0.1, 0.01",
  },
  {
    what: "Six regressions of several tasks, with their tuning",
    measure: "speed",
    beside: "the authors', on their machine",
    case: "multitask-simulation",
    target: "159 s over ours, one replicate of all methods, 1000 features, 50 rows, noise 0.5 to 2",
  },
  {
    what: "Nonnegative factors of the digits, f64",
    measure: "speed",
    beside: "scikit-learn",
    case: "nmf",
    target: "digits 1797 x 64, rank 10, f64: speed",
  },
  {
    what: "Sparse archetypes of 12,000 samples, f64",
    measure: "speed",
    beside: "the authors' algorithm in NumPy",
    case: "archetypes",
    target: "times faster than the authors' algorithm in NumPy, 1 of the entries, f64",
  },
  {
    what: "Completion of 1,000 × 1,000",
    measure: "speed",
    beside: "a full SVD each step, NumPy",
    case: "completion-speed",
    target: "CPU time of a full SVD each step over ours",
  },
  {
    what: "Labels, of a fifth of the rows",
    measure: "speed",
    beside: "MC-1 in NumPy",
    case: "emotions",
    target: "CPU time of MC-1 over that of margin, rows of labels lost, 0.2 known",
  },
  {
    what: "Sharpness-aware step, 64-64-10, 128 samples",
    measure: "speed",
    beside: "TensorFlow.js, WASM",
    case: "sam-step",
    target: "64-64-10, batches of 128: time of @tensorflow/tfjs-backend-wasm",
  },
  {
    what: "the same, 784-512-10",
    measure: "speed",
    beside: "NumPy with AVX-512",
    case: "sam-step",
    target: "784-512-10, batches of 128: time of numpy",
  },
];

const marked = /(<!-- headlines -->)\n[\s\S]*?(?=<!-- end -->)/;

/** Writes the table into the project's README, from the records. */
export async function writeHeadlines(): Promise<void> {
  const path = (name: string) => fileURLToPath(new URL(name, import.meta.url)), rows: Table["rows"][number][] = [];
  for (const { what, measure, beside, case: name, target } of headlines) {
    const { targets } = JSON.parse(await Deno.readTextFile(path(`results/${name}.json`))) as RecordedResult;
    const found = targets.filter((one) => one.name.startsWith(target));
    if (found.length !== 1) throw new Error(`${name} has ${found.length} targets that begin with "${target}".`);
    rows.push([what, measure, found[0].value, beside, `\`deno task bench ${name}\``]);
  }
  const table = markdownTable({ columns: ["What", "Measure", "Ours over theirs", "Theirs", "Command"], rows });
  const readme = path("../README.md"), text = await Deno.readTextFile(readme);
  if (!marked.test(text)) throw new Error("README.md has no place for its headlines.");
  await Deno.writeTextFile(readme, text.replace(marked, (_, marker) => `${marker}\n\n${table}\n\n`));
}
