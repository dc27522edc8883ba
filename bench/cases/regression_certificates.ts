import { sparseRegression, sparseRegressionPath } from "../../mod.ts";
import { bestClock, seconds } from "../clock.ts";
import type { Case, Target } from "../case.ts";
import { type RegressionDesign, regressionDesign } from "../designs.ts";
import { recovery } from "../recovery.ts";

const methods = ["coordinate-descent", "local-search", "exact"] as const;

interface Setting {
  readonly features: number;
  readonly samples: number;
  readonly correlation: number;
  readonly lambda0: number;
  readonly lambda2: number;
  readonly bigM: number;
  /** Most CPU seconds of `exact`, where it is to reach its gap. */
  readonly limit?: number;
}

const settings: readonly Setting[] = [
  { features: 200, samples: 500, correlation: 0.1, lambda0: 0.005, lambda2: 0.01, bigM: 0.36, limit: 0.5 },
  { features: 200, samples: 300, correlation: 0.95, lambda0: 0.002, lambda2: 0.001, bigM: 0.5 },
  { features: 1000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.01, bigM: 0.36, limit: 2 },
  { features: 1000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.1, bigM: 0.36, limit: 0.5 },
  { features: 10_000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.01, bigM: 0.36 },
  { features: 10_000, samples: 1000, correlation: 0.1, lambda0: 0.005, lambda2: 0.1, bigM: 0.36, limit: 3 },
];

const designOf = ({ features, samples, correlation }: Omit<Setting, "lambda0" | "lambda2" | "bigM">, seed: number) =>
  regressionDesign(samples, features, { nonzeros: 10, correlation, signalToNoise: 5, seed });

const trueSupport = ({ coefficients }: RegressionDesign) =>
  new Set([...coefficients.keys()].filter((j) => coefficients[j] !== 0));

/** A whole path: CPU seconds, points, last support, and whether the truth was a point of it. */
async function followPath(design: RegressionDesign, method: "coordinate-descent" | "local-search", maxSupport: number) {
  const truth = trueSupport(design), begun = seconds(bestClock);
  let points = 0, support = 0, hit = false;
  const options = { lambda2: 0.01, method, maxSupport, backend: "wasm", threads: 1 } as const;
  for await (const point of sparseRegressionPath(design.X, design.y, options)) {
    points++;
    support = point.support.length;
    hit ||= support === truth.size && point.support.every((j) => truth.has(j));
  }
  return { spent: seconds(bestClock) - begun, points, support, hit };
}

/** Best-subset regression: time, certificate, recovery. */
export const regressionCertificates: Case = {
  question: "How fast are ten true features found and certified?",
  async run({ quick, seed, progress }) {
    const rows = [], targets: Target[] = [];
    for (const setting of settings.filter(({ features }) => !quick || features < 1000)) {
      const { features, samples, correlation, limit, ...options } = setting;
      const design = designOf(setting, seed), truth = trueSupport(design);
      for (const method of methods) {
        progress(`${features} features, correlation ${correlation}, ${method}`);
        const begun = seconds(bestClock);
        const fit = await sparseRegression(design.X, design.y, {
          ...{ ...options, method, gapTolerance: 0.01, timeLimitMs: quick ? 5_000 : 60_000 },
          ...{ backend: "wasm", threads: 1 },
        });
        const spent = seconds(bestClock) - begun;
        const { correct, found, matthews } = recovery(new Set(fit.support), truth, features);
        rows.push([
          ...[`${features} x ${samples}, ${correlation}, ${options.lambda2}`, method, spent * 1e3, fit.objective],
          ...[fit.lowerBound ?? null, fit.gap ?? null, fit.nodes ?? null, found, correct, matthews],
        ]);
        if (method !== "exact" || limit === undefined) continue;
        const name = `${features} x ${samples}, lambda2 ${options.lambda2}`;
        targets.push({ name: `seconds to a gap of 1 %, ${name}`, value: spent, limit, sense: "at most" });
        targets.push({ name: `gap, ${name}`, value: fit.gap!, limit: 0.01, sense: "at most" });
      }
    }
    const paths = [];
    for (const features of quick ? [200] : [1000, 10_000]) {
      const design = designOf({ features, samples: 1000, correlation: 0.1 }, seed);
      for (const method of ["coordinate-descent", "local-search"] as const) {
        for (const maxSupport of [20, 100]) {
          progress(`path over ${features} features, ${method}, up to ${maxSupport}`);
          const { spent, points, support, hit } = await followPath(design, method, maxSupport);
          paths.push([`${features} x 1000`, method, spent * 1e3, points, support, hit ? "yes" : "no"]);
          const name = `seconds, path over ${features}, ${method}, up to ${maxSupport}`;
          targets.push({ name, value: spent, limit: features > 1000 ? 4 : 0.6, sense: "at most" });
        }
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
      }, {
        title: "whole paths at lambda2 0.01; one thread, WASM",
        columns: ["features x samples", "method", "ms", "points", "last support", "truth on the path"],
        rows: paths,
      }],
      targets,
      notes: ["Times include putting the data where the kernels run; exact stops at a gap of 1 % or after a minute."],
    };
  },
};
