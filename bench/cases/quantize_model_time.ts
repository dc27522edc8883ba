import { loadModel, quantizeLayer } from "../../mod.ts";
import { calibrate, readLines, readStories } from "../../tests/fixtures/stories.ts";
import { type Case, type Cell, leftOut } from "../case.ts";
import { openTorchLayers } from "../peers/torch.ts";
import { dataFolder, withoutData } from "../real_data.ts";
import { deno } from "../runtimes/runtimes.ts";
import { cellsOf, columns, measureBlocks } from "./quantize_model_memory.ts";

/** The whole of a real model, and the algorithm of the paper over its layers, here and in PyTorch. */
export const quantizeModelTime: Case = {
  question: "How long does quantising a whole language model take, from its files to the checkpoint?",
  async run({ progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const runtime = await deno();
    if (typeof runtime === "string") throw new Error(runtime);
    const source = `${dataFolder}/stories260k`, folder = await Deno.makeTempDir({ prefix: "minima-bench-" });
    try {
      const { tokenizer, architecture: { context } } = await loadModel(source), lines = await readLines("calibration");
      const calibration = lines.map((line) => [...tokenizer!.encode(line).subarray(0, context)]);
      for (const file of ["config.json", "model.safetensors"]) {
        await Deno.copyFile(`${source}/${file}`, `${folder}/${file}`);
      }
      const rows: Cell[][] = [];
      for (const threads of [1, 2]) {
        progress(`${threads} threads`);
        const request = { folder, threads, calibration, blocks: Infinity, out: `${folder}/out-${threads}` };
        rows.push([`whole model, threads: ${threads}`, ...cellsOf((await measureBlocks(runtime, request)).whole)]);
      }
      progress("25 passes of QuantEase");
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
        tables: [{
          title: "stories260k at 3 bits, from the files to the saved checkpoint, one process",
          columns: ["", ...columns],
          rows,
        }],
        targets: [],
        notes: [
          "QuantEase over the layers alone, inputs known: the algorithm of the paper in PyTorch is written from its " +
          "pseudo-code (`peers/quantease_torch.py`), for the authors' own program is not on a registry.",
        ],
        missing: typeof torch === "string" ? [torch] : [],
      };
    } finally {
      await Deno.remove(folder, { recursive: true });
    }
  },
};
