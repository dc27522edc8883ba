import { quantizeLayer, type QuantizeOptions } from "../../mod.ts";
import { calibrate, readLines, readStories } from "../../tests/fixtures/stories.ts";
import { type Case, type Cell, leftOut, type Target } from "../case.ts";
import { dataFolder, withoutData } from "../real_data.ts";

const methods: Readonly<Record<string, QuantizeOptions>> = {
  "rtn": { method: "rtn" },
  "gptq": { method: "gptq" },
  "gptq, activation order": { method: "gptq", activationOrder: true },
  "quantease, 25 passes": { method: "quantease", iterations: 25 },
  "auto": { method: "auto" },
  "auto, 1 % outliers": { method: "auto", outliers: { fraction: 0.01 } },
};

/** What each method makes of real layers. */
export const quantizeMethods: Case = {
  question: "What error does each method leave in the layers of a real language model, and what does it cost?",
  async run({ quick, seed, progress }) {
    if (!dataFolder) return leftOut(withoutData);
    const stories = await readLines("calibration");
    const layers = await calibrate(
      await readStories(),
      quick ? stories.slice(0, 2) : stories,
    );
    const bitWidths = quick ? [3] as const : [4, 3, 2] as const;
    const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const errors = new Map<string, number[]>();
    const rows: Cell[][] = [];
    for (const [name, options] of Object.entries(methods)) {
      const cells: Cell[] = [name];
      errors.set(name, []);
      for (const bits of bitWidths) {
        progress(`${name}, ${bits} bits`);
        const results = [];
        for (const { weights, gram } of layers) {
          results.push(
            await quantizeLayer(weights, gram, {
              ...options,
              bits,
              seed,
              backend: "wasm",
              threads: 1,
            }),
          );
        }
        const error = mean(results.map(({ relativeError }) => relativeError));
        errors.get(name)!.push(error);
        cells.push(error, mean(results.map(({ passes }) => passes)));
      }
      rows.push(cells);
    }
    return {
      tables: [{
        title: `Mean over ${layers.length} layers of the relative error, and of the dense passes it took`,
        columns: [
          "method",
          ...bitWidths.flatMap((bits) => [`${bits} bits`, `passes, ${bits}`]),
        ],
        rows,
      }],
      targets: bitWidths.map((bits, index): Target => {
        const others = ["gptq, activation order", "quantease, 25 passes"].map((
          name,
        ) => errors.get(name)![index]);
        return {
          name: `${bits} bits: error of auto to the better of GPTQ in activation order and QuantEase`,
          value: errors.get("auto")![index] / Math.min(...others),
          limit: 1,
          sense: "at most",
        };
      }),
      notes: [
        "stories260k: 5 blocks of 7 linear layers, 64 or 172 inputs; Gram matrices of the unquantised model's own " +
        "activations on the calibration stories; every row its own asymmetric grid.",
        "The error is ||(W - What) X||^2 / ||W X||^2. A dense pass is outputs x inputs^2 multiply-adds; the passes are " +
        "counted by the solver from the operations it does.",
      ],
    };
  },
};
