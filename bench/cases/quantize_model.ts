import { loadModel, perplexity, quantizeModel, type QuantizeModelOptions } from "../../mod.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
import { type ModelQuantization, openModelQuantizers } from "../peers/quantize_model_numpy.ts";
import { dataFolder, withoutData } from "../real_data.ts";
import { readLines } from "../../tests/fixtures/stories.ts";

type Options = Omit<QuantizeModelOptions, "calibration" | "bits">;

/** The first ones towards what the layers before allow, as the papers have them. */
const methods: Readonly<Record<string, Options>> = {
  "rtn": { method: "rtn", originalShare: 0 },
  "gptq": { method: "gptq", originalShare: 0 },
  "gptq, activation order": { method: "gptq", activationOrder: true, originalShare: 0 },
  "quantease, 25 passes": { method: "quantease", originalShare: 0 },
  "auto, share 0": { originalShare: 0 },
  "auto": {},
  "auto, share 1": { originalShare: 1 },
  "auto, 0.5 % outliers": { outliers: { fraction: 0.005 } },
  "auto, 1 % outliers": { outliers: { fraction: 0.01 } },
  "auto, 1 % structured outliers": { outliers: { fraction: 0.01, structured: true } },
  "auto, groups of 64": { groupSize: 64 },
  "auto, groups of 32": { groupSize: 32 },
};

/** Other ways to the original's output, and the share of those that take one. */
const peers: Readonly<Record<string, Pick<ModelQuantization, "method" | "share">>> = {
  "GPTAQ, share 0.25": { method: "gptaq", share: 0.25 },
  "GPTAQ": { method: "gptaq", share: 1 },
  "Qronos": { method: "qronos", share: 1 },
  "LoaQ, share 0.5": { method: "loaq", share: 0.5 },
  "LoaQ": { method: "loaq", share: 1 },
  "CoreQ": { method: "coreq", share: 0 },
};

/** Budgets, and the width that is the same for all layers within it. */
const budgets = [[3, 3], [3.2, 3], [3.5, 3], [4, 4]] as const;

/** Perplexities that are asked for, by method and bits. */
const limits: Readonly<Record<string, Readonly<Record<number, number>>>> = {
  "auto": { 4: 5.75, 3: 7, 2: 19.5 },
  "auto, groups of 32": { 4: 5.62, 3: 6.8, 2: 17 },
};

/** What becomes of a real language model when all its layers are quantised. */
export const quantizeModelCase: Case = {
  question: "What does quantising a whole language model cost in perplexity, by method and bits?",
  async run({ quick, seed, progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const model = await loadModel(`${dataFolder}/stories260k`);
    const [calibration, evaluation] = [await readLines("calibration"), await readLines("evaluation")];
    const before = await perplexity(model, evaluation), widths = quick ? [3] as const : [4, 3, 2] as const;
    const rows: Cell[][] = [], targets: Target[] = [];
    const run = async (bits: 2 | 3 | 4, options: Options) =>
      await quantizeModel(model, { calibration, bits, seed, threads: 1, ...quick && { iterations: 2 }, ...options });
    for (const [name, options] of Object.entries(methods)) {
      const cells: Cell[] = [name];
      for (const bits of widths) {
        progress(`${name}, ${bits} bits`);
        const quantized = await run(bits, options), found = (await perplexity(quantized, evaluation)).perplexity;
        const { meanRelativeError, bytes } = quantized.report;
        cells.push(meanRelativeError, found, bytes / 1000);
        const limit = limits[name]?.[bits];
        if (limit !== undefined) {
          targets.push({ name: `${name}, ${bits} bits: perplexity`, value: found, limit, sense: "at most" });
        }
      }
      rows.push(cells);
    }
    const found = (method: string, bits: number) =>
      rows.find(([name]) => name === method)![3 * widths.findIndex((width) => width === bits) + 2] as number;
    const others: Cell[][] = [],
      tokens = (texts: readonly string[]) =>
        texts.map((text) => model.tokenizer!.encode(text).subarray(0, model.architecture.context));
    const quantizers = await openModelQuantizers(`${dataFolder}/stories260k`, tokens(calibration), tokens(evaluation));
    if (typeof quantizers !== "string") {
      for (const [name, asked] of Object.entries(peers)) {
        for (const searched of [false, true]) {
          progress(`${name}${searched ? ", searched" : ""}`);
          const cells: Cell[] = [name, searched ? "searched" : "range"];
          for (const bits of widths) cells.push(await quantizers.perplexity({ ...asked, searched, bits }));
          others.push(cells);
        }
      }
      quantizers.close();
      for (const [at, bits] of widths.entries()) {
        const best = Math.min(...others.map((cells) => cells[at + 2] as number));
        const name = `${bits} bits: perplexity of auto to the best other way's`;
        targets.push({ name, value: found("auto", bits) / best, limit: 1, sense: "at most" });
      }
    }
    const mixed: Cell[][] = [];
    for (const [averageBits, uniform] of quick ? budgets.slice(0, 1) : budgets) {
      progress(`${averageBits} bits on average`);
      const quantized = await quantizeModel(model, { calibration, averageBits, seed, threads: 1 });
      const { perplexity: after } = await perplexity(quantized, evaluation), { bytes } = quantized.report;
      mixed.push([averageBits, after, bytes / 1000, uniform, found("auto", uniform)]);
      targets.push({
        name: `${averageBits} bits on average: perplexity to that of ${uniform} bits each`,
        value: after / found("auto", uniform),
        limit: 1,
        sense: "at most",
      });
    }
    return {
      tables: [{
        title: "Mean relative error of the layers, perplexity, and kB of the layers",
        columns: ["method", ...widths.flatMap((bits) => [`error, ${bits}`, `perplexity, ${bits}`, `kB, ${bits}`])],
        rows,
      }, {
        title: "Perplexity of other ways to the original's output, by the grids that they round to",
        columns: ["method", "grids", ...widths.map((bits) => `${bits} bits`)],
        rows: others,
      }, {
        title: "Bits by layer within a budget, beside the same bits for all",
        columns: ["bits on average", "perplexity", "kB", "bits for all", "perplexity"],
        rows: mixed,
      }],
      missing: typeof quantizers === "string" ? [quantizers] : [],
      targets,
      notes: [
        `stories260k, ${
          before.perplexity.toFixed(4)
        } before it is quantised; 453 kB of layers in 16 bits. Calibration and ` +
        "evaluation are different stories, one a sequence; five stories are evaluated, so perplexities are noisy by some per cent.",
        "The error is relative to the target: that of a share above 0 cannot be reached by any weights, so errors of " +
        "different shares are not to be compared.",
        "The other ways are written in NumPy from their mathematics (`peers/quantize_model_numpy.py`), with activation order. " +
        "CoreQ's coefficient is made from its description, a geometric decomposition of the mismatch: its formula was not at hand.",
      ],
    };
  },
};
