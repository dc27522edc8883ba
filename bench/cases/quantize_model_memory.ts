import { loadModel, quantizeLayer } from "../../mod.ts";
import { calibrate, readLines, readStories } from "../../tests/fixtures/stories.ts";
import type { Case, Cell } from "../case.ts";
import { uniform } from "../data.ts";
import { openTorchLayers } from "../peers/torch.ts";
import { dataFolder, withoutData } from "../real_data.ts";
import type { BlocksMeasured, BlocksRequest, Measured } from "../runtimes/quantize_blocks.ts";
import { deno, type Runtime } from "../runtimes/runtimes.ts";
import { type LlamaShape, writeLlama } from "../synthetic_llama.ts";

/** Of the synthetic model, and of models that people have. */
const shapes: Readonly<Record<string, LlamaShape>> = {
  "synthetic": { hidden: 2048, intermediate: 5632, blocks: 4, heads: 32 },
  "1B: 22 blocks of 2048 and 5632": { hidden: 2048, intermediate: 5632, blocks: 22, heads: 32 },
  "7B: 32 blocks of 4096 and 11008": { hidden: 4096, intermediate: 11008, blocks: 32, heads: 32 },
};

/** Tokens of the calibration, in sequences of 512. */
const tokens = 2048;

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
  question: "How much memory and time does quantising a whole language model take, from its files to the checkpoint?",
  async run({ quick, seed, progress }) {
    const runtime = await deno();
    if (typeof runtime === "string") throw new Error(runtime);
    const folder = await Deno.makeTempDir({ prefix: "minima-bench-" });
    try {
      const shape = quick ? { hidden: 256, intermediate: 704, blocks: 2, heads: 4 } : shapes.synthetic;
      await writeLlama(folder, shape);
      const next = uniform(seed),
        calibration = Array.from(
          { length: tokens / 512 },
          () => Array.from({ length: 512 }, () => Math.floor(next() * 8192)),
        );
      const measured = new Map<number, BlocksMeasured>();
      for (const threads of [1, 2]) {
        progress(`synthetic model, ${threads} threads`);
        const request = { folder, threads, calibration, blocks: 2, out: `${folder}/out-${threads}` };
        measured.set(threads, await measure(runtime, request));
      }
      const rows = [...measured].flatMap(([threads, { blocks }]) =>
        blocks.map((block, at): Cell[] => [`${threads} threads, block ${at}`, ...cellsOf(block)])
      );
      const { seconds: _, cpuSeconds, forward } = measured.get(1)!.blocks[1], own = workOf(shape);
      const estimates = Object.entries(shapes).map(([name, shape]): Cell[] => {
        const { pass, token } = workOf(shape), { blocks, hidden, intermediate } = shape;
        const solves = cpuSeconds * (1 - forward) * pass / own.pass, passes = cpuSeconds * forward * token / own.token;
        const weights = 4 * hidden ** 2 + 3 * hidden * intermediate;
        return [name, blocks * (solves + passes) / 3600, blocks * solves / 3600, blocks * weights * 2 / 2 ** 30];
      });
      const stories = dataFolder ? await measureStories(runtime, progress) : undefined;
      return {
        tables: [{
          title: `A Llama of hidden ${shape.hidden}, ${shape.intermediate} between, 3 bits, ${tokens} tokens`,
          columns: ["", "seconds", "CPU seconds", "forward and sums", "peak growth, MiB"],
          rows,
        }, {
          title: "What it would be by that measure, on one thread",
          columns: ["model", "CPU hours", "of them in solves", "GiB of blocks in 16 bits"],
          rows: estimates,
        }, ...stories ? [stories.table] : []],
        targets: [],
        notes: [
          "Each run in a fresh process; the peak is that of resident memory, from before the model is opened. A model in " +
          "shards of bf16, random weights, inputs mixed from 64 factors of decaying scale, a few of them ten times larger. " +
          "The first two blocks are measured: the others are like the second.",
          "The estimates scale solves with a dense pass over the layers, and the rest with the multiply-adds of a token.",
          ...stories?.notes ?? [],
        ],
        missing: stories ? stories.missing : [withoutData],
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};

async function measure(runtime: Runtime, request: BlocksRequest): Promise<BlocksMeasured> {
  return await runtime.run<BlocksMeasured>("quantize_blocks.ts", { quick: false, variant: JSON.stringify(request) });
}

const cellsOf = ({ seconds, cpuSeconds, forward, growth }: Measured): Cell[] => [
  seconds,
  cpuSeconds,
  forward,
  growth / 2 ** 20,
];

/** The whole of stories260k, and the algorithm of the paper over its layers, here and in PyTorch. */
async function measureStories(runtime: Runtime, progress: (text: string) => void) {
  const source = `${dataFolder}/stories260k`, folder = await Deno.makeTempDir({ prefix: "minima-bench-" });
  try {
    const { tokenizer, architecture: { context } } = await loadModel(source), lines = await readLines("calibration");
    const calibration = lines.map((line) => [...tokenizer!.encode(line).subarray(0, context)]);
    for (const file of ["config.json", "model.safetensors"]) {
      await Deno.copyFile(`${source}/${file}`, `${folder}/${file}`);
    }
    const rows: Cell[][] = [];
    for (const threads of [1, 2]) {
      progress(`stories260k, ${threads} threads`);
      const request = { folder, threads, calibration, blocks: Infinity, out: `${folder}/out-${threads}` };
      rows.push([`whole model, ${threads} threads`, ...cellsOf((await measure(runtime, request)).whole)]);
    }
    progress("stories260k, 25 passes of QuantEase");
    const layers = (await calibrate(await readStories(), lines)).map(({ weights, gram }) => ({
      rows: weights.shape[0],
      columns: weights.shape[1],
      weights: Float32Array.from(weights.data),
      gram: Float32Array.from(gram.data),
    }));
    const cpu = process.cpuUsage(), wall = performance.now();
    for (const { rows, columns, weights, gram } of layers) {
      await quantizeLayer({ data: weights, shape: [rows, columns] }, { data: gram, shape: [columns, columns] }, {
        bits: 3,
        method: "quantease",
        iterations: 25,
        threads: 1,
      });
    }
    const { user, system } = process.cpuUsage(cpu);
    rows.push([
      "35 layers, 25 passes of quantease",
      (performance.now() - wall) / 1000,
      (user + system) / 1e6,
      null,
      null,
    ]);
    const torch = await openTorchLayers(layers);
    if (typeof torch !== "string") {
      const began = performance.now(), seconds = await torch.run(3, 25);
      rows.push([`the same in ${torch.name}`, (performance.now() - began) / 1000, seconds, null, null]);
      torch.close();
    }
    return {
      table: {
        title: "stories260k at 3 bits, from the files to the saved checkpoint, one process",
        columns: ["", "seconds", "CPU seconds", "forward and sums", "peak growth, MiB"],
        rows,
      },
      notes: [
        "QuantEase over the layers alone, inputs known: the algorithm of the paper in PyTorch is written from its " +
        "pseudo-code (`peers/quantease_torch.py`), for the authors' own program is not on a registry.",
      ],
      missing: typeof torch === "string" ? [torch] : [],
    };
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
