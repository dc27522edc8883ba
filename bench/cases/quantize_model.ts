import { loadModel, perplexity, quantizeModel, type QuantizeModelOptions } from "../../mod.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
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
    const times: Cell[][] = [];
    for (const threads of [1, 2]) {
      progress(`${threads} threads`);
      const { report } = await run(3, { threads });
      times.push([threads, report.elapsedMs / 1000]);
    }
    return {
      tables: [{
        title: "Mean relative error of the layers, perplexity, and kB of the layers",
        columns: ["method", ...widths.flatMap((bits) => [`error, ${bits}`, `perplexity, ${bits}`, `kB, ${bits}`])],
        rows,
      }, {
        title: "Seconds for the whole model at 3 bits, from the open model to the last layer",
        columns: ["threads", "seconds"],
        rows: times,
      }],
      targets,
      notes: [
        `stories260k, ${
          before.perplexity.toFixed(4)
        } before it is quantised; 453 kB of layers in 16 bits. Calibration and ` +
        "evaluation are different stories, one a sequence; five stories are evaluated, so perplexities are noisy by some per cent.",
        "The error is relative to the target: that of a share above 0 cannot be reached by any weights, so errors of " +
        "different shares are not to be compared.",
      ],
    };
  },
};
