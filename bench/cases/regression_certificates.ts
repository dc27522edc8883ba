import { sparseRegression, sparseRegressionPath } from "../../mod.ts";
import { bestClock, seconds } from "../clock.ts";
import type { Case, Cell, Target } from "../case.ts";
import { asDesigned, type RegressionDesign, regressionDesign } from "../designs.ts";
import { openGlmnet } from "../peers/glmnet.ts";
import { openL0bnb } from "../peers/l0bnb.ts";
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

/** Most seconds where the gap is out of reach, and where it is not. */
const openSeconds = 15, closedSeconds = 60;

const designOf = ({ features, samples, correlation }: Omit<Setting, "lambda0" | "lambda2" | "bigM">, seed: number) =>
  regressionDesign(samples, features, { nonzeros: 10, correlation, signalToNoise: 5, seed });

const trueSupport = ({ coefficients }: RegressionDesign) =>
  new Set([...coefficients.keys()].filter((j) => coefficients[j] !== 0));

/** A whole path: CPU seconds, points, last support, and whether the truth was a point of it. */
async function followPath(design: RegressionDesign, method: "coordinate-descent" | "local-search", maxSupport: number) {
  const truth = trueSupport(design), begun = seconds(bestClock);
  let points = 0, support = 0, hit = false;
  const options = { ...asDesigned, lambda2: 0.01, method, maxSupport, backend: "wasm", threads: 1 } as const;
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
    const rows: Cell[][] = [], targets: Target[] = [], missing = new Set<string>();
    const gapTolerance = 0.01;
    for (const setting of settings.filter(({ features }) => !quick || features < 1000)) {
      const { features, samples, correlation, limit, ...options } = setting;
      const design = designOf(setting, seed), truth = trueSupport(design);
      const timeLimitMs = 1e3 * (quick ? 5 : limit === undefined ? openSeconds : closedSeconds);
      const label = `${features} x ${samples}, ${correlation}, ${options.lambda2}`;
      const recovered = (support: ArrayLike<number>) => {
        const { correct, found, matthews } = recovery(new Set(Array.from(support)), truth, features);
        return [found, correct, matthews];
      };
      let ours = 0;
      let start = { support: [] as number[], values: [] as number[] };
      for (const method of methods) {
        progress(`${features} features, correlation ${correlation}, ${method}`);
        const begun = seconds(bestClock);
        const fit = await sparseRegression(design.X, design.y, {
          ...asDesigned,
          ...options,
          method,
          gapTolerance,
          timeLimitMs,
          backend: "wasm",
          threads: 1,
        });
        const spent = seconds(bestClock) - begun;
        if (method === "exact") ours = spent;
        const support = Array.from(fit.support);
        if (method === "local-search") start = { support, values: support.map((j) => fit.coefficients[j]) };
        rows.push([
          label,
          method,
          spent * 1e3,
          fit.objective,
          fit.lowerBound ?? null,
          fit.gap ?? null,
          fit.nodes ?? null,
          ...recovered(fit.support),
        ]);
        if (method !== "exact" || limit === undefined) continue;
        const name = `${features} x ${samples}, lambda2 ${options.lambda2}`;
        targets.push({ name: `seconds to a gap of 1 %, ${name}`, value: spent, limit, sense: "at most" });
        targets.push({ name: `gap, ${name}`, value: fit.gap!, limit: gapTolerance, sense: "at most" });
      }
      progress(`${label}, l0bnb`);
      const peer = await openL0bnb(design);
      if (typeof peer === "string") {
        missing.add(peer);
        continue;
      }
      const request = { ...options, gap: gapTolerance, seconds: timeLimitMs / 1e3 };
      const race = async (name: string, from?: typeof start) => {
        const answer = await peer.solve({ ...request, start: from });
        const { seconds, objective, gap, nodes, support } = answer;
        rows.push([label, name, seconds * 1e3, objective, null, gap, nodes, ...recovered(support)]);
        return seconds / ours;
      };
      try {
        const ratio = await race(peer.name, start);
        if (limit === undefined) continue;
        targets.push({ name: `time of l0bnb over ours, ${label}`, value: ratio, limit: 1, sense: "at least" });
        const alone = await race(`${peer.name}, from nothing`);
        targets.push({
          name: `time of l0bnb from nothing over ours, ${label}`,
          value: alone,
          limit: 1,
          sense: "at least",
        });
      } finally {
        peer.close();
      }
    }
    const paths: Cell[][] = [], lasso = await openGlmnet();
    if (typeof lasso === "string") missing.add(lasso);
    for (const features of quick ? [200] : [1000, 10_000]) {
      const design = designOf({ features, samples: 1000, correlation: 0.1 }, seed);
      const truth = trueSupport(design);
      for (const maxSupport of [20, 100]) {
        for (const method of ["coordinate-descent", "local-search"] as const) {
          progress(`path over ${features} features, ${method}, up to ${maxSupport}`);
          const { spent, points, support, hit } = await followPath(design, method, maxSupport);
          paths.push([`${features} x 1000`, method, spent * 1e3, points, support, hit ? "yes" : "no"]);
          const name = `seconds, path over ${features}, ${method}, up to ${maxSupport}`;
          targets.push({ name, value: spent, limit: features > 1000 ? 4 : 0.6, sense: "at most" });
        }
        if (typeof lasso === "string") continue;
        progress(`path over ${features} features, ${lasso.name}, up to ${maxSupport}`);
        const { seconds: spent, supports } = await lasso.path(design, maxSupport);
        const hit = supports.some((support) => support.length === truth.size && support.every((j) => truth.has(j)));
        paths.push([
          `${features} x 1000`,
          `lasso, ${lasso.name}`,
          spent * 1e3,
          supports.length,
          supports.at(-1)!.length,
          hit ? "yes" : "no",
        ]);
      }
    }
    return {
      tables: [{
        title: "ten nonzeros, signal to noise 5, unit columns; one thread, WASM",
        columns: [
          "features x samples, correlation, lambda2",
          "method",
          "ms",
          "objective",
          "lower bound",
          "gap",
          "nodes",
          "found",
          "correct",
          "Matthews",
        ],
        rows,
      }, {
        title: "whole paths at lambda2 0.01; one thread, WASM",
        columns: ["features x samples", "method", "ms", "points", "last support", "truth on the path"],
        rows: paths,
      }],
      targets,
      notes: [
        "Times include putting the data where the kernels run; exact stops at a gap of 1 %, or after 15 seconds where neither reaches it.",
        "l0bnb runs in one process, its compiled code loaded before; it starts from our local search, which its time leaves out, or from nothing.",
      ],
      missing: [...missing],
    };
  },
};
