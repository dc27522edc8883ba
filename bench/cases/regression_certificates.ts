import { sparseRegression } from "../../mod.ts";
import { bestClock, seconds } from "../clock.ts";
import type { Case } from "../case.ts";
import { regressionDesign } from "../designs.ts";
import { recovery } from "../recovery.ts";

const methods = ["coordinate-descent", "local-search", "exact"] as const;

const settings = [
  { features: 200, samples: 500, correlation: 0.1, lambda0: 0.005, lambda2: 0.01, bigM: 0.36 },
  { features: 200, samples: 300, correlation: 0.95, lambda0: 0.002, lambda2: 0.001, bigM: 0.5 },
  { features: 1000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.01, bigM: 0.36 },
  { features: 1000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.1, bigM: 0.36 },
  { features: 10_000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.1, bigM: 0.36 },
];

/** Best-subset regression: time, certificate, recovery. */
export const regressionCertificates: Case = {
  question: "How fast are ten true features found and certified?",
  async run({ quick, seed, progress }) {
    const rows = [];
    for (
      const { features, samples, correlation, ...options } of settings.filter(({ features }) =>
        !quick || features < 1000
      )
    ) {
      const design = regressionDesign(samples, features, { nonzeros: 10, correlation, signalToNoise: 5, seed });
      const truth = new Set([...design.coefficients.keys()].filter((j) => design.coefficients[j] !== 0));
      for (const method of methods) {
        progress(`${features} features, correlation ${correlation}, ${method}`);
        const begun = seconds(bestClock);
        const fit = await sparseRegression(design.X, design.y, {
          ...{
            ...options,
            method,
            gapTolerance: 0.01,
            timeLimitMs: quick ? 5_000 : 60_000,
            backend: "wasm",
            threads: 1,
          },
        });
        const spent = seconds(bestClock) - begun;
        const { correct, found, matthews } = recovery(new Set(fit.support), truth, features);
        rows.push([
          ...[`${features} x ${samples}, ${correlation}, ${options.lambda2}`, method, spent * 1e3, fit.objective],
          ...[fit.lowerBound ?? null, fit.gap ?? null, fit.nodes ?? null, found, correct, matthews],
        ]);
      }
    }
    return {
      tables: [{
        title: "ten nonzeros, signal to noise 5, unit columns; one thread, WASM",
        columns: [
          ...["features x samples, correlation, lambda2", "method", "ms", "objective"],
          ...["lower bound", "gap", "nodes", "found", "correct", "Matthews"],
        ],
        rows,
      }],
      targets: [],
      notes: ["Times include putting the data where the kernels run; exact stops at a gap of 1 % or after a minute."],
    };
  },
};
