import { completeMatrix } from "../../mod.ts";
import type { Case, Cell, Target } from "../case.ts";
import { lowRankDesign, sampledError } from "../low_rank.ts";

const size = 50;

/** Cells: share of observed entries, rank, and how often the prototype recovered, of five. */
const cells = [
  { share: 0.3, rank: 2, known: 1 },
  { share: 0.3, rank: 3, known: 0.8 },
  { share: 0.3, rank: 4, known: 0.6 },
  { share: 0.3, rank: 5, known: 0.4 },
  { share: 0.5, rank: 4, known: 1 },
  { share: 0.5, rank: 5, known: 1 },
  { share: 0.5, rank: 6, known: 1 },
  { share: 0.5, rank: 9, known: 1 },
  { share: 0.5, rank: 10, known: 1 },
  { share: 0.5, rank: 11, known: 0.6 },
  { share: 0.5, rank: 12, known: 0 },
] as const;

/** Recovery without noise beside the nuclear norm. */
export const completionRecovery: Case = {
  question:
    "Up to which rank is a matrix recovered exactly from some of its entries, and how far does the nuclear norm come?",
  async run({ quick, seed, progress }) {
    const seeds = quick ? 2 : 20, rows: Cell[][] = [], targets: Target[] = [];
    for (const { share, rank, known } of cells) {
      let recovered = 0, convex = 0, steps = 0;
      for (let repeat = 0; repeat < seeds; repeat++) {
        progress(`${share} observed, rank ${rank}, ${repeat + 1} of ${seeds}`);
        const design = lowRankDesign([size, size], rank, share, 1000 * seed + repeat);
        const options = { holdout: 0, backend: "wasm" } as const;
        const fit = await completeMatrix(design.observed, options);
        recovered += Number(sampledError(design, fit.predict) < 1e-3);
        steps += fit.iterations;
        // As near to the constraint as makes no difference at the error that counts as recovery.
        const price = 1e-3 * Math.hypot(...design.observed.values) / size;
        const nuclear = {
          ...options,
          method: "soft-impute",
          lambda: price,
          tolerance: 1e-5,
          maxIterations: 3000,
        } as const;
        convex += Number(sampledError(design, (await completeMatrix(design.observed, nuclear)).predict) < 1e-3);
      }
      const freedom = rank * (2 * size - rank) / (share * size * size);
      rows.push([share, rank, freedom, recovered / seeds, known, convex / seeds, steps / seeds]);
      // Two standard errors of a share of so many trials below.
      const slack = 2 * Math.sqrt(Math.max(known * (1 - known), 0.05) / seeds);
      const name = `share recovered, ${share} observed, rank ${rank}`;
      targets.push({ name, value: recovered / seeds, limit: Math.max(0, known - slack), sense: "at least" });
      targets.push({
        name: `${name}, less that of the nuclear norm`,
        value: (recovered - convex) / seeds,
        limit: 0,
        sense: "at least",
      });
    }
    return {
      tables: [{
        title: `${size} x ${size}, ${seeds} seeds: share recovered to a relative error of 1e-3`,
        columns: [
          "observed",
          "rank",
          "freedom / entries",
          "srf",
          "srf, prototype, 5 seeds",
          "nuclear norm",
          "steps of srf",
        ],
        rows,
      }],
      targets,
      notes: [
        "Defaults, with `holdout: 0`. Freedom is `r (100 - r)`; beyond 1, recovery is impossible.",
        "The nuclear norm by `soft-impute` at a price of a thousandth of the values' size, at most 3000 steps.",
        "The prototype's shares are of five seeds of other data; the limit is two standard errors below them.",
      ],
    };
  },
};
