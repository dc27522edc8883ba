import type { Case, Cell } from "../case.ts";
import { uniform } from "../data.ts";
import type { BlocksMeasured, BlocksRequest, Measured } from "../runtimes/quantize_blocks.ts";
import { deno, type Runtime } from "../runtimes/runtimes.ts";
import { type LlamaShape, writeLlama } from "../synthetic_llama.ts";

/** Of the synthetic model, and of models that people have. */
const shapes: Readonly<Record<string, LlamaShape>> = {
  "measured": { hidden: 2048, intermediate: 5632, blocks: 4, heads: 32 },
  "1B: 22 blocks of 2048 and 5632": { hidden: 2048, intermediate: 5632, blocks: 22, heads: 32 },
  "7B: 32 blocks of 4096 and 11008": { hidden: 4096, intermediate: 11008, blocks: 32, heads: 32 },
};

/** Tokens of the calibration, in sequences of 512; and those of the 128 sequences of 2,048 that papers take. */
const tokens = 1024, tokensOfPapers = 128 * 2048;

/** Multiply-adds of a block: a dense pass over its layers, and what forward passes and sums take for a token. */
function workOf({ hidden, intermediate }: LlamaShape): { readonly pass: number; readonly token: number } {
  const weights = 4 * hidden ** 2 + 3 * hidden * intermediate, squares = 3 * hidden ** 2 + intermediate ** 2;
  return {
    pass: 4 * hidden ** 3 + 2 * intermediate * hidden ** 2 + hidden * intermediate ** 2,
    // Two streams; two Gram matrices, of which half is summed, and the products of the streams with one another.
    token: 2 * weights + 2 * squares + 2 * hidden * (hidden + intermediate),
  };
}

/** What quantising whole models costs. */
export const quantizeModelMemory: Case = {
  question: "How much memory and time does quantising a block of a large language model take?",
  async run({ quick, seed, progress }) {
    const runtime = await deno();
    if (typeof runtime === "string") throw new Error(runtime);
    const folder = await Deno.makeTempDir({ prefix: "minima-bench-" });
    try {
      const shape = quick ? { hidden: 256, intermediate: 704, blocks: 2, heads: 4 } : shapes.measured;
      await writeLlama(folder, shape);
      const next = uniform(seed),
        calibration = Array.from(
          { length: tokens / 512 },
          () => Array.from({ length: 512 }, () => Math.floor(next() * 8192)),
        );
      const blocks = quick ? 2 : 1, measured = new Map<number, BlocksMeasured>();
      for (const threads of [1, 2]) {
        progress(`${threads} threads`);
        measured.set(
          threads,
          await measureBlocks(runtime, { folder, threads, calibration, blocks, out: `${folder}/out` }),
        );
      }
      const rows = [...measured].flatMap(([threads, found]) =>
        found.blocks.map((block, at): Cell[] => [`block ${at}, threads: ${threads}`, ...cellsOf(block)])
      );
      const { cpuSeconds, forward } = measured.get(1)!.blocks[0], own = workOf(shape);
      const estimates = Object.entries(shapes).map(([name, shape]): Cell[] => {
        const { pass, token } = workOf(shape), { hidden, intermediate } = shape;
        const solves = shape.blocks * cpuSeconds * (1 - forward) * pass / own.pass / 3600;
        const passes = shape.blocks * cpuSeconds * forward * token / own.token / 3600 * tokensOfPapers / tokens;
        const weights = shape.blocks * (4 * hidden ** 2 + 3 * hidden * intermediate);
        return [name, solves, passes, weights * 2 / 2 ** 30];
      });
      return {
        tables: [{
          title: `A Llama of hidden ${shape.hidden}, ${shape.intermediate} between, 3 bits, ${tokens} tokens`,
          columns: ["", ...columns],
          rows,
        }, {
          title: `What models would cost by that measure, with ${tokensOfPapers} tokens`,
          columns: ["model", "CPU hours of solves", "CPU hours of forward passes and sums", "GiB of blocks in 16 bits"],
          rows: estimates,
        }],
        targets: [],
        notes: [
          "Each run in a fresh process; the peak is that of resident memory, from before the model is opened. A model in " +
          "shards of bf16, random weights, inputs mixed from 64 factors of decaying scale, a few of them ten times larger.",
          `Of ${shape.blocks} blocks the first ${blocks} are quantised: the others have the same shape.`,
          "The estimates scale solves with a dense pass over the layers, and the rest with the multiply-adds of a token.",
        ],
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

/** Quantises the blocks in a process of its own. */
export async function measureBlocks(runtime: Runtime, request: BlocksRequest): Promise<BlocksMeasured> {
  return await runtime.run<BlocksMeasured>("quantize_blocks.ts", { quick: false, variant: JSON.stringify(request) });
}

/** What `cellsOf` gives. */
export const columns = ["seconds", "CPU seconds", "forward and sums", "peak growth, MiB"];

/** What was measured, as cells. */
export const cellsOf = ({ seconds, cpuSeconds, forward, growth }: Measured): Cell[] => [
  seconds,
  cpuSeconds,
  forward,
  growth / 2 ** 20,
];
